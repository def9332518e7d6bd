import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Uuid } from '../base/uuid.ts';
import type { LogConfig } from '../config/topic-config.ts';
import type { FileSpace } from '../native/file-space.ts';
import {
  type LogHandle,
  type LogStore,
  SEGMENT_STRIDE,
  SegmentSlot,
  type ValidationPolicy,
} from '../native/log-store.ts';
import type { LeaderEpochCache } from './leader-epoch-cache.ts';
import type { ProducerSnapshots } from './producer/producer-snapshots.ts';
import type { ProducerState } from './producer/producer-state.ts';
import type { TransactionIndex } from './producer/transaction-index.ts';
import type { DamageList } from './scrub/damage-list.ts';
import { ensureDone, type StorageError } from './storage-error.ts';

/**
 * What the parts of a log share: append path, roll policy, retention, recovery and lookups work on this, and `Log` puts
 * them together.
 *
 *     logStartOffset <= lastStableOffset <= highWatermark <= logEndOffset
 *     recoveryPoint <= logEndOffset: everything below it is durable
 *
 * Thread: the log's owner.
 */

export interface LogParts {
  readonly store: LogStore;
  readonly handle: LogHandle;
  readonly folder: string;
  readonly topic: string;
  readonly partition: number;
  readonly topicId: Uuid;
  readonly config: LogConfig;
  readonly validation: ValidationPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly epochs: LeaderEpochCache;
  readonly producers: ProducerState;
  readonly snapshots: ProducerSnapshots;
  readonly transactions: TransactionIndex;
  readonly damage: DamageList;
}

/** Facts of a segment that can no longer change. */
export interface ClosedSegment {
  readonly sizeBytes: number;
  /** Greatest timestamp of the first batch, -1 when there is none. */
  readonly firstTimestamp: number;
  /** Greatest record timestamp, -1 when the records have none. */
  readonly maxTimestamp: number;
  readonly modifiedMs: number;
  /** -1 when the index is not usable. */
  readonly offsetIndexEntries: number;
  readonly timeIndexEntries: number;
}

export class LogState {
  readonly store: LogStore;
  readonly handle: LogHandle;
  readonly files: FileSpace;
  readonly topic: string;
  readonly partition: number;
  readonly topicId: Uuid;
  readonly validation: ValidationPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly epochs: LeaderEpochCache;
  readonly producers: ProducerState;
  readonly snapshots: ProducerSnapshots;
  readonly transactions: TransactionIndex;
  readonly damage: DamageList;
  folder: string;
  config: LogConfig;
  leaderEpoch = -1;
  logStartOffset = 0;
  logEndOffset = 0;
  highWatermark = 0;
  recoveryPoint = 0;
  /** Base offsets, ascending; the last one is the active segment's. */
  segments: number[] = [];
  /** SegmentSlot of the active segment. */
  readonly active = new Float64Array(SEGMENT_STRIDE);
  /** When the active segment was made, for rolling where records have no timestamps. */
  activeSinceMs = 0;
  /** By how much earlier than `segment.ms` the active segment is rolled. */
  rollJitterMs = 0;
  /** Something went wrong that makes the log unusable; appends are refused. */
  fault: StorageError | undefined;
  /** Segments whose transaction index was written to since the last sync. */
  readonly unsyncedTransactionIndexes = new Set<number>();
  /**
   * Segments of a process that is gone, which may not have reached the disk; none since the last sync. The engine knows
   * nothing of it, and need not hold them open.
   */
  readonly unsyncedSegments = new Set<number>();
  /** A segment was rolled since the last sync. */
  rolledSinceSync = false;
  /** Files that wait for `file.delete.delay.ms`, each with all that were to be deleted together with it. */
  readonly pendingUnlinks = new Map<string, readonly string[]>();
  readonly #closed = new Map<number, ClosedSegment>();
  readonly #scratch = new Float64Array(SEGMENT_STRIDE);

  constructor(parts: LogParts) {
    this.store = parts.store;
    this.handle = parts.handle;
    this.files = parts.store.files;
    this.folder = parts.folder;
    this.topic = parts.topic;
    this.partition = parts.partition;
    this.topicId = parts.topicId;
    this.config = parts.config;
    this.validation = parts.validation;
    this.clock = parts.clock;
    this.random = parts.random;
    this.logger = parts.logger;
    this.epochs = parts.epochs;
    this.producers = parts.producers;
    this.snapshots = parts.snapshots;
    this.transactions = parts.transactions;
    this.damage = parts.damage;
  }

  get name(): string {
    return `${this.topic}-${this.partition}`;
  }

  get activeBaseOffset(): number {
    return this.segments[this.segments.length - 1];
  }

  get activeSizeBytes(): number {
    return this.active[SegmentSlot.sizeBytes];
  }

  /** Reads segments and active segment anew. Throws a StorageError. */
  refresh(): void {
    this.segments = this.store.segments(this.handle);
    this.#closed.clear();
    this.refreshActive();
  }

  refreshActive(): void {
    ensureDone(this.store.state(this.handle, -1, this.active), 'cannot read the active segment of', this.folder);
  }

  /** Index in `segments` of the one that holds `offset`; -1 below the first. */
  floorSegment(offset: number): number {
    const { segments } = this;
    for (let at = segments.length - 1; at >= 0; at--) if (segments[at] <= offset) return at;
    return -1;
  }

  segmentSizeBytes(baseOffset: number): number {
    return baseOffset === this.activeBaseOffset ? this.activeSizeBytes : this.closedSegment(baseOffset).sizeBytes;
  }

  /** Greatest timestamp of the segment's first batch, -1 when it is empty or its records have no timestamps. */
  segmentFirstTimestamp(baseOffset: number): number {
    if (baseOffset === this.activeBaseOffset) return this.active[SegmentSlot.firstBatchTimestamp];
    return this.closedSegment(baseOffset).firstTimestamp;
  }

  /** -1 when the segment's records have no timestamps. */
  segmentMaxTimestamp(baseOffset: number): number {
    if (baseOffset === this.activeBaseOffset) return this.active[SegmentSlot.maxTimestamp];
    return this.closedSegment(baseOffset).maxTimestamp;
  }

  /** Greatest record timestamp, or when the file last changed where records have none. */
  segmentLargestTimestamp(baseOffset: number): number {
    const timestamp = this.segmentMaxTimestamp(baseOffset);
    if (timestamp >= 0) return timestamp;
    if (baseOffset !== this.activeBaseOffset) return this.closedSegment(baseOffset).modifiedMs;
    this.refreshActive();
    return this.active[SegmentSlot.modifiedMs];
  }

  closedSegment(baseOffset: number): ClosedSegment {
    let known = this.#closed.get(baseOffset);
    if (!known) {
      const state = this.#scratch;
      ensureDone(this.store.state(this.handle, baseOffset, state), 'cannot read a segment of', this.folder);
      known = {
        sizeBytes: state[SegmentSlot.sizeBytes],
        maxTimestamp: state[SegmentSlot.maxTimestamp],
        modifiedMs: state[SegmentSlot.modifiedMs],
        firstTimestamp: state[SegmentSlot.firstBatchTimestamp],
        offsetIndexEntries: state[SegmentSlot.offsetIndexEntries],
        timeIndexEntries: state[SegmentSlot.timeIndexEntries],
      };
      this.#closed.set(baseOffset, known);
    }
    return known;
  }

  forgetSegment(baseOffset: number): void {
    this.#closed.delete(baseOffset);
    this.transactions.forget(baseOffset);
    this.unsyncedTransactionIndexes.delete(baseOffset);
    this.unsyncedSegments.delete(baseOffset);
  }
}
