/**
 * A coordinator's log over the partitions of its internal topic: appends go through the rings to the storage workers,
 * reads come straight from the engine, since any thread may read. Control thread.
 */
import type { Clock } from '../base/clock.ts';
import { giveWay } from '../base/give-way.ts';
import type {
  AppendTransaction,
  CoordinatorLog,
  EndTransactionMarker,
  LogBatch,
  LogRecord,
} from '../coordinator/runtime/coordinator-log.ts';
import { type LogStore, PLAN_STRIDE, PlanSlot, PlanStatus } from '../native/log-store.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { buildBatch } from '../protocol/records/batch-builder.ts';
import type { RecordBatchView } from '../protocol/records/batch-header.ts';
import { buildEndTxnMarkerBatch, ControlRecordType, controlRecordType } from '../protocol/records/control-records.ts';
import { readRecords } from '../protocol/records/record-reader.ts';
import { recordBatches } from '../protocol/records/stored-batches.ts';
import { type PartitionTable, RowSlot } from '../ring/partition-table.ts';
import { VOUCHED } from '../storage/log-appender.ts';
import type { Located } from './partition-manager.ts';
import type { Appended, WorkAppender } from './work-appender.ts';

/** `offsets.load.buffer.size`: bytes that loading reads at once. */
const LOAD_BYTES = 5 * 1024 * 1024;

export interface PartitionCoordinatorLogContext {
  readonly topic: string;
  readonly store: LogStore;
  readonly table: PartitionTable;
  readonly appender: WorkAppender;
  readonly clock: Clock;
  /** Asks the producer's transaction coordinator; rejects with a KafkaError. Absent where no transaction can write. */
  readonly verify?: (
    topic: string,
    partition: number,
    transaction: AppendTransaction,
    apiVersion: number,
  ) => Promise<void>;
  locate(topic: string, partition: number): Located;
  /** `max.message.bytes` of the topic. */
  messageBytesMax(): number;
}

/** A coordinator's word for a transaction; void as soon as the transaction has its marker. */
interface Verification {
  isConfirmed: boolean;
}

export class PartitionCoordinatorLog implements CoordinatorLog {
  readonly #context: PartitionCoordinatorLogContext;
  /** By partition and producer id; until the marker. */
  readonly #verifications = new Map<string, Verification>();

  constructor(context: PartitionCoordinatorLogContext) {
    this.#context = context;
  }

  get messageBytesMax(): number {
    return this.#context.messageBytesMax();
  }

  async append(
    partition: number,
    records: readonly LogRecord[],
    transaction: AppendTransaction | null,
  ): Promise<Appended> {
    const timestamp = this.#context.clock.wallMs();
    const producer = transaction
      ? { producerId: transaction.producerId, producerEpoch: transaction.producerEpoch, transactional: true }
      : {};
    const batch = buildBatch(
      records.map(({ key, value }) => ({ key, value, timestamp })),
      producer,
    );
    const isVouched = transaction && this.#verifications.get(`${partition}:${transaction.producerId}`)?.isConfirmed;
    return this.#context.appender.append(this.#row(partition), batch, isVouched ? VOUCHED : 0);
  }

  /**
   * A marker that arrives while the coordinator is asked makes its word void. It is asked again then: the marker may
   * have been that of the transaction before, whose end a client need not wait for (KIP-890). Where the transaction
   * itself ended, the coordinator refuses, so each further round takes a marker of another transaction.
   */
  async verifyTransaction(partition: number, transaction: AppendTransaction, apiVersion: number): Promise<void> {
    const { verify, topic } = this.#context;
    if (!verify) return;
    const key = `${partition}:${transaction.producerId}`;
    for (;;) {
      const verification = this.#verifications.get(key) ?? { isConfirmed: false };
      this.#verifications.set(key, verification);
      try {
        await verify(topic, partition, transaction, apiVersion);
      } catch (error) {
        if (!verification.isConfirmed && this.#verifications.get(key) === verification) this.#verifications.delete(key);
        throw error;
      }
      if (this.#verifications.get(key) !== verification) continue;
      verification.isConfirmed = true;
      return;
    }
  }

  async appendEndTransaction(partition: number, marker: EndTransactionMarker): Promise<Appended> {
    const { producerId, producerEpoch, coordinatorEpoch, committed, transactionVersion } = marker;
    const timestamp = this.#context.clock.wallMs();
    const batch = buildEndTxnMarkerBatch({ producerId, producerEpoch, coordinatorEpoch, commit: committed, timestamp });
    this.#verifications.delete(`${partition}:${producerId}`);
    return this.#context.appender.append(this.#row(partition), batch, transactionVersion);
  }

  async *read(partition: number, fromOffset: number): AsyncGenerator<LogBatch> {
    const { store, table } = this.#context;
    const row = this.#row(partition);
    const end = table.get(row, RowSlot.logEndOffset);
    const plan = new Float64Array(PLAN_STRIDE);
    let next = Math.max(fromOffset, table.get(row, RowSlot.logStartOffset));
    while (next < end) {
      // A move to another directory gives the log another handle.
      const log = table.get(row, RowSlot.log);
      const status = store.planRead(log, next, LOAD_BYTES, end, plan, 0);
      if (status === PlanStatus.atEnd) return;
      if (status !== PlanStatus.ok) throw new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR);
      const size = Math.max(plan[PlanSlot.sizeBytes], plan[PlanSlot.firstBatchBytes]);
      const file = plan[PlanSlot.file];
      const bytes = Buffer.allocUnsafe(size);
      const read = store.readPlanned(file, plan[PlanSlot.position], bytes, 0, size);
      store.release(file);
      if (read !== size) throw new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR);
      for (const batch of recordBatches(bytes)) {
        if (batch.nextOffset > next) yield toLogBatch(batch);
        next = Math.max(next, batch.nextOffset);
      }
      // A load of many segments must not keep the thread from its other work.
      await giveWay();
    }
  }

  #row(partition: number): number {
    const { errorCode, row } = this.#context.locate(this.#context.topic, partition);
    if (errorCode !== ErrorCode.NONE) throw new KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    return row;
  }
}

function toLogBatch(batch: RecordBatchView): LogBatch {
  const { producerId, producerEpoch, isTransactional, isControl, lastOffset } = batch;
  const records = readRecords(batch);
  let endTransaction: LogBatch['endTransaction'] = null;
  if (isControl) {
    const type = controlRecordType(records[0]?.key ?? null);
    const ends = type === ControlRecordType.commit || type === ControlRecordType.abort;
    if (ends) endTransaction = { committed: type === ControlRecordType.commit };
  }
  return { producerId, producerEpoch, isTransactional, endTransaction, lastOffset, records: isControl ? [] : records };
}
