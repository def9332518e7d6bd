/**
 * The port to the storage engine. Three adapters stand behind it: the C++ addon (`native-log-store.ts`), plain
 * TypeScript over node:fs (`segmented-log-store.ts` + `fs-file-space.ts`), and the same TypeScript over memory
 * (`memory-file-space.ts`). The port holds mechanism only: bytes, files, indexes. Policy (when to roll, what to delete,
 * sequences, epochs, checkpoints) is written once, in `src/storage`.
 *
 * Numbers: offsets, timestamps and producer ids are doubles (exact to 2^53). Positions and lengths are bytes.
 * Failures of the file system come back as negative errno values, never as exceptions; a wrong handle or a wrong
 * argument is a bug and throws.
 *
 * Messages older than batches (`old-message.ts`), which an old log may hold, count as batches of their last offset alone,
 * but are not appended.
 *
 * Threads: a log has one owner thread, which alone may call the functions marked (owner). Functions marked (any) may be
 * called on any thread while the owner works (native adapter only; the other adapters live on one thread).
 */

import type { FileSpace } from './file-space.ts';

/** Process-wide handle of an open log. */
export type LogHandle = number;

/** Process-wide handle of a memory region that batches are taken from. */
export type MemoryId = number;

/** What is wrong with a batch, in the order in which it is checked. */
export const BatchFault = {
  none: 0,
  /** Fewer bytes than a header, or than the header's length says. */
  truncated: 1,
  /** Magic is not 2, nor does a message older than batches begin there. */
  magic: 2,
  /** The length field is smaller than the rest of a header. */
  length: 3,
  crc: 4,
  /** recordsCount and lastOffsetDelta disagree or are not positive. */
  count: 5,
  /** The records (after decompression) do not parse, or there are fewer or more bytes than they need. */
  records: 6,
  /** Unknown codec, or the compressed bytes do not decompress. */
  compression: 7,
  /** Decompressed records are larger than `decompressedBytesMax`. */
  tooLarge: 8,
} as const;
export type BatchFault = (typeof BatchFault)[keyof typeof BatchFault];

/** Slots of a batch's facts in a Float64Array, as `validate` and `readHeaders` write them. */
export const BatchSlot = {
  /** readHeaders: byte position in the segment. validate: the index in its list. */
  position: 0,
  /** Bytes of the whole batch, header included. */
  sizeBytes: 1,
  baseOffset: 2,
  lastOffsetDelta: 3,
  partitionLeaderEpoch: 4,
  attributes: 5,
  baseTimestamp: 6,
  maxTimestamp: 7,
  producerId: 8,
  producerEpoch: 9,
  baseSequence: 10,
  recordsCount: 11,
  // The rest is written by validate only.
  /** Greatest record timestamp that was found by walking the records (-1 when none). */
  recordsMaxTimestamp: 12,
  /** Least record timestamp. */
  recordsMinTimestamp: 13,
  /** Offset delta of the first record that has the greatest timestamp. */
  maxTimestampDelta: 14,
  /** Records without a key. */
  keylessCount: 15,
  /** 1 when the records' offset deltas are 0, 1, 2 ...; 0 when the batch must be rebuilt. */
  deltasInOrder: 16,
  /** Bytes of the records after decompression. */
  recordsBytes: 17,
} as const;
/** Doubles per batch. */
export const BATCH_STRIDE = 18;

/** `append`: doubles per batch in its list, and their places. */
export const AppendSlot = {
  memoryId: 0,
  offset: 1,
  sizeBytes: 2,
  baseOffset: 3,
  appendTimeMs: 4,
  maxTimestamp: 5,
} as const;
export const APPEND_STRIDE = 6;

/** What `state` and `append` write of the active segment. */
export const SegmentSlot = {
  baseOffset: 0,
  sizeBytes: 1,
  /** Offset after the last record, i.e. the log end offset when the segment is the active one. */
  nextOffset: 2,
  maxTimestamp: 3,
  offsetOfMaxTimestamp: 4,
  /** maxTimestamp of the segment's first batch, -1 when empty. */
  firstBatchTimestamp: 5,
  /** -1 when the file is missing or unusable: `rebuild` makes it anew. */
  offsetIndexEntries: 6,
  /** The same. */
  timeIndexEntries: 7,
  /** Time of the last change of the .log file, ms. Written by `state` only. */
  modifiedMs: 8,
} as const;
export const SEGMENT_STRIDE = 9;

