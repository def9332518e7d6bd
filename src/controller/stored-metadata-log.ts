/**
 * The metadata log as Kafka keeps it: `__cluster_metadata-0` with segments, snapshots, `quorum-state`,
 * `leader-epoch-checkpoint` and `partition.metadata`. Control thread, which owns the log's handle.
 *
 * At opening the active segment is scanned. Bytes behind the last good batch are a write that a crash cut short: nobody
 * was promised them, so they go. A good batch behind a bad one is something else, damage to promised records, and the
 * log refuses to open rather than cut them away.
 */
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { METADATA_TOPIC_ID } from '../base/uuid.ts';
import { METADATA_BATCH_BYTES_MAX, readBatches } from '../metadata/metadata-batch.ts';
import { type MetadataLog, MetadataLogFullError, type SnapshotEntry } from '../metadata/metadata-log.ts';
import { parseSnapshotFileName, type SnapshotId, snapshotFileName } from '../metadata/metadata-snapshot.ts';
import { formatQuorumState, parseQuorumState, type QuorumState } from '../metadata/quorum-state.ts';
import { HEADER_BYTES, HeaderAt, LENGTH_OVERHEAD_BYTES, readInt64 } from '../native/batch-header.ts';
import type { FileSpace } from '../native/file-space.ts';
import {
  APPEND_STRIDE,
  AppendSlot,
  BatchFault,
  type LogHandle,
  type LogStore,
  type MemoryId,
  SEGMENT_STRIDE,
  SegmentSlot,
} from '../native/log-store.ts';
import { LeaderEpochCache } from '../storage/leader-epoch-cache.ts';
import { offsetFileName } from '../storage/log-files.ts';
import { readPartitionMetadata, writePartitionMetadata } from '../storage/partition-metadata-file.ts';
import { isDiskFull, keepReserve, releaseReserve } from '../storage/reserve-file.ts';
import { ensureDone, StorageError } from '../storage/storage-error.ts';
import { readTextFile, writeTextFile } from '../storage/text-file.ts';

export interface MetadataLogOptions {
  /** `metadata.log.segment.bytes` */
  readonly segmentBytes: number;
  /** `metadata.log.segment.ms`; absent: no bound */
  readonly segmentMs?: number;
  /** `millrace.disk.reserve.bytes`; absent: nothing is kept back. */
  readonly reserveBytes?: number;
  readonly random?: Random;
}

const INDEX_INTERVAL_BYTES = 4096;
const INDEX_BYTES_MAX = 10_485_760;
/** Bytes that are read at once; a larger batch is read whole all the same. */
const READ_BYTES = 1024 * 1024;
const SCRATCH_BYTES = 256 * 1024;

export class StoredMetadataLog implements MetadataLog {
  readonly #store: LogStore;
  readonly #folder: string;
  readonly #options: MetadataLogOptions;
  readonly #log: LogHandle;
  readonly #epochs: LeaderEpochCache;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly #scratchId: MemoryId;
  readonly #state = new Float64Array(SEGMENT_STRIDE);
  #failure: Error | null = null;

