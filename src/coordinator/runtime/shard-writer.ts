/**
 * Runs the operations of one loaded shard and writes their records. Control thread.
 *
 * An operation runs at once, on the newest state: its records are replayed into the shard and join the batch that waits
 * while another one is being appended. So one operation at a time decides, many share an append, and a response leaves
 * only when everything that its operation could see is durable. When an append fails, everything that is not durable is
 * undone and every waiting operation fails with it: what they decided rested on state that never came to be.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import { BATCH_HEADER_BYTES } from '../../protocol/records/batch-header.ts';
import { appendOutcomeUnknown, coordinatorErrorCode, errorCodeOf } from './append-errors.ts';
import type { AppendTransaction, CoordinatorLog, EndTransactionMarker, LogRecord } from './coordinator-log.ts';
import type { CoordinatorResult, CoordinatorShard, RecordCodec } from './coordinator-shard.ts';
import type { UndoLog } from './undo-log.ts';

/** Records of several operations share an append up to so many bytes; well below the internal topics' message limit. */
const SHARED_BATCH_BYTES_MAX = 512 * 1024;
/** Records of one shard that may wait for their append; beyond it new writes of clients are refused. */
const PENDING_BYTES_MAX = 16 * 1024 * 1024;
/** What a record takes in a batch beside its key and value, at most. */
const RECORD_OVERHEAD_BYTES = 24;

export interface ShardWriterOptions<S, R> {
  readonly partition: number;
  readonly shard: S;
  readonly codec: RecordCodec<R>;
  readonly log: CoordinatorLog;
  readonly clock: Clock;
  readonly undo: UndoLog;
  readonly logger: Logger;
  /** What the first new record's `order` may be: beyond every loaded offset. */
  readonly nextOrder: number;
  /** How long an operation waits for its append before it is answered as failed; the append goes on. */
  readonly writeTimeoutMs: () => number;
  /** The state in memory may differ from the log's: load the partition again. */
  readonly onOutcomeUnknown: (error: unknown) => void;
}

interface Waiter {
  readonly onDurable?: () => void;
  readonly onFailed?: (error: KafkaError) => void;
  readonly resolve: () => void;
  readonly reject: (error: KafkaError) => void;
  /** A read is answered from the state that is left, rather than failed. */
  readonly rerun?: () => void;
}

interface PendingBatch {
  readonly records: LogRecord[];
  readonly transaction: AppendTransaction | null;
  readonly marker: EndTransactionMarker | null;
  readonly waiters: Waiter[];
  readonly timer: Timer;
  bytes: number;
  /** Length of the undo log after this batch's last change, at the time it was added. */
  undoEnd: number;
}

export class ShardWriter<S extends CoordinatorShard<R>, R> {
  readonly #options: ShardWriterOptions<S, R>;
  /** Oldest first; the first one is being appended when `#appending`. */
  readonly #queue: PendingBatch[] = [];
  #appending = false;
  #flushPlanned = false;
  #closed: KafkaError | null = null;
  #nextOrder: number;
  #pendingBytes = 0;
  /** Changes that were forgotten so far, so that `undoEnd` can be counted from the shard's beginning. */
  #undoForgotten = 0;

  constructor(options: ShardWriterOptions<S, R>) {
    this.#options = options;
    this.#nextOrder = options.nextOrder;
  }

  /** Runs the operation now; resolves with its response when that may leave, rejects with a KafkaError. */
  write<T>(operation: (shard: S) => CoordinatorResult<R, T>, transaction: AppendTransaction | null = null): Promise<T> {
    if (this.#pendingBytes > PENDING_BYTES_MAX) return Promise.reject(this.#closed ?? overloaded());
    return this.run(operation, transaction);
  }

  /** As `write`, however much waits: for what the shard has to do by itself, which nobody would ask for again. */
  run<T>(operation: (shard: S) => CoordinatorResult<R, T>, transaction: AppendTransaction | null = null): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed);
    const { shard, undo, codec } = this.#options;
    const undoStart = undo.length;
    let result: CoordinatorResult<R, T>;
    let encoded: LogRecord[];
    try {
      result = operation(shard);
      encoded = result.records.map((record) => codec.encode(record));
    } catch (error) {
      undo.rollbackTo(undoStart);
      return Promise.reject(this.#asKafkaError(error));
    }
    if (encoded.length === 0) return this.#answerUnwritten(result);
    const ends = this.#splitEnds(encoded, result.splittable ?? false);
    return new Promise<T>((resolve, reject) => {
      const fail = (error: KafkaError): void => {
        undo.rollbackTo(undoStart);
        result.onFailed?.(error);
        reject(error);
      };
      if (!ends) return fail(new KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, 'the records exceed a batch'));
      const { onDurable, onFailed } = result;
      const waiter: Waiter = { onDurable, onFailed, resolve: () => resolve(result.response), reject };
      let start = 0;
      for (const end of ends) {
        try {
          this.#replay(result.records.slice(start, end), transaction);
        } catch (error) {
          // Parts before this one are on their way, so nothing but the log can tell what the state is.
          if (start > 0) this.#options.onOutcomeUnknown(error);
          return fail(this.#asKafkaError(error));
        }
        this.#enqueue(encoded.slice(start, end), transaction, end === encoded.length ? waiter : null);
        start = end;
      }
    });
  }

