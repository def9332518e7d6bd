/**
 * What the runtime runs: a shard is the state of one partition, changed by `replay` alone, so that the log's records in
 * their order always give the same state. Control thread.
 */
import type { KafkaError } from '../../protocol/errors.ts';
import type { LogRecord } from './coordinator-log.ts';
import type { CoordinatorTimers } from './coordinator-timers.ts';
import type { UndoLog } from './undo-log.ts';

/** What a handler decided. The response leaves after the records, and everything before them, are durable. */
export interface CoordinatorResult<R, T> {
  readonly records: readonly R[];
  readonly response: T;
  /** The response rests on no durable state: without records it leaves at once, even while older records are written. */
  readonly immediate?: boolean;
  /** Many records that need not stand or fall together: they may be spread over several batches. */
  readonly splittable?: boolean;
  /** Runs when the records are durable, before the response leaves. */
  readonly onDurable?: () => void;
  /** Runs when they could not be written, after the durable state went back. Several run newest first. */
  readonly onFailed?: (error: KafkaError) => void;
}

/** Where a record came from. */
export interface RecordOrigin {
  /**
   * Its offset while loading; for a new record a number that grows with the log in the same way. Good for telling which
   * of two records is newer, and for nothing else.
   */
  readonly order: number;
  /** -1 unless the record belongs to a transaction that is still open at this point of the log. */
  readonly producerId: number;
}

export interface CoordinatorShard<R> {
  /** The only mutator of durable state. Throws only on a bug: the shard is then loaded again. */
  replay(record: R, origin: RecordOrigin): void;
  replayEndTransaction(producerId: number, committed: boolean): void;
  /** The log has been replayed: arm the timers. */
  onLoaded(): void;
  /** The partition went elsewhere: answer whoever waits. Timers are gone already. */
  onUnloaded(error: KafkaError): void;
}

/** What a shard may ask of its runtime. */
export interface ShardServices<S, R> {
  readonly partition: number;
  /** Under which the partition is led here: tells older coordinators from newer ones. */
  readonly leaderEpoch: number;
  /** Journaled maps and cells of the shard report to it. */
  readonly undo: UndoLog;
  readonly timers: CoordinatorTimers;
  /** Runs an operation that nobody waits for (a timer's, a follow-up's), in the shard's order. */
  submit(name: string, operation: (shard: S) => CoordinatorResult<R, void>): void;
}

export interface RecordCodec<R> {
  encode(record: R): LogRecord;
  /** Null for a record of a kind that this version does not know: it is skipped. Throws on bytes that cannot be. */
  decode(record: LogRecord): R | null;
}
