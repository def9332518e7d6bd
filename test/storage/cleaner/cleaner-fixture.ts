import type { LogConfig } from '../../../src/config/topic-config.ts';
import { portableCrc32c } from '../../../src/protocol/records/batch-header.ts';
import { buildEndTxnMarkerBatch } from '../../../src/protocol/records/control-records.ts';
import { RecordReader } from '../../../src/protocol/records/record-reader.ts';
import { AppendOrigin } from '../../../src/storage/append-origin.ts';
import type { CleanedGroup, CleanResult } from '../../../src/storage/cleaner/clean-job.ts';
import { cleanLog } from '../../../src/storage/cleaner/clean-log.ts';
import type { LogOptions } from '../../../src/storage/log.ts';
import { makeBatch, type TestBatch } from '../../native/record-batches.ts';
import { LogFixture } from '../log-fixture.ts';

/** A compacted log in memory, and its cleanings. */

export interface CleanOptions {
  readonly mapBytesMax?: number;
  readonly bufferBytes?: number;
  readonly onGroup?: (group: CleanedGroup) => void;
}

export interface SeenRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
}

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString());

export class CompactedLog extends LogFixture {
  /** Where the last cleaning ended. */
  checkpoint: number | undefined;

  constructor(config: Partial<LogConfig> = {}, options: Partial<LogOptions> = {}) {
    super({ cleanupCompact: true, cleanupDelete: false, deleteRetentionMs: 1_000, ...config }, options);
  }

  /** Records with these keys and values (null: a tombstone), in one batch. */
  put(entries: readonly (readonly [string | null, string | null])[], extra: Partial<TestBatch> = {}): number {
    const timestamp = this.clock.wallMs();
    const records = entries.map(([key, value]) => ({ timestamp, key, value }));
    const outcome = this.append(makeBatch({ records, ...extra }), AppendOrigin.coordinator);
    if (outcome.errorCode !== 0) throw new Error(`append: ${outcome.errorCode}`);
    return outcome.baseOffset;
  }

  end(producerId: number, producerEpoch: number, commit: boolean): number {
    const marker = { producerId, producerEpoch, commit, coordinatorEpoch: 0, timestamp: this.clock.wallMs() };
    const outcome = this.append(buildEndTxnMarkerBatch(marker), AppendOrigin.coordinator);
    if (outcome.errorCode !== 0) throw new Error(`marker: ${outcome.errorCode}`);
    return outcome.baseOffset;
  }

  /** Syncs, since nothing else is cleanable, and cleans once; the checkpoint follows. */
  async clean(options: CleanOptions = {}): Promise<CleanResult> {
    await this.sync();
    const job = this.log.cleanJob(this.checkpoint);
    const context = { mapBytesMax: 1 << 20, mapLoad: 0.9, bufferBytes: 1 << 16, ...options };
    const steps = cleanLog(job, { files: this.files, crc32c: portableCrc32c, ...context });
    let answer: boolean | undefined;
    for (;;) {
      const step = steps.next(answer);
      answer = undefined;
      if (step.done) {
        if (step.value.isComplete) this.checkpoint = step.value.cleanedOffset;
        return step.value;
      }
      if (typeof step.value === 'number') continue;
      options.onGroup?.(step.value);
      answer = this.log.swapCleaned(step.value);
    }
  }

  /** Data records as they lie in the log. */
  data(offset = this.log.logStartOffset): SeenRecord[] {
    return this.read(offset)
      .filter((batch) => !batch.isControl)
      .flatMap((batch) => [...new RecordReader(batch)])
      .map(({ offset: at, key, value, timestamp }) => ({ offset: at, key: text(key), value: text(value), timestamp }));
  }

  /** What a read_committed consumer makes of the log: aborted data left out by the index and the markers. */
  committed(): SeenRecord[] {
    const end = this.log.lastStableOffset;
    const aborted = [...this.log.abortedTransactions(this.log.logStartOffset, end)];
    aborted.sort((a, b) => a.firstOffset - b.firstOffset);
    const skipping = new Set<number>();
    const records: SeenRecord[] = [];
    for (const batch of this.read(this.log.logStartOffset, end)) {
      while (aborted.length > 0 && aborted[0].firstOffset <= batch.lastOffset)
        skipping.add(aborted.shift()!.producerId);
      if (batch.isControl) {
        const key = new RecordReader(batch).next()?.key;
        if (key?.[3] === 0) skipping.delete(batch.producerId);
        continue;
      }
      if (batch.isTransactional && skipping.has(batch.producerId)) continue;
      for (const { offset, key, value, timestamp } of new RecordReader(batch))
        records.push({ offset, key: text(key), value: text(value), timestamp });
    }
    return records;
  }
}
