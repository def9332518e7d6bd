import { ATTRIBUTE_LOG_APPEND_TIME, HeaderAt, LENGTH_OVERHEAD_BYTES, readInt64, writeInt64 } from './batch-header.ts';
import { validateBatch } from './batch-validation.ts';
import { crc32c } from './crc32c.ts';
import { codecAvailable } from './decompression.ts';
import { Errno, type FileSpace } from './file-space.ts';
import { ignoreMissing } from './index-file.ts';
import {
  APPEND_STRIDE,
  AppendSlot,
  type BatchFault,
  DAMAGE_STRIDE,
  type LogHandle,
  type LogStore,
  type MemoryId,
  type OpenLogOptions,
  PlanSlot,
  PlanStatus,
  type SegmentScan,
  type ValidationPolicy,
} from './log-store.ts';
import { headerBaseOffset, Segment, STUCK, type WalkBounds } from './segment.ts';

/**
 * The port to the storage engine in plain TypeScript over a FileSpace: slower than the addon, the same behaviour, and
 * needing no compiler. Everything is synchronous except `sync`.
 *
 * Thread: one for everything (nothing here is safe across threads).
 */

const SEGMENT_FILE = /^(\d{20})\.log$/;
/** Offsets are below. */
const OFFSET_MAX = 2 ** 53;

interface OpenLog {
  readonly folder: string;
  options: OpenLogOptions;
  /** Ascending by base offset; the last one is active. */
  segments: Segment[];
  damage: readonly Damage[];
  /** A segment was made since the last sync. */
  folderDirty: boolean;
}

/** See LogStore.setDamage. */
interface Damage {
  readonly segment: number;
  readonly fromPosition: number;
  readonly toPosition: number;
  readonly fromOffset: number;
  readonly toOffset: number;
}

interface Memory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export class SegmentedLogStore implements LogStore {
  readonly kind: 'portable' | 'memory';
  readonly files: FileSpace;
  readonly #logs = new Map<LogHandle, OpenLog>();
  readonly #memories = new Map<MemoryId, Memory>();
  readonly #planned = new Map<number, Segment>();
  readonly #plannedIds = new Map<Segment, number>();
  #lastId = 0;
  /** Reused by `append`. */
  readonly #parts: Uint8Array[] = [];

  constructor(files: FileSpace) {
    this.files = files;
    this.kind = files.kind === 'fs' ? 'portable' : 'memory';
  }

  crc32c(bytes: Uint8Array, start: number, end: number): number {
    return crc32c(bytes, start, end);
  }

  registerMemory(bytes: Uint8Array): MemoryId {
    const id = ++this.#lastId;
    this.#memories.set(id, { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) });
    return id;
  }

