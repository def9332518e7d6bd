/**
 * What the control thread asks of a storage worker, besides the appends that come through the rings. Every request gets
 * one reply with its id. Structured-cloned between threads.
 */
import type { Uuid } from '../base/uuid.ts';
import type { LogConfig } from '../config/topic-config.ts';
import type { CleanedGroup, CleanJob } from '../storage/cleaner/clean-job.ts';
import type { CleanableState } from '../storage/cleaner/cleanable.ts';
import type { ActiveProducer, ScrubSegment } from '../storage/log.ts';
import type { MoveState, MoveTarget } from '../storage/move/finish-move.ts';
import type { DamagedRange } from '../storage/scrub/damage-list.ts';
import type { DynamicStorageSettings } from './storage-host-settings.ts';

export interface OpenPartition {
  readonly row: number;
  /** Folder of the partition, `<log dir>/<topic>-<partition>`. */
  readonly folder: string;
  readonly topic: string;
  readonly partition: number;
  readonly topicId: Uuid;
  readonly internal: boolean;
  readonly config: LogConfig;
  readonly leaderEpoch: number;
  /** From the checkpoint files. */
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
  /** Where the last cleaning ended; 0 when the log was never compacted. */
  readonly cleanedOffset: number;
  /** The broker stopped cleanly: nothing needs to be scanned. */
  readonly cleanShutdown: boolean;
}

/** A row may have become another partition's meanwhile; then the request fails. */
export interface NamedRow {
  readonly row: number;
  readonly topicId: Uuid;
  readonly partition: number;
}

/** What a partition serves: offsets in `[fetchOffset, upperOffset)`, at most the bytes `[position, end)` of a segment. */
export interface AbortedQuestion {
  readonly row: number;
  readonly fetchOffset: number;
  readonly upperOffset: number;
  readonly segmentBaseOffset: number;
  readonly position: number;
  readonly end: number;
}

/** What a consumer is told of one. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** The last epoch up to the one that was asked for, and where its records end; -1 for both when there is none. */
export interface EpochEnd {
  readonly leaderEpoch: number;
  readonly endOffset: number;
}

export type StorageRequest =
  /** `isStart`: nobody is served yet. */
  | { readonly op: 'open'; readonly partitions: readonly OpenPartition[]; readonly isStart: boolean }
  /** Settings of the broker that changed. */
  | { readonly op: 'settings'; readonly settings: DynamicStorageSettings }
  | { readonly op: 'configure'; readonly rows: readonly number[]; readonly config: LogConfig }
  | { readonly op: 'setLeaderEpoch'; readonly row: number; readonly leaderEpoch: number }
  /** Closes the logs and renames their folders away; files vanish after `file.delete.delay.ms`. */
  | { readonly op: 'delete'; readonly rows: readonly number[] }
  | { readonly op: 'deleteRecords'; readonly row: number; readonly offset: number }
  | {
      readonly op: 'offsetForTimestamp';
      readonly row: number;
      readonly timestamp: number;
      readonly upperOffset: number;
    }
  | { readonly op: 'maxTimestamp'; readonly row: number; readonly upperOffset: number }
  | { readonly op: 'endOffsetForEpoch'; readonly row: number; readonly leaderEpoch: number }
  /** The leader epochs that the records at these offsets, one a row, were written in; -1 when it is not known. */
  | { readonly op: 'epochsForOffsets'; readonly rows: readonly number[]; readonly offsets: readonly number[] }
  | { readonly op: 'producers'; readonly row: number }
  /** Aborted transactions that may touch what is served. */
  | ({ readonly op: 'aborted' } & AbortedQuestion)
  /** What the cleaner wants to know of compacted logs; `checkpoint` is null where none was cleaned before. */
  | { readonly op: 'cleanable'; readonly rows: readonly { readonly row: number; readonly checkpoint: number | null }[] }
  | { readonly op: 'cleanJob'; readonly row: number; readonly checkpoint: number | null }
  /** Puts a cleaned segment in its place; false when the log is not what was cleaned any more. */
  | { readonly op: 'swapCleaned'; readonly row: number; readonly topicId: Uuid; readonly group: CleanedGroup }
  /** A directory has failed: these partitions are not written or read any more. */
  | { readonly op: 'offline'; readonly rows: readonly number[]; readonly fault: string }
  | ({ readonly op: 'beginMove'; readonly target: MoveTarget } & NamedRow)
  | ({ readonly op: 'moveState'; readonly roll: boolean } & NamedRow)
  | ({ readonly op: 'finishMove'; readonly target: MoveTarget; readonly copiedTo: number } & NamedRow)
  /** The move is given up. */
  | ({ readonly op: 'cancelMove' } & NamedRow)
  /** No thread reads in the log's old place any more: it goes. */
  | ({ readonly op: 'closeMoved' } & NamedRow)
  /** Closed segments whose batches can be checked. */
  | ({ readonly op: 'scrubSegments' } & NamedRow)
  /** What a check has found in a segment; the reply says what was not known. */
  | ({ readonly op: 'noteDamage'; readonly segment: ScrubSegment; readonly damage: readonly DamagedRange[] } & NamedRow)
  | { readonly op: 'sizes'; readonly rows: readonly number[] }
  /** Syncs and closes everything, writing producer snapshots; what could not be closed in order is in the reply. */
  | { readonly op: 'stop' };

