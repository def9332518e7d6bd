import type { RecordBatchView } from '../../protocol/records/batch-header.ts';
import type { AbortedTransaction } from '../producer/transaction-index.ts';
import { ensureDone } from '../storage-error.ts';
import { type BatchVerdict, type FilterSettings, filterBatch, walkRecords } from './batch-filter.ts';
import { groupSources } from './clean-groups.ts';
import type { CleanedGroup, CleanJob, CleanResult, CleanSource, LastProducerRecord } from './clean-job.ts';
import { CleanedSegment, discardCleaned } from './cleaned-segment.ts';
import { CleanedTransactions } from './cleaned-transactions.ts';
import { OffsetMap } from './offset-map.ts';
import { SegmentReader, type SegmentReaderContext } from './segment-reader.ts';

/**
 * One cleaning of a log: the dirty part is read for the last offset of each key, as far as memory goes; then all segments
 * from the log's start to there are written anew with what is left of them, group by group. Follows Kafka's Cleaner.
 *
 * The caller drives it: it yields how many bytes it read and wrote since, so that it can be slowed down or made to give
 * way, and each group that is ready, and wants to be told whether the log's owner put it in its place. If not, it ends:
 * what it took away from later segments would be missed, since what it stood for is still there in earlier ones.
 *
 * Thread: any; only closed segments are read, and nothing of the log is changed.
 */

export interface CleanContext extends SegmentReaderContext {
  /** For the offset map, and the share of it that may be used. */
  readonly mapBytesMax: number;
  readonly mapLoad: number;
}

export type CleanSteps = Generator<number | CleanedGroup, CleanResult, boolean | undefined>;

/** Bytes between two yields, about. */
const SLICE_BYTES = 256 * 1024;

/** Throws a StorageError or a BatchError; then no file of its own is left. */
export function* cleanLog(job: CleanJob, context: CleanContext): CleanSteps {
  const cleaning = new Cleaning(job, context);
  yield* cleaning.readKeys();
  for (const group of groupSources(job, cleaning.mapEndOffset)) {
    const isInPlace = yield* cleaning.rewrite(group);
    if (!isInPlace) return cleaning.result(job.firstDirtyOffset, false);
  }
  // The checkpoint lies in another folder. Ahead of the segments after a power failure, it would have tombstones taken away
  // before the values that they hide.
  ensureDone(context.files.syncFolderNow(job.folder), 'cannot sync', job.folder);
  return cleaning.result(Math.max(job.firstDirtyOffset, cleaning.mapEndOffset), true);
}

class Cleaning {
  readonly #job: CleanJob;
  readonly #context: CleanContext;
  readonly #map: OffsetMap;
  readonly #lastRecords: ReadonlyMap<number, LastProducerRecord>;
  /** Of the rewriting pass: the index entries for the group at hand are gathered in `#keptAborted`. */
  readonly #transactions: CleanedTransactions;
  #keptAborted: AbortedTransaction[] = [];
  readonly #filter: FilterSettings;
  readonly #verdict: BatchVerdict = { discardsRecords: false, keepsEmpty: false, isIdleMarker: false };
  /** The map knows all keys below it. */
  mapEndOffset: number;
  #bytesRead = 0;
  #bytesWritten = 0;
  #bytesTold = 0;