  releaseMemory(id: MemoryId): void {
    if (!this.#memories.delete(id)) throw new RangeError(`memory ${id} is not registered`);
  }

  codecAvailable(codec: number): boolean {
    return codecAvailable(codec);
  }

  validate(
    id: MemoryId,
    offset: number,
    sizeBytes: number,
    policy: ValidationPolicy,
    out: Float64Array,
    outAt: number,
  ): BatchFault {
    const { bytes, view } = this.#memory(id, offset, sizeBytes);
    return validateBatch(bytes, view, offset, sizeBytes, policy, out, outAt);
  }

  openLog(folder: string, options: OpenLogOptions): LogHandle {
    const made = this.files.makeFolder(folder);
    if (made < 0) return made;
    const entries = this.files.list(folder);
    if (typeof entries === 'number') return entries;
    const segments: Segment[] = [];
    for (const { name, isFolder } of entries) {
      const match = isFolder ? null : SEGMENT_FILE.exec(name);
      // Digits enough for what no offset can be.
      if (!match || Number(match[1]) >= OFFSET_MAX) continue;
      const stat = this.files.stat(`${folder}/${name}`);
      if (typeof stat === 'number') return stat;
      segments.push(new Segment(this.files, folder, Number(match[1]), stat.sizeBytes, stat.modifiedMs));
    }
    const loaded = segments.at(-1)?.load() ?? 0;
    if (loaded < 0) {
      for (const segment of segments) segment.retire();
      return loaded;
    }
    const handle = ++this.#lastId;
    this.#logs.set(handle, { folder, options, segments, damage: [], folderDirty: false });
    return handle;
  }

  setOptions(log: LogHandle, options: OpenLogOptions): void {
    this.#log(log).options = options;
  }

  closeLog(log: LogHandle): void {
    const { segments } = this.#log(log);
    segments.at(-1)?.closeIndexes(false);
    segments.at(-1)?.trim();
    for (const segment of segments) segment.retire();
    this.#logs.delete(log);
  }

  segments(log: LogHandle): number[] {
    return this.#log(log).segments.map((segment) => segment.baseOffset);
  }

  state(log: LogHandle, segmentBaseOffset: number, out: Float64Array): number {
    const { segments } = this.#log(log);
    const segment = segmentBaseOffset < 0 ? segments.at(-1) : this.#find(log, segmentBaseOffset);
    if (!segment) return Errno.ENOENT;
    const loaded = segment.load() || segment.refreshModified();
    if (loaded < 0) return loaded;
    segment.writeState(out);
    return 0;
  }

  roll(log: LogHandle, baseOffset: number): number {
    const open = this.#log(log);
    const active = open.segments.at(-1);
    if (active && baseOffset <= active.baseOffset)
      return baseOffset === active.baseOffset && active.sizeBytes === 0 ? 0 : Errno.EEXIST;
    if (active) {
      const closed = active.load() || active.closeIndexes(false) || active.trim();
      if (closed < 0) return closed;
    }
    const segment = new Segment(this.files, open.folder, baseOffset, 0, 0);
    // Memory is not reserved.
    const made = segment.create(this.kind === 'portable' ? (open.options.preallocateBytes ?? 0) : 0);
    if (made < 0) {
      segment.retire();
      return made;
    }
    // Its records may be durable, its indexes are not.
    if (active) active.dirty = true;
    open.segments.push(segment);
    open.folderDirty = true;
    return 0;
  }

  remove(log: LogHandle, segmentBaseOffset: number): number {
    const open = this.#log(log);
    const segment = this.#find(log, segmentBaseOffset);
    if (!segment) return Errno.ENOENT;
    const result = segment.discard('.deleted');
    if (result < 0) return result;
    segment.retire();
    open.segments = open.segments.filter((other) => other !== segment);
    return 0;
  }

  replace(log: LogHandle, segmentBaseOffsets: readonly number[]): number {
    const open = this.#log(log);
    const first = open.segments.findIndex(({ baseOffset }) => baseOffset === segmentBaseOffsets[0]);
    const end = first + segmentBaseOffsets.length;
    const replaced = open.segments.slice(first, end);
    const isRange = replaced.every(({ baseOffset }, at) => baseOffset === segmentBaseOffsets[at]);
    if (first < 0 || end >= open.segments.length || !isRange) return Errno.ENOENT;
    const path = replaced[0].path;
    const stat = this.files.stat(`${path}.log.cleaned`);
    if (typeof stat === 'number') return stat;
    const renamed =
      renameAll(this.files, [path], '.cleaned', '.swap') ||
      renameAll(
        this.files,
        replaced.map((segment) => segment.path),
        '',
        '.deleted',
      ) ||
      renameAll(this.files, [path], '.swap', '');
    if (renamed < 0) return renamed;
    const cleaned = new Segment(this.files, open.folder, replaced[0].baseOffset, stat.sizeBytes, stat.modifiedMs);
    open.segments = [...open.segments.slice(0, first), cleaned, ...open.segments.slice(end)];
    open.folderDirty = true;
    for (const segment of replaced) segment.retire();
    return 0;
  }

  truncate(log: LogHandle, offset: number): number {
    const open = this.#log(log);
    while (open.segments.length > 1 && open.segments.at(-1)!.baseOffset > offset) {
      const dropped = open.segments.pop()!;
      dropped.retire();
      const result = dropped.discard('');
      if (result < 0) return result;
    }
    const active = open.segments.at(-1);
    if (!active) return 0;
    const loaded = active.load();
    if (loaded < 0) return loaded;
    const position = offset <= active.baseOffset ? 0 : active.positionOf(offset);
    if (position < -1) return position;
    return active.cutAt(position < 0 ? active.sizeBytes : position);
  }

  reset(log: LogHandle, offset: number): number {
    const open = this.#log(log);
    let first = 0;
    for (const segment of open.segments) {
      segment.retire();
      first ||= segment.discard('');
    }
    open.segments = [];
    return first < 0 ? first : this.roll(log, offset);
  }

  append(log: LogHandle, partitionLeaderEpoch: number, list: Float64Array, count: number, out: Float64Array): number {
    const open = this.#log(log);
    const active = open.segments.at(-1);
    if (!active) throw new Error('append to a log without a segment');
    const parts = this.#parts;
    for (let entry = 0; entry < count; entry++)
      parts[entry] = this.#patch(list, entry * APPEND_STRIDE, partitionLeaderEpoch);
    const result = active.write(parts, count);
    if (result === 0)
      for (let entry = 0; entry < count; entry++) {
        const { view } = this.#memories.get(list[entry * APPEND_STRIDE + AppendSlot.memoryId])!;
        const at = list[entry * APPEND_STRIDE + AppendSlot.offset];
        const lastOffset = readInt64(view, at) + view.getInt32(at + HeaderAt.lastOffsetDelta);
        const maxTimestamp = readInt64(view, at + HeaderAt.maxTimestamp);
        active.noteBatch(parts[entry].length, lastOffset, maxTimestamp, open.options.indexIntervalBytes);
      }
    parts.length = 0;
    active.writeState(out);
    return result;
  }

  /** Sets in memory what an append decides, and returns the batch's bytes. */
  #patch(list: Float64Array, at: number, partitionLeaderEpoch: number): Uint8Array {
    const offset = list[at + AppendSlot.offset];
    const sizeBytes = list[at + AppendSlot.sizeBytes];
    const { bytes, view } = this.#memory(list[at + AppendSlot.memoryId], offset, sizeBytes);
    if (view.getInt32(offset + HeaderAt.length) + LENGTH_OVERHEAD_BYTES !== sizeBytes)
      throw new RangeError('append: the size is not that of the batch');
    writeInt64(view, offset, list[at + AppendSlot.baseOffset]);
    if (partitionLeaderEpoch >= 0) view.setInt32(offset + HeaderAt.partitionLeaderEpoch, partitionLeaderEpoch);
    const appendTimeMs = list[at + AppendSlot.appendTimeMs];
    const maxTimestamp = appendTimeMs >= 0 ? appendTimeMs : list[at + AppendSlot.maxTimestamp];
    if (maxTimestamp >= 0) {
      writeInt64(view, offset + HeaderAt.maxTimestamp, maxTimestamp);
      if (appendTimeMs >= 0) {
        const attributes = view.getInt16(offset + HeaderAt.attributes);
        view.setInt16(offset + HeaderAt.attributes, attributes | ATTRIBUTE_LOG_APPEND_TIME);
      }
      view.setUint32(offset + HeaderAt.crc, crc32c(bytes, offset + HeaderAt.attributes, offset + sizeBytes));
    }
    return bytes.subarray(offset, offset + sizeBytes);
  }

