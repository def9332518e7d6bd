/** Opens the controller over the metadata log that was found: its settings are the broker's. Control thread. */
import { systemClock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import type { LoadedBrokerConfig } from '../config/load-broker-config.ts';
import type { ConfigRules } from '../controller/config-rules.ts';
import { LocalController } from '../controller/local-controller.ts';
import type { MetadataDirectory } from '../controller/metadata-directory.ts';
import { PARTITIONS_MAX } from './shared-memory.ts';

export interface OpenControllerOptions {
  readonly loaded: LoadedBrokerConfig;
  readonly metadata: MetadataDirectory;
  readonly rules: ConfigRules;
  readonly logger: Logger;
  readonly onFatal: (error: Error) => void;
}

export function openController({
  loaded,
  metadata,
  rules,
  logger,
  onFatal,
}: OpenControllerOptions): Promise<LocalController> {
  const { config, identity } = loaded;
  return LocalController.open({
    log: metadata.log,
    directoryId: metadata.metadataDirectoryId,
    bootstrapRecords: metadata.bootstrapRecords,
    settings: {
      nodeId: identity.nodeId,
      clusterId: metadata.clusterId,
      defaultPartitions: config.int('num.partitions'),
      defaultReplicationFactor: config.int('default.replication.factor'),
      deleteTopicEnable: config.boolean('delete.topic.enable'),
      minInsyncReplicas: config.int('min.insync.replicas'),
      partitionsMax: PARTITIONS_MAX,
    },
    rules,
    snapshots: {
      recordBytesMax: config.long('metadata.log.max.record.bytes.between.snapshots'),
      intervalMsMax: config.long('metadata.log.max.snapshot.interval.ms'),
      retentionBytes: config.long('metadata.max.retention.bytes'),
      retentionMs: config.long('metadata.max.retention.ms'),
    },
    clock: systemClock,
    random: systemRandom,
    logger,
    onFatal,
  });
}