  constructor(job: CleanJob, context: CleanContext) {
    this.#job = job;
    this.#context = context;
    const keysMax = Math.max(0, job.endOffset - job.firstDirtyOffset);
    this.#map = new OffsetMap(context.mapBytesMax, keysMax, context.mapLoad);
    this.#lastRecords = new Map(job.lastRecords.map((last) => [last.producerId, last]));
    this.#transactions = new CleanedTransactions(job.aborted, (transaction) => this.#keptAborted.push(transaction));
    this.mapEndOffset = job.firstDirtyOffset;
    this.#filter = {
      nowMs: job.nowMs,
      deleteRetentionMs: job.deleteRetentionMs,
      crc32c: context.crc32c,
      keeps: (offset, key, isTombstone, horizonMs) => this.#keeps(offset, key, isTombstone, horizonMs),
    };
  }

  result(cleanedOffset: number, isComplete: boolean): CleanResult {
    return { cleanedOffset, isComplete, bytesRead: this.#bytesRead, bytesWritten: this.#bytesWritten };
  }

  /** Fills the map until the cleanable range or the memory ends. */
  *readKeys(): Generator<number, void, boolean | undefined> {
    const { firstDirtyOffset, endOffset, sources, aborted, folder } = this.#job;
    const transactions = new CleanedTransactions(aborted);
    for (const source of sources) {
      if (source.nextBaseOffset <= firstDirtyOffset) continue;
      const reader = new SegmentReader(this.#context, folder, source);
      try {
        for (let batch = reader.next(); batch !== undefined; batch = reader.next()) {
          if (batch.nextOffset > endOffset) return;
          if (!this.#addKeys(batch, transactions)) return;
          const bytes = this.#due(reader.bytesRead);
          if (bytes > 0) yield bytes;
        }
      } finally {
        reader.close();
        this.#bytesRead += reader.bytesRead;
      }
      // Offsets may be missing up to the next segment.
      this.mapEndOffset = Math.max(this.mapEndOffset, Math.min(source.nextBaseOffset, endOffset));
    }
  }

  /** False when the map is full. */
  #addKeys(batch: RecordBatchView, transactions: CleanedTransactions): boolean {
    const { firstDirtyOffset } = this.#job;
    if (batch.isControl) transactions.onControl(batch);
    else if (!transactions.onData(batch) && batch.recordsCount > 0 && batch.nextOffset > firstDirtyOffset) {
      const walk = walkRecords(batch);
      const { baseOffset } = batch;
      while (walk.next()) {
        const offset = baseOffset + walk.offsetDelta;
        if (walk.key === null || offset < firstDirtyOffset) continue;
        if (!this.#map.put(walk.key, offset)) return false;
        this.mapEndOffset = offset + 1;
      }
    }
    this.mapEndOffset = Math.max(this.mapEndOffset, batch.nextOffset);
    return true;
  }

  /** Writes what is left of a group's segments; true when it is in its place, or when nothing had to be done. */
  *rewrite(group: readonly CleanSource[]): Generator<number | CleanedGroup, boolean, boolean | undefined> {
    const { files } = this.#context;
    const { folder } = this.#job;
    const [{ baseOffset }] = group;
    this.#keptAborted = [];
    const cleaned = new CleanedSegment(files, this.#job, baseOffset);
    let isInPlace = false;
    try {
      let isChanged = group.length > 1;
      try {
        for (const source of group) if (yield* this.#rewriteSource(source, cleaned)) isChanged = true;
        isChanged ||= this.#keptAborted.length !== group[0].abortedCount;
        if (!isChanged) return true;
        cleaned.finish(this.#keptAborted, group[group.length - 1]);
      } finally {
        cleaned.close();
      }
      const sources = group.map((source) => ({ baseOffset: source.baseOffset, sizeBytes: source.sizeBytes }));
      isInPlace = (yield { sources, sizeBytes: cleaned.sizeBytes }) === true;
      return isInPlace;
    } finally {
      if (!isInPlace) discardCleaned(files, folder, baseOffset);
    }
  }

  /** True when something was taken away or changed. */
  *#rewriteSource(source: CleanSource, cleaned: CleanedSegment): Generator<number, boolean, boolean | undefined> {
    const reader = new SegmentReader(this.#context, this.#job.folder, source);
    const writtenBefore = cleaned.sizeBytes;
    let isChanged = false;
    try {
      for (let batch = reader.next(); batch !== undefined; batch = reader.next()) {
        const left = filterBatch(batch, this.#judge(batch), this.#filter);
        if (left) cleaned.append(left);
        isChanged ||= left !== batch;
        const bytes = this.#due(reader.bytesRead + cleaned.sizeBytes - writtenBefore);
        if (bytes > 0) yield bytes;
      }
    } finally {
      reader.close();
      this.#bytesRead += reader.bytesRead;
      this.#bytesWritten += cleaned.sizeBytes - writtenBefore;
    }
    return isChanged;
  }

  #judge(batch: RecordBatchView): BatchVerdict {
    const { nowMs, endOffset, highWatermark } = this.#job;
    const verdict = this.#verdict;
    const { isControl, nextOffset } = batch;
    const isNeedless = isControl ? this.#transactions.onControl(batch) : this.#transactions.onData(batch);
    verdict.isIdleMarker = isControl && isNeedless;
    verdict.discardsRecords = isNeedless;
    if (isControl) {
      const horizonMs = batch.deleteHorizonMs;
      verdict.discardsRecords = isNeedless && horizonMs !== undefined && horizonMs <= nowMs;
    }
    // The end of what is cleaned must stay visible, or the offsets behind the last batch would seem never written.
    verdict.keepsEmpty = nextOffset === endOffset || nextOffset === highWatermark || this.#isLastOfProducer(batch);
    return verdict;
  }

  #isLastOfProducer(batch: RecordBatchView): boolean {
    if (!batch.hasProducerId) return false;
    const last = this.#lastRecords.get(batch.producerId);
    if (!last) return false;
    if (last.lastDataOffset >= 0) return batch.lastOffset === last.lastDataOffset;
    return batch.isControl && batch.producerEpoch === last.producerEpoch;
  }

  #keeps(offset: number, key: Uint8Array | null, isTombstone: boolean, horizonMs: number | undefined): boolean {
    if (offset >= this.mapEndOffset) return true;
    if (key === null) return false;
    if (offset < this.#map.get(key)) return false;
    return !isTombstone || horizonMs === undefined || this.#job.nowMs < horizonMs;
  }

  /** What came together since the last yield when it is worth one, else 0. `bytes` are those of the segment at hand. */
  #due(bytes: number): number {
    const total = this.#bytesRead + this.#bytesWritten + bytes;
    const since = total - this.#bytesTold;
    if (since < SLICE_BYTES) return 0;
    this.#bytesTold = total;
    return since;
  }
}