  planRead(
    log: LogHandle,
    offset: number,
    maxBytes: number,
    upperOffset: number,
    out: Float64Array,
    outAt: number,
  ): number {
    const { segments, damage } = this.#log(log);
    const active = segments.at(-1);
    if (!active || offset < segments[0].baseOffset || offset > active.nextOffset) return PlanStatus.outOfRange;
    if (offset >= upperOffset) return PlanStatus.atEnd;
    if (damage.some(({ fromOffset, toOffset }) => offset >= fromOffset && offset < toOffset)) return PlanStatus.damaged;
    for (let at = floorSegment(segments, offset); at < segments.length; at++) {
      const segment = segments[at];
      const bounds = damage.length > 0 ? boundsIn(damage, segment, offset) : undefined;
      const position = segment.seek(Math.max(offset, segment.baseOffset), bounds);
      if (position === STUCK) return PlanStatus.damaged;
      if (position < -1) return position;
      if (bounds && bounds.end <= segment.sizeBytes && (position < 0 || position >= bounds.end))
        return PlanStatus.damaged;
      if (position < 0) continue;
      const firstBatchBytes = segment.headerAt(position);
      const baseOffset = headerBaseOffset();
      if (baseOffset >= upperOffset) return PlanStatus.atEnd;
      const isWhole = upperOffset >= (segments[at + 1]?.baseOffset ?? segment.nextOffset);
      const bound = isWhole ? segment.sizeBytes : boundAt(segment, upperOffset, position, bounds);
      if (bound < 0) return bound;
      const end = bounds ? Math.min(bound, bounds.end) : bound;
      // A bound inside the first batch hides nothing of it.
      const sizeBytes = end > position ? end - position : firstBatchBytes;
      out[outAt + PlanSlot.file] = this.#hold(segment);
      out[outAt + PlanSlot.position] = position;
      out[outAt + PlanSlot.sizeBytes] = Math.min(sizeBytes, Math.max(0, maxBytes));
      out[outAt + PlanSlot.firstBatchBytes] = firstBatchBytes;
      out[outAt + PlanSlot.baseOffset] = baseOffset;
      out[outAt + PlanSlot.segmentBaseOffset] = segment.baseOffset;
      out[outAt + PlanSlot.cached] = 1;
      return PlanStatus.ok;
    }
    return PlanStatus.atEnd;
  }

