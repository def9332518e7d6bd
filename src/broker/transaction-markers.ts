/**
 * Writes transaction markers into partitions that this broker leads: for the transaction coordinator, and for those of
 * other brokers (WriteTxnMarkers). Control thread.
 */
import type { Clock } from '../base/clock.ts';
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { errorCodeOf } from '../coordinator/runtime/append-errors.ts';
import type { EndTransactionMarker } from '../coordinator/runtime/coordinator-log.ts';
import type { MarkerWriter } from '../coordinator/transaction/transaction-ports.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { buildEndTxnMarkerBatch } from '../protocol/records/control-records.ts';
import { OFFSETS_TOPIC } from './internal-topics.ts';
import type { Located } from './partition-manager.ts';
import type { WorkAppender } from './work-appender.ts';

export interface TransactionMarkersContext {
  readonly groups: GroupCoordinator;
  readonly appender: WorkAppender;
  readonly clock: Clock;
  locate(topic: string, partition: number): Located;
}

export class TransactionMarkers implements MarkerWriter {
  readonly #context: TransactionMarkersContext;

  constructor(context: TransactionMarkersContext) {
    this.#context = context;
  }

  /** Resolves with an error code when the marker is durable. */
  async write(topic: string, partition: number, marker: EndTransactionMarker): Promise<number> {
    try {
      if (topic === OFFSETS_TOPIC) await this.#context.groups.completeTransaction(partition, marker);
      else return await this.#append(topic, partition, marker);
      return ErrorCode.NONE;
    } catch (error) {
      return markerErrorCode(errorCodeOf(error));
    }
  }

  async #append(topic: string, partition: number, marker: EndTransactionMarker): Promise<number> {
    const { appender, clock } = this.#context;
    const { errorCode, row } = this.#context.locate(topic, partition);
    if (errorCode !== ErrorCode.NONE) return errorCode;
    const { producerId, producerEpoch, coordinatorEpoch, committed: commit, transactionVersion } = marker;
    const timestamp = clock.wallMs();
    const batch = buildEndTxnMarkerBatch({ producerId, producerEpoch, coordinatorEpoch, commit, timestamp });
    await appender.append(row, batch, transactionVersion);
    return ErrorCode.NONE;
  }
}

/** Transaction coordinators know partitions, and nothing of group coordinators. */
function markerErrorCode(errorCode: number): number {
  switch (errorCode) {
    case ErrorCode.COORDINATOR_NOT_AVAILABLE:
    case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
    case ErrorCode.NOT_COORDINATOR:
      return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    default:
      return errorCode;
  }
}