  /** Runs the query now, and again if what it saw has to be undone; resolves when all that it saw is durable. */
  read<T>(query: (shard: S) => T): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed);
    let value: T;
    try {
      value = query(this.#options.shard);
    } catch (error) {
      return Promise.reject(this.#asKafkaError(error));
    }
    const last = this.#queue.at(-1);
    if (!last) return Promise.resolve(value);
    return new Promise<T>((resolve, reject) => {
      last.waiters.push({
        resolve: () => resolve(value),
        reject,
        rerun: () => void this.read(query).then(resolve, reject),
      });
    });
  }

  /** Writes a transaction's marker behind everything that was written before, and applies it. */
  endTransaction(marker: EndTransactionMarker): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed);
    const { shard, undo } = this.#options;
    const undoStart = undo.length;
    try {
      shard.replayEndTransaction(marker.producerId, marker.committed);
      this.#nextOrder++;
    } catch (error) {
      undo.rollbackTo(undoStart);
      return Promise.reject(this.#asKafkaError(error));
    }
    return new Promise<void>((resolve, reject) => {
      this.#push(null, marker).waiters.push({ resolve, reject });
      this.#planFlush();
    });
  }

  /** Every waiting operation fails with `error`; appends on their way are not listened to any more. */
  close(error: KafkaError): void {
    if (this.#closed) return;
    this.#closed = error;
    this.#failAll(error);
  }

  #answerUnwritten<T>(result: CoordinatorResult<R, T>): Promise<T> {
    const last = this.#queue.at(-1);
    if (last) last.undoEnd = this.#undoForgotten + this.#options.undo.length;
    else this.#options.undo.forget(this.#options.undo.length);
    if (!last || result.immediate) {
      result.onDurable?.();
      return Promise.resolve(result.response);
    }
    const { onDurable, onFailed, response } = result;
    return new Promise<T>((resolve, reject) => {
      last.waiters.push({ onDurable, onFailed, resolve: () => resolve(response), reject });
    });
  }

  #replay(records: readonly R[], transaction: AppendTransaction | null): void {
    const producerId = transaction?.producerId ?? -1;
    for (const record of records) {
      this.#options.shard.replay(record, { order: this.#nextOrder++, producerId });
    }
  }

  /** Of the records of one batch. */
  get #batchBytesMax(): number {
    return this.#options.log.messageBytesMax - BATCH_HEADER_BYTES;
  }

  /** Where the records have to be cut so that each part fits a batch; null when they may not be cut but must. */
  #splitEnds(records: readonly LogRecord[], splittable: boolean): number[] | null {
    const ends: number[] = [];
    const bytesMax = this.#batchBytesMax;
    let bytes = 0;
    for (let index = 0; index < records.length; index++) {
      const recordBytes = bytesOfOne(records[index]);
      if (bytes > 0 && bytes + recordBytes > bytesMax) {
        ends.push(index);
        bytes = 0;
      }
      bytes += recordBytes;
      if (bytes > bytesMax) return null;
    }
    if (ends.length > 0 && !splittable) return null;
    ends.push(records.length);
    return ends;
  }

  /** Adds records that fit a batch to the one that waits, or to a new one. */
  #enqueue(records: readonly LogRecord[], transaction: AppendTransaction | null, waiter: Waiter | null): void {
    const bytes = bytesOf(records);
    const batch = this.#openBatch(transaction, bytes);
    for (const record of records) batch.records.push(record);
    batch.bytes += bytes;
    this.#pendingBytes += bytes;
    if (waiter) batch.waiters.push(waiter);
    batch.undoEnd = this.#undoForgotten + this.#options.undo.length;
    this.#planFlush();
  }

  /** The newest batch if it still waits and has room, else a new one. Transactional records never share a batch. */
  #openBatch(transaction: AppendTransaction | null, bytes: number): PendingBatch {
    const last = this.#queue.at(-1);
    const waits = last && !(this.#appending && this.#queue.length === 1);
    if (waits && !transaction && !last.transaction && !last.marker) {
      if (last.bytes + bytes <= Math.min(SHARED_BATCH_BYTES_MAX, this.#batchBytesMax)) return last;
    }
    return this.#push(transaction, null);
  }

  #push(transaction: AppendTransaction | null, marker: EndTransactionMarker | null): PendingBatch {
    const { clock, writeTimeoutMs, undo } = this.#options;
    const batch: PendingBatch = {
      records: [],
      transaction,
      marker,
      waiters: [],
      timer: clock.schedule(writeTimeoutMs(), () => this.#answerLate(batch)),
      bytes: 0,
      undoEnd: this.#undoForgotten + undo.length,
    };
    this.#queue.push(batch);
    return batch;
  }

  /** A microtask later, so that operations of one turn share the append. */
  #planFlush(): void {
    if (this.#appending || this.#flushPlanned) return;
    this.#flushPlanned = true;
    queueMicrotask(() => {
      this.#flushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    const batch = this.#queue[0];
    if (!batch || this.#appending || this.#closed) return;
    this.#appending = true;
    this.#append(batch).then(
      () => this.#succeed(batch),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Async, so that a port that throws fails the batch and not the thread. */
  async #append(batch: PendingBatch): Promise<void> {
    const { log, partition } = this.#options;
    if (batch.marker) await log.appendEndTransaction(partition, batch.marker);
    else await log.append(partition, batch.records, batch.transaction);
  }

  #succeed(batch: PendingBatch): void {
    if (this.#closed) return;
    batch.timer.cancel();
    this.#appending = false;
    this.#queue.shift();
    this.#pendingBytes -= batch.bytes;
    this.#options.undo.forget(batch.undoEnd - this.#undoForgotten);
    this.#undoForgotten = batch.undoEnd;
    for (const waiter of batch.waiters) waiter.onDurable?.();
    for (const waiter of batch.waiters) waiter.resolve();
    this.#flush();
  }

  #fail(cause: unknown): void {
    if (this.#closed) return;
    this.#appending = false;
    const code = errorCodeOf(cause);
    this.#options.logger.warn({ partition: this.#options.partition, code, cause: String(cause) }, 'append failed');
    const { transaction, marker } = this.#queue[0];
    const error = new KafkaError(coordinatorErrorCode(code), (cause as Error | null)?.message ?? '');
    // What a partition says of one producer's transaction is nothing to those who wait behind it.
    this.#failAll(error, transaction || marker ? writtenBehindFailure() : error);
    if (appendOutcomeUnknown(code)) this.#options.onOutcomeUnknown(cause);
  }

  #failAll(error: KafkaError, errorOfOthers = error): void {
    const batches = this.#queue.splice(0);
    for (const batch of batches) batch.timer.cancel();
    this.#pendingBytes = 0;
    this.#options.undo.rollbackTo(0);
    const waiters = batches.flatMap((batch) => batch.waiters);
    const errorOf = (waiter: Waiter): KafkaError => (waiter === waiters[0] ? error : errorOfOthers);
    for (const waiter of waiters.toReversed()) waiter.onFailed?.(errorOf(waiter));
    for (const waiter of waiters) {
      if (waiter.rerun) waiter.rerun();
      else waiter.reject(errorOf(waiter));
    }
  }

  /** The clients have waited long enough. What they asked for may still become durable. */
  #answerLate(batch: PendingBatch): void {
    const error = new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE, 'the write took too long');
    for (const waiter of batch.waiters) waiter.reject(error);
  }

  /** A foreign error is a bug: it goes to the log of the broker, and the client learns no more than that. */
  #asKafkaError(error: unknown): KafkaError {
    if (error instanceof KafkaError) return error;
    const stack = error instanceof Error ? error.stack : String(error);
    this.#options.logger.error({ partition: this.#options.partition, stack }, 'a coordinator operation threw');
    return new KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, 'internal error in the coordinator');
  }
}

function overloaded(): KafkaError {
  return new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE, 'too many writes wait for the log');
}

function writtenBehindFailure(): KafkaError {
  return new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE, 'a write before this one failed');
}

function bytesOfOne(record: LogRecord): number {
  return (record.key?.length ?? 0) + (record.value?.length ?? 0) + RECORD_OVERHEAD_BYTES;
}

function bytesOf(records: readonly LogRecord[]): number {
  let bytes = 0;
  for (const record of records) bytes += bytesOfOne(record);
  return bytes;
}