  /** Opens `folder`, which is made when it is missing. Throws a StorageError. */
  constructor(store: LogStore, folder: string, options: MetadataLogOptions, logger: Logger) {
    this.#store = store;
    this.#folder = folder;
    this.#options = options;
    this.#log = ensureDone(
      store.openLog(folder, { indexIntervalBytes: INDEX_INTERVAL_BYTES, indexBytesMax: INDEX_BYTES_MAX }),
      'cannot open',
      folder,
    );
    this.#scratchId = store.registerMemory(this.#scratch);
    this.#epochs = new LeaderEpochCache(store.files, folder);
    if (readPartitionMetadata(store.files, folder) === undefined) {
      writePartitionMetadata(store.files, folder, METADATA_TOPIC_ID);
    }
    if (store.segments(this.#log).length === 0) this.#done(store.roll(this.#log, 0), 'cannot start a segment in');
    this.#recover(logger);
    this.#dropUnfinishedSnapshots();
    const newest = this.snapshots().at(-1);
    // A snapshot that reaches beyond the log was fetched by a follower that stopped before it cut its log.
    if (newest && newest.endOffset > this.endOffset)
      this.#done(store.reset(this.#log, newest.endOffset), 'cannot reset');
    this.#epochs.truncateFromEnd(this.endOffset);
    this.keepReserve();
  }

  get startOffset(): number {
    return this.#store.segments(this.#log)[0];
  }

  get endOffset(): number {
    return this.#readState(-1)[SegmentSlot.nextOffset];
  }

  get lastEpoch(): number {
    return Math.max(this.#epochs.latestEpoch, this.snapshots().at(-1)?.epoch ?? 0, 0);
  }

  get sizeBytes(): number {
    let sum = 0;
    for (const base of this.#store.segments(this.#log)) sum += this.#readState(base)[SegmentSlot.sizeBytes];
    return sum;
  }

  async append(batches: Buffer, epoch: number, lastOffset: number, mustPass = false): Promise<void> {
    if (this.#failure) throw this.#failure;
    try {
      this.#place(batches, epoch, mustPass);
      if (this.endOffset !== lastOffset + 1) {
        throw new StorageError(`appended up to ${this.endOffset - 1} instead of ${lastOffset}`, this.#folder, 0);
      }
      this.#done(await new Promise<number>((done) => this.#store.sync(this.#log, done)), 'cannot sync');
    } catch (error) {
      if (!(error instanceof MetadataLogFullError)) this.#failure = error as Error;
      throw error;
    }
    if (!mustPass) this.keepReserve();
  }

  /** Keeps room back on the disk, as far as there is any. */
  keepReserve(): void {
    const { reserveBytes = 0, random } = this.#options;
    if (reserveBytes > 0 && random) keepReserve(this.#store.files, this.#directory, () => random.bytes(reserveBytes));
  }

  /** Writes the batches behind the log. Throws a MetadataLogFullError when the disk is full; then nothing has changed. */
  #place(batches: Buffer, epoch: number, mustPass: boolean): void {
    const baseOffset = this.endOffset;
    try {
      this.#epochs.assign(epoch, baseOffset);
      this.#rollIfDue(batches, baseOffset);
      this.#write(batches, epoch);
    } catch (error) {
      const isFull = error instanceof StorageError && isDiskFull(error.errno);
      if (!isFull || this.endOffset !== baseOffset) throw error;
      this.#forgetEpoch(baseOffset);
      if (!mustPass || !releaseReserve(this.#store.files, this.#directory)) throw new MetadataLogFullError(error);
      this.#place(batches, epoch, false);
    }
  }

  /** An epoch without records; its file could not be written anyway. */
  #forgetEpoch(baseOffset: number): void {
    try {
      this.#epochs.truncateFromEnd(baseOffset);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
    }
  }

  *read(fromOffset: number): Generator<Uint8Array> {
    const bases = this.#store.segments(this.#log);
    for (const [index, base] of bases.entries()) {
      const nextBase = bases[index + 1] ?? Number.MAX_SAFE_INTEGER;
      if (nextBase <= fromOffset) continue;
      const sizeBytes = this.#readState(base)[SegmentSlot.sizeBytes];
      const start = fromOffset <= base ? 0 : this.#store.positionOf(this.#log, base, fromOffset);
      if (start >= 0 && start < sizeBytes) yield* this.#readSegment(base, start, sizeBytes);
    }
  }

  deleteBefore(offset: number): void {
    const bases = this.#store.segments(this.#log);
    for (let i = 0; i + 1 < bases.length && bases[i + 1] <= offset; i++) {
      this.#done(this.#store.remove(this.#log, bases[i]), 'cannot delete a segment of');
    }
    this.#unlinkDeleted();
    this.#epochs.truncateFromStart(this.startOffset);
  }

  snapshots(): SnapshotEntry[] {
    const found: SnapshotEntry[] = [];
    for (const name of this.#fileNames()) {
      const id = parseSnapshotFileName(name);
      if (!id) continue;
      const stat = this.#store.files.stat(`${this.#folder}/${name}`);
      if (typeof stat !== 'number') found.push({ ...id, sizeBytes: stat.sizeBytes, modifiedMs: stat.modifiedMs });
    }
    return found.sort((a, b) => a.endOffset - b.endOffset || a.epoch - b.epoch);
  }

  readSnapshot(id: SnapshotId): Uint8Array {
    const path = `${this.#folder}/${snapshotFileName(id)}`;
    const bytes = this.#store.files.readFile(path);
    if (typeof bytes === 'number') throw new StorageError('cannot read', path, bytes);
    return bytes;
  }

  writeSnapshot(id: SnapshotId, parts: Iterable<Uint8Array>): void {
    const path = `${this.#folder}/${snapshotFileName(id)}`;
    ensureDone(this.#store.files.writeFileAtomic(path, Buffer.concat([...parts])), 'cannot write', path);
  }

  deleteSnapshot(id: SnapshotId): void {
    const path = `${this.#folder}/${snapshotFileName(id)}`;
    ensureDone(this.#store.files.unlink(path), 'cannot delete', path);
  }

  readQuorumState(): QuorumState | null {
    const text = readTextFile(this.#store.files, this.#quorumStatePath);
    return text === undefined ? null : parseQuorumState(text);
  }

  writeQuorumState(state: QuorumState): void {
    const write = (): void => writeTextFile(this.#store.files, this.#quorumStatePath, formatQuorumState(state));
    try {
      write();
    } catch (error) {
      const isFull = error instanceof StorageError && isDiskFull(error.errno);
      if (!isFull || !releaseReserve(this.#store.files, this.#directory)) throw error;
      write();
    }
  }

  close(): void {
    this.#store.closeLog(this.#log);
    this.#store.releaseMemory(this.#scratchId);
  }

  /** The log directory that the log's folder lies in. */
  get #directory(): string {
    return this.#folder.slice(0, this.#folder.lastIndexOf('/'));
  }

  get #quorumStatePath(): string {
    return `${this.#folder}/quorum-state`;
  }

  #recover(logger: Logger): void {
    const store = this.#store;
    const bases = store.segments(this.#log);
    for (const base of bases) {
      const active = base === bases.at(-1);
      const state = this.#readState(base);
      if (!active && state[SegmentSlot.offsetIndexEntries] >= 0) continue;
      let scan = store.rebuild(this.#log, base);
      // Indexes are written anew.
      if (typeof scan === 'number' && isDiskFull(scan) && releaseReserve(store.files, this.#directory))
        scan = store.rebuild(this.#log, base);
      if (typeof scan === 'number') throw new StorageError('cannot scan', this.#folder, scan);
      const { fault, validBytes, nextOffset } = scan;
      if (fault === BatchFault.none) continue;
      if (!active || this.#goodBatchBehind(base, validBytes)) {
        throw new StorageError(
          `damaged at byte ${validBytes} of segment ${base} (fault ${fault}); restore it from a copy`,
          this.#folder,
          0,
        );
      }
      logger.warn(
        { folder: this.#folder, validBytes, nextOffset },
        'metadata log: dropping a write that was cut short',
      );
      this.#done(store.truncate(this.#log, nextOffset), 'cannot truncate');
    }
  }

  /**
   * Whether behind the bad bytes at `position` a good batch follows where its header says that the next begins. Reads
   * the file itself: for the store the segment ends at the bad bytes.
   */
  #goodBatchBehind(base: number, position: number): boolean {
    const { files } = this.#store;
    const path = `${this.#folder}/${offsetFileName(base, '.log')}`;
    const file = ensureDone(files.open(path, false), 'cannot open', path);
    try {
      const next = nextBatchPosition(files, file, position);
      if (next <= position) return false;
      const sizeBytes = nextBatchPosition(files, file, next) - next;
      if (sizeBytes < HEADER_BYTES || sizeBytes > METADATA_BATCH_BYTES_MAX) return false;
      const batch = Buffer.alloc(sizeBytes);
      if (files.read(file, next, batch, 0, sizeBytes) !== sizeBytes) return false;
      for (const _ of readBatches(batch)) return true;
    } catch {
      // Not a good batch: the rest of the file is rubbish too.
    } finally {
      files.close(file);
    }
    return false;
  }

  #rollIfDue(batches: Buffer, baseOffset: number): void {
    const { segmentBytes, segmentMs } = this.#options;
    const active = this.#readState(-1);
    if (active[SegmentSlot.sizeBytes] === 0) return;
    const full = active[SegmentSlot.sizeBytes] + batches.length > segmentBytes;
    const view = new DataView(batches.buffer, batches.byteOffset, batches.length);
    const ageMs = readInt64(view, HeaderAt.maxTimestamp) - active[SegmentSlot.firstBatchTimestamp];
    const old = segmentMs !== undefined && ageMs >= segmentMs;
    if (full || old) this.#done(this.#store.roll(this.#log, baseOffset), 'cannot roll');
  }

  /** In one call, so that a full disk takes all or nothing. */
  #write(batches: Buffer, epoch: number): void {
    const fits = batches.length <= SCRATCH_BYTES;
    if (fits) batches.copy(this.#scratch);
    const memoryId = fits ? this.#scratchId : this.#store.registerMemory(batches);
    const view = new DataView(batches.buffer, batches.byteOffset, batches.length);
    const list: number[] = [];
    for (let at = 0; at < batches.length; ) {
      const sizeBytes = batches.readInt32BE(at + HeaderAt.length) + LENGTH_OVERHEAD_BYTES;
      const entry = new Array<number>(APPEND_STRIDE);
      entry[AppendSlot.memoryId] = memoryId;
      entry[AppendSlot.offset] = at;
      entry[AppendSlot.sizeBytes] = sizeBytes;
      entry[AppendSlot.baseOffset] = readInt64(view, at + HeaderAt.baseOffset);
      entry[AppendSlot.appendTimeMs] = -1;
      entry[AppendSlot.maxTimestamp] = -1;
      list.push(...entry);
      at += sizeBytes;
    }
    const count = list.length / APPEND_STRIDE;
    try {
      this.#done(this.#store.append(this.#log, epoch, Float64Array.from(list), count, this.#state), 'cannot append to');
    } finally {
      if (!fits) this.#store.releaseMemory(memoryId);
    }
  }

  *#readSegment(base: number, start: number, sizeBytes: number): Generator<Uint8Array> {
    let buffer = Buffer.allocUnsafe(READ_BYTES);
    for (let position = start; position < sizeBytes; ) {
      const wanted = Math.min(buffer.length, sizeBytes - position);
      this.#done(this.#store.readAt(this.#log, base, position, buffer, wanted), 'cannot read');
      const whole = wholeBatchBytes(buffer, wanted);
      if (whole === 0) {
        const needed = wanted < HEADER_BYTES ? 0 : buffer.readInt32BE(HeaderAt.length) + LENGTH_OVERHEAD_BYTES;
        if (needed <= buffer.length || needed > sizeBytes - position) {
          throw new StorageError(`damaged at byte ${position} of segment ${base}`, this.#folder, 0);
        }
        buffer = Buffer.allocUnsafe(needed);
        continue;
      }
      yield buffer.subarray(0, whole);
      position += whole;
    }
  }

  #dropUnfinishedSnapshots(): void {
    for (const name of this.#fileNames()) {
      if (/^\d{20}-\d{10}\.checkpoint.*\.(part|deleted)$/.test(name))
        this.#store.files.unlink(`${this.#folder}/${name}`);
    }
    this.#unlinkDeleted();
  }

  #unlinkDeleted(): void {
    for (const name of this.#fileNames()) {
      if (/^\d{20}\..*\.deleted$/.test(name)) this.#store.files.unlink(`${this.#folder}/${name}`);
    }
  }

  #fileNames(): string[] {
    const entries = this.#store.files.list(this.#folder);
    if (typeof entries === 'number') throw new StorageError('cannot list', this.#folder, entries);
    return entries.filter(({ isFolder }) => !isFolder).map(({ name }) => name);
  }

  #readState(segmentBaseOffset: number): Float64Array {
    this.#done(this.#store.state(this.#log, segmentBaseOffset, this.#state), 'cannot read the state of');
    return this.#state;
  }

  #done(result: number, what: string): number {
    return ensureDone(result, what, this.#folder);
  }
}

/** Where the batch at `position` says that the next begins; `position` when it is not even a whole header. */
function nextBatchPosition(files: FileSpace, file: number, position: number): number {
  const header = Buffer.alloc(HEADER_BYTES);
  if (files.read(file, position, header, 0, HEADER_BYTES) < HEADER_BYTES) return position;
  return position + header.readInt32BE(HeaderAt.length) + LENGTH_OVERHEAD_BYTES;
}

/** Bytes of the whole batches at the start of `buffer[0, end)`. */
function wholeBatchBytes(buffer: Buffer, end: number): number {
  let at = 0;
  while (end - at >= HEADER_BYTES) {
    const sizeBytes = buffer.readInt32BE(at + HeaderAt.length) + LENGTH_OVERHEAD_BYTES;
    if (sizeBytes < HEADER_BYTES || sizeBytes > end - at) break;
    at += sizeBytes;
  }
  return at;
}
