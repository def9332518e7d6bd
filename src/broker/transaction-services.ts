/** Puts the transaction coordinator together with what it needs of the broker. Control thread. */
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { LogStore } from '../native/log-store.ts';
import type { PartitionTable } from '../ring/partition-table.ts';
import { messageBytesMax, TRANSACTION_TOPIC } from './internal-topics.ts';
import { PartitionCoordinatorLog } from './partition-coordinator-log.ts';
import type { Located } from './partition-manager.ts';
import type { ProducerIds } from './producer-ids.ts';
import { TransactionMarkers } from './transaction-markers.ts';
import { transactionSettings } from './transaction-settings.ts';
import { TransactionVerifier } from './transaction-verifier.ts';
import type { WorkAppender } from './work-appender.ts';

const TRANSACTION_VERSION = 'transaction.version';

export interface TransactionServicesContext {
  readonly store: LogStore;
  readonly table: PartitionTable;
  readonly appender: WorkAppender;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly image: MetadataImage;
  readonly groups: GroupCoordinator;
  readonly producerIds: ProducerIds;
  config(): BrokerConfig;
  locate(topic: string, partition: number): Located;
}

export interface TransactionServices {
  readonly coordinator: TransactionCoordinator;
  readonly markers: TransactionMarkers;
  readonly verifier: TransactionVerifier;
}

export function createTransactionServices(context: TransactionServicesContext): TransactionServices {
  const { clock, logger, image, producerIds, config } = context;
  const markers = new TransactionMarkers(context);
  const coordinator = new TransactionCoordinator({
    log: new PartitionCoordinatorLog({
      ...context,
      topic: TRANSACTION_TOPIC,
      messageBytesMax: () => messageBytesMax(TRANSACTION_TOPIC, image.configs, config()),
    }),
    producerIds,
    markers,
    catalog: { exists: (topic, partition) => image.topics.byName(topic)?.partitions[partition] !== undefined },
    config: transactionSettings(
      config,
      () =>
        image.topics.byName(TRANSACTION_TOPIC)?.partitions.length ??
        config().int('transaction.state.log.num.partitions'),
      () => image.features.get(TRANSACTION_VERSION) ?? 0,
    ),
    clock,
    logger,
  });
  const isEnabled = (): boolean => config().boolean('transaction.partition.verification.enable');
  return { coordinator, markers, verifier: new TransactionVerifier(coordinator, isEnabled) };
}