export interface OpenedPartition {
  readonly row: number;
  /** Why the partition is offline; null when it is online. */
  readonly fault: string | null;
}

export interface TimestampedOffset {
  readonly errorCode: number;
  readonly timestamp: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

/** The reply to each request, by its `op`. */
export interface StorageReplies {
  readonly open: readonly OpenedPartition[];
  readonly settings: null;
  readonly configure: null;
  readonly setLeaderEpoch: null;
  readonly delete: null;
  readonly deleteRecords: { readonly errorCode: number; readonly lowWatermark: number };
  readonly offsetForTimestamp: TimestampedOffset;
  readonly maxTimestamp: TimestampedOffset;
  readonly endOffsetForEpoch: EpochEnd;
  readonly epochsForOffsets: { readonly rows: readonly number[]; readonly leaderEpochs: readonly number[] };
  readonly producers: readonly ActiveProducer[];
  readonly aborted: readonly AbortedTransaction[];
  readonly cleanable: readonly (CleanableState & { readonly row: number })[];
  readonly cleanJob: { readonly topicId: Uuid; readonly job: CleanJob };
  readonly swapCleaned: boolean;
  readonly offline: null;
  readonly beginMove: null;
  readonly moveState: MoveState;
  /** Bytes that must be copied first, 0 when the move is done. */
  readonly finishMove: number;
  readonly cancelMove: null;
  readonly closeMoved: null;
  readonly scrubSegments: readonly ScrubSegment[];
  readonly noteDamage: readonly DamagedRange[];
  readonly sizes: readonly { readonly row: number; readonly sizeBytes: number }[];
  readonly stop: readonly { readonly row: number; readonly fault: string }[];
}

export type StorageOp = keyof StorageReplies;

export interface ToStorage {
  readonly id: number;
  readonly request: StorageRequest;
}

export type FromStorage =
  | {
      readonly type: 'reply';
      readonly id: number;
      readonly reply: unknown;
      readonly error: string | null;
      /** Of a StorageError. */
      readonly fault?: { readonly path: string; readonly errno: number };
    }
  /** A partition went offline; `ofDirectory`: what failed (a sync, the device) takes its whole directory offline. */
  | { readonly type: 'offline'; readonly row: number; readonly fault: string; readonly ofDirectory: boolean };

/** The storage worker's end. */
export interface StoragePort {
  post(message: FromStorage): void;
  onMessage(receive: (message: ToStorage) => void): void;
}