  setDamage(log: LogHandle, ranges: Float64Array): void {
    const damage: Damage[] = [];
    for (let at = 0; at < ranges.length; at += DAMAGE_STRIDE) {
      const [segment, fromPosition, toPosition, fromOffset, toOffset] = ranges.subarray(at, at + DAMAGE_STRIDE);
      damage.push({ segment, fromPosition, toPosition, fromOffset, toOffset });
    }
    this.#log(log).damage = damage;
  }

  readPlanned(file: number, position: number, target: Uint8Array, targetAt: number, sizeBytes: number): number {
    return this.#plannedSegment(file).read(position, target, targetAt, sizeBytes);
  }

  release(file: number): void {
    const segment = this.#plannedSegment(file);
    segment.releaseHold();
    if (--segment.planHolds > 0) return;
    this.#planned.delete(file);
    this.#plannedIds.delete(segment);
  }

  readHeaders(log: LogHandle, segmentBaseOffset: number, position: number, out: Float64Array): number {
    return this.#find(log, segmentBaseOffset)?.readHeaders(position, out) ?? Errno.ENOENT;
  }

  positionOf(log: LogHandle, segmentBaseOffset: number, offset: number): number {
    return this.#find(log, segmentBaseOffset)?.positionOf(offset) ?? Errno.ENOENT;
  }

  positionOfTimestamp(log: LogHandle, segmentBaseOffset: number, timestamp: number): number {
    return this.#find(log, segmentBaseOffset)?.positionOfTimestamp(timestamp) ?? Errno.ENOENT;
  }

  readAt(log: LogHandle, segmentBaseOffset: number, position: number, target: Uint8Array, sizeBytes: number): number {
    return this.#find(log, segmentBaseOffset)?.read(position, target, 0, sizeBytes) ?? Errno.ENOENT;
  }

  rebuild(log: LogHandle, segmentBaseOffset: number): SegmentScan | number {
    const { options } = this.#log(log);
    return this.#find(log, segmentBaseOffset)?.rebuild(options.indexIntervalBytes) ?? Errno.ENOENT;
  }

  finishIndexes(log: LogHandle): boolean {
    return this.#log(log).segments.at(-1)?.finishIndexes() ?? false;
  }