/** What `planRead` writes. A plan with status `ok` holds its segment open until it is sent, read or released. */
export const PlanSlot = {
  /** Handle of the held segment file, for `send`, `readPlanned` and `release`. */
  file: 0,
  position: 1,
  /** Bytes to serve: whole batches from the one that contains the offset, then cut at `maxBytes`. */
  sizeBytes: 2,
  /** Bytes of the first batch, which may exceed sizeBytes when `maxBytes` is smaller. */
  firstBatchBytes: 3,
  /** Base offset of the first batch. */
  baseOffset: 4,
  /** Base offset of the segment. */
  segmentBaseOffset: 5,
  /** 1 when the range is thought to be in the page cache. */
  cached: 6,
} as const;
export const PLAN_STRIDE = 7;

/** `setDamage`: doubles per damaged range: segment, first and end position, first and end offset. */
export const DAMAGE_STRIDE = 5;

export const PlanStatus = {
  ok: 0,
  /** The offset is the end of the readable range: nothing to serve now. */
  atEnd: 1,
  /** The offset lies below the first segment or above the end. */
  outOfRange: 2,
  /** The batch with the offset is known to be damaged (`setDamage`), or bytes that are no batch are in its way. */
  damaged: 3,
} as const;

export interface OpenLogOptions {
  /** `index.interval.bytes` */
  readonly indexIntervalBytes: number;
  /** `segment.index.bytes`: capacity of each index file. */
  readonly indexBytesMax: number;
  /** `preallocate`: a new segment's file gets this size at once, and is cut to its own when it is closed; 0: it grows. */
  readonly preallocateBytes?: number;
}

/** Result of scanning one segment from its start. */
export interface SegmentScan {
  /** Bytes up to the end of the last good batch. */
  readonly validBytes: number;
  /** Offset after the last good batch (the segment's base offset when there is none). */
  readonly nextOffset: number;
  /** What was wrong with the bytes behind `validBytes`; `none` when the file ends there. */
  readonly fault: BatchFault;
  readonly batches: number;
}

export interface ValidationPolicy {
  /** Records of compressed batches are decompressed up to this many bytes. */
  readonly decompressedBytesMax: number;
}

export interface LogStore {
  readonly kind: 'native' | 'portable' | 'memory';

  /** The file system under the store, for the small files of `src/storage`; the native adapter gives `fsFileSpace`. */
  readonly files: FileSpace;

  /** CRC-32C of `bytes[start, end)`. (any) */
  crc32c(bytes: Uint8Array, start: number, end: number): number;

  /**
   * Makes a region known, so that lists can name bytes in it by id and offset. The store keeps it until it is released, by
   * the same instance. (any)
   */
  registerMemory(bytes: Uint8Array): MemoryId;
  releaseMemory(id: MemoryId): void;

  /** Whether batches of a codec (of the batch attributes) can be checked on this machine; false for one that is unknown. (any) */
  codecAvailable(codec: number): boolean;
  /**
   * Checks one batch in memory and walks its records; nothing is changed. Writes BATCH_STRIDE doubles at `out[outAt]`
   * (as far as they are known when a fault is found). (any)
   */
  validate(
    id: MemoryId,
    offset: number,
    sizeBytes: number,
    policy: ValidationPolicy,
    out: Float64Array,
    outAt: number,
  ): BatchFault;

  /**
   * Opens the folder (created when missing) and its segments in ascending order, reading no batches except what is
   * needed for the active segment's state. An empty folder gets no segment. Index files that are missing or of an
   * impossible size are left for `rebuild`. Returns a handle or a negative errno. (owner)
   */
  openLog(folder: string, options: OpenLogOptions): LogHandle;
  setOptions(log: LogHandle, options: OpenLogOptions): void;
  /** Trims indexes to their size, closes descriptors that no plan holds. (owner) */
  closeLog(log: LogHandle): void;
  /** Base offsets, ascending. (owner) */
  segments(log: LogHandle): number[];
  /** Writes SEGMENT_STRIDE doubles for the segment (-1: the active one). Returns 0 or a negative errno. (owner) */
  state(log: LogHandle, segmentBaseOffset: number, out: Float64Array): number;
  /** Starts a new active segment; the old one's indexes are trimmed and get their closing time entry. (owner) */
  roll(log: LogHandle, baseOffset: number): number;
  /** Takes a segment away from readers and renames its files to `*.deleted`. Returns 0 or a negative errno. (owner) */
  remove(log: LogHandle, segmentBaseOffset: number): number;
  /**
   * Puts one cleaned segment in the place of consecutive closed ones, given by their base offsets, ascending. Its files,
   * complete and durable, lie in the folder under the first one's base offset as `*.log.cleaned`, `*.index.cleaned`,
   * `*.timeindex.cleaned` and maybe `*.txnindex.cleaned`. They become `*.swap` (with the last of these renames the swap
   * counts as done: recovery completes it), then the old files of all four kinds become `*.deleted`, then the new ones
   * get their names. Who holds a plan goes on reading the old segment. Returns 0 or a negative errno; after a failure
   * the log must be opened anew. (owner)
   */
  replace(log: LogHandle, segmentBaseOffsets: readonly number[]): number;
  /**
   * Cuts the log so that its end is the start of the batch that contains `offset` or the first after; drops higher
   * segments. After a `rebuild` that found a fault, everything behind the valid bytes goes too. (owner)
   */
  truncate(log: LogHandle, offset: number): number;
  /** Drops everything and starts one empty segment at `offset`. (owner) */
  reset(log: LogHandle, offset: number): number;

  /**
   * Writes `count` batches of `list` (APPEND_STRIDE doubles each) behind the active segment with as few system calls as
   * possible, after patching in memory: baseOffset, partitionLeaderEpoch (-1: each batch keeps its own, as a follower
   * wants it), and, where appendTimeMs >= 0, the timestamp type and maxTimestamp (CRC renewed), or where maxTimestamp
   * >= 0 the max timestamp (CRC renewed; it must have been right before). Adds index entries as Kafka does. On failure
   * the file is cut back to its old size. Writes the new state to `out` (SegmentSlot). Returns 0 or a negative errno;
   * the native adapter answers -EUCLEAN (117) where bytes that are no batch end the segment, until `rebuild` and
   * `truncate` have cut them. (owner)
   */
  append(log: LogHandle, partitionLeaderEpoch: number, list: Float64Array, count: number, out: Float64Array): number;

  /** Finds the bytes for a fetch in `[offset, upperOffset)`. Writes PLAN_STRIDE doubles at `out[outAt]`; returns a PlanStatus or a negative errno. (any) */
  planRead(
    log: LogHandle,
    offset: number,
    maxBytes: number,
    upperOffset: number,
    out: Float64Array,
    outAt: number,
  ): number;
  /**
   * Tells what of closed segments is damaged, in place of what was told before (DAMAGE_STRIDE doubles each, ascending):
   * `planRead` gives nothing of it and everything else. Positions are those of batches. (owner)
   */
  setDamage(log: LogHandle, ranges: Float64Array): void;
  /** Reads planned bytes; returns how many or a negative errno. (any) */
  readPlanned(file: number, position: number, target: Uint8Array, targetAt: number, sizeBytes: number): number;
  /** Gives a plan's hold on its segment back. (any) */
  release(file: number): void;

  /** Headers of up to `out.length / BATCH_STRIDE` batches from a byte position on; returns their count or a negative errno. (any) */
  readHeaders(log: LogHandle, segmentBaseOffset: number, position: number, out: Float64Array): number;
  /** Byte position of the batch that contains `offset` or the next one; -1 when there is none in the segment. (any) */
  positionOf(log: LogHandle, segmentBaseOffset: number, offset: number): number;
  /** First batch of the segment whose maxTimestamp is >= `timestamp`, as its byte position, -1 when there is none. (any) */
  positionOfTimestamp(log: LogHandle, segmentBaseOffset: number, timestamp: number): number;
  /** Raw bytes of a segment; returns how many or a negative errno. (any) */
  readAt(log: LogHandle, segmentBaseOffset: number, position: number, target: Uint8Array, sizeBytes: number): number;

  /**
   * Scans a segment from its start (lengths, magic, CRC, ascending offsets) and writes both index files anew. Nothing is
   * cut; but from then on the segment ends behind its valid bytes. (owner)
   */
  rebuild(log: LogHandle, segmentBaseOffset: number): SegmentScan | number;

  /**
   * For a stop: writes the active segment's indexes with their closing entry. True when the next sync takes the time index
   * along: the greatest timestamp lies before the offset index's last entry, so who opens the log finds it there only.
   * (owner)
   */
  finishIndexes(log: LogHandle): boolean;
  /**
   * fdatasync of everything appended so far (rolled segments too); `done` gets 0 or a negative errno on the calling
   * thread, maybe before the call returns. (owner)
   */
  sync(log: LogHandle, done: (result: number) => void): void;
  /** Runs `work`; the syncs that it asks for begin when it has ended, which costs less than one after the other. */
  together(work: () => void): void;
  /** The same, before it returns. (owner) */
  syncNow(log: LogHandle): number;
}