  sync(log: LogHandle, done: (result: number) => void): void {
    const open = this.#log(log);
    const dirty = open.segments.filter((segment) => segment.dirty);
    let waiting = 1;
    let first = 0;
    const finish = (result: number): void => {
      first ||= result;
      if (--waiting === 0) done(first);
    };
    for (const segment of dirty) {
      const isActive = segment === open.segments.at(-1);
      const indexes = isActive && !segment.indexesFinished ? 0 : segment.flushIndexes(true);
      waiting++;
      if (indexes < 0) queueMicrotask(() => finish(indexes));
      else segment.sync(finish);
    }
    if (open.folderDirty) {
      waiting++;
      open.folderDirty = false;
      this.files.syncFolder(open.folder, finish);
    }
    if (waiting === 1) queueMicrotask(() => finish(0));
    else finish(0);
  }

  together(work: () => void): void {
    work();
  }

  syncNow(log: LogHandle): number {
    const open = this.#log(log);
    let first = 0;
    for (const segment of open.segments) {
      if (!segment.dirty) continue;
      first ||= segment.syncIndexes();
      first ||= segment.syncNow();
    }
    if (open.folderDirty) first ||= this.files.syncFolderNow(open.folder);
    if (first === 0) open.folderDirty = false;
    return first;
  }

  #memory(id: MemoryId, offset: number, sizeBytes: number): Memory {
    const memory = this.#memories.get(id);
    if (!memory) throw new RangeError(`memory ${id} is not registered`);
    if (offset < 0 || sizeBytes < 0 || offset + sizeBytes > memory.bytes.length)
      throw new RangeError(`[${offset}, ${offset + sizeBytes}) is outside of memory ${id}`);
    return memory;
  }

  #log(handle: LogHandle): OpenLog {
    const log = this.#logs.get(handle);
    if (!log) throw new RangeError(`log ${handle} is not open`);
    return log;
  }

  #find(log: LogHandle, baseOffset: number): Segment | undefined {
    const { segments } = this.#log(log);
    const segment = segments[floorSegment(segments, baseOffset)];
    return segment?.baseOffset === baseOffset ? segment : undefined;
  }

  #hold(segment: Segment): number {
    let id = this.#plannedIds.get(segment);
    if (id === undefined) {
      id = ++this.#lastId;
      this.#plannedIds.set(segment, id);
      this.#planned.set(id, segment);
    }
    segment.planHolds++;
    segment.hold();
    return id;
  }

  #plannedSegment(file: number): Segment {
    const segment = this.#planned.get(file);
    if (!segment) throw new RangeError(`file ${file} is not held`);
    return segment;
  }
}

/** Where what lies before `upperOffset` ends, from a position on; or an error. */
function boundAt(segment: Segment, upperOffset: number, from: number, bounds: WalkBounds | undefined): number {
  const found = segment.seek(upperOffset, bounds);
  // What lies before the damage is then read batch by batch.
  if (found === STUCK) return from;
  return found === -1 ? segment.sizeBytes : found;
}

/** Where a walk to `offset` may begin and must end, so that it meets no damaged header. */
function boundsIn(damage: readonly Damage[], segment: Segment, offset: number): WalkBounds {
  const bounds = { start: 0, end: Number.MAX_SAFE_INTEGER };
  for (const { segment: damaged, fromPosition, toPosition, toOffset } of damage) {
    if (damaged !== segment.baseOffset) continue;
    if (toOffset <= offset) bounds.start = Math.max(bounds.start, toPosition);
    else bounds.end = Math.min(bounds.end, fromPosition);
  }
  return bounds;
}

/** Renames all files of segments; those that are not there are passed over. */
function renameAll(files: FileSpace, paths: readonly string[], from: string, to: string): number {
  for (const path of paths)
    for (const extension of ['.txnindex', '.timeindex', '.index', '.log']) {
      const result = ignoreMissing(files.rename(path + extension + from, path + extension + to));
      if (result < 0) return result;
    }
  return 0;
}

/** Index of the last segment whose base offset is <= `offset`, -1 when there is none. */
function floorSegment(segments: readonly Segment[], offset: number): number {
  let at = segments.length - 1;
  if (at >= 0 && segments[at].baseOffset <= offset) return at;
  let low = 0;
  while (low < at) {
    const middle = (low + at) >>> 1;
    if (segments[middle].baseOffset <= offset) low = middle + 1;
    else at = middle;
  }
  return low - 1;
}
