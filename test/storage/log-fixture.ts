import { silentLogger } from '../../src/base/logger.ts';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { LogConfig } from '../../src/config/topic-config.ts';
import { type LogStore, PLAN_STRIDE, PlanSlot, PlanStatus } from '../../src/native/log-store.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import type { RecordBatchView } from '../../src/protocol/records/batch-header.ts';
import { RecordReader } from '../../src/protocol/records/record-reader.ts';
import { recordBatches } from '../../src/protocol/records/stored-batches.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import type { AppendOutcome } from '../../src/storage/append-outcome.ts';
import { Log, type LogOptions } from '../../src/storage/log.ts';
import { simpleBatch, type TestBatch } from '../native/record-batches.ts';

/** A log in memory with a clock to turn, for the tests of src/storage. */

export const NOW_MS = 1_700_000_000_000;
export const TOPIC_ID = 'zzzzzzzzzzzzzzzzzzzzzA';
export const FOLDER = '/data/t-0';

export const LONG_MAX = 2 ** 63;

export const DEFAULT_CONFIG: LogConfig = {
  segmentBytes: 1 << 30,
  segmentMs: 604_800_000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 << 20,
  flushMessages: LONG_MAX,
  flushMs: LONG_MAX,
  retentionBytes: -1,
  retentionMs: 604_800_000,
  maxMessageBytes: 1_048_588,
  indexIntervalBytes: 4096,
  deleteRetentionMs: 86_400_000,
  minCompactionLagMs: 0,
  maxCompactionLagMs: LONG_MAX,
  fileDeleteDelayMs: 60_000,
  minCleanableDirtyRatio: 0.5,
  cleanupDelete: true,
  cleanupCompact: false,
  uncleanLeaderElectionEnable: false,
  minInsyncReplicas: 1,
  compressionType: 'producer',
  compressionGzipLevel: -1,
  compressionLz4Level: 9,
  compressionZstdLevel: 3,
  preallocate: false,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: LONG_MAX,
  messageTimestampAfterMaxMs: 3_600_000,
  leaderReplicationThrottledReplicas: [],
  followerReplicationThrottledReplicas: [],
  remoteStorageEnable: false,
  localRetentionMs: 604_800_000,
  localRetentionBytes: -1,
  remoteLogCopyDisable: false,
  remoteCopyLagMs: 0,
  remoteCopyLagBytes: 0,
  remoteLogDeleteOnDisable: false,
  errorsDeadletterqueueGroupEnable: false,
};

export class LogFixture {
  readonly clock = new ManualClock(NOW_MS);
  files = new MemoryFileSpace(() => this.clock.wallMs());
  store: LogStore = new SegmentedLogStore(this.files);
  config: LogConfig;
  log: Log;
  readonly #options: Partial<LogOptions>;

  constructor(config: Partial<LogConfig> = {}, options: Partial<LogOptions> = {}) {
    this.config = { ...DEFAULT_CONFIG, ...config };
    this.#options = options;
    this.log = this.open();
  }

  open(options: Partial<LogOptions> = {}): Log {
    this.log = Log.open(this.store, FOLDER, {
      topic: 't',
      partition: 0,
      topicId: TOPIC_ID,
      config: this.config,
      validation: { decompressedBytesMax: 1 << 27 },
      producerStateOptions: { producerIdExpirationMs: 86_400_000, verificationEnabled: false },
      clock: this.clock,
      random: seededRandom(1),
      logger: silentLogger,
      recoveryPoint: 0,
      logStartOffset: 0,
      cleanShutdown: false,
      leaderEpoch: 0,
      ...this.#options,
      ...options,
    });
    this.log.setHighWatermark(this.log.logEndOffset);
    return this.log;
  }

  /** Closes and opens again, as a broker does that stops in order. */
  reopen(options: Partial<LogOptions> = {}): Log {
    const { recoveryPoint, logStartOffset } = this.#closed();
    return this.open({ recoveryPoint, logStartOffset, cleanShutdown: true, ...options });
  }

  #closed(): { recoveryPoint: number; logStartOffset: number } {
    this.log.close();
    return this.log;
  }

  /** Goes on with what a crash leaves behind. */
  crash(options: Partial<LogOptions> = {}): Log {
    const { recoveryPoint, logStartOffset } = this.log;
    this.files = this.files.clone();
    this.store = new SegmentedLogStore(this.files);
    return this.open({ recoveryPoint, logStartOffset, cleanShutdown: false, ...options });
  }

  append(batch: Uint8Array, origin: AppendOrigin = AppendOrigin.client): AppendOutcome {
    const outcome = this.log.append(batch, origin);
    this.log.setHighWatermark(this.log.logEndOffset);
    return outcome;
  }

  /** Appends `count` records with the clock's time. */
  appendRecords(count: number, extra: Partial<TestBatch> = {}, valueBytes = 10): AppendOutcome {
    return this.append(simpleBatch(count, this.clock.wallMs(), valueBytes, extra));
  }

  /** Batches from `offset` on to the end. */
  read(offset: number, upperOffset = this.log.logEndOffset): RecordBatchView[] {
    const plan = new Float64Array(PLAN_STRIDE);
    const batches: RecordBatchView[] = [];
    for (;;) {
      const status = this.store.planRead(this.log.handle, offset, 1 << 30, upperOffset, plan, 0);
      if (status === PlanStatus.atEnd) return batches;
      if (status !== PlanStatus.ok) throw new Error(`planRead(${offset}): ${status}`);
      const bytes = Buffer.alloc(plan[PlanSlot.sizeBytes]);
      this.store.readPlanned(plan[PlanSlot.file], plan[PlanSlot.position], bytes, 0, bytes.length);
      this.store.release(plan[PlanSlot.file]);
      batches.push(...recordBatches(bytes));
      offset = batches.at(-1)!.nextOffset;
    }
  }

  /** Offsets and values of all records from `offset` on. */
  records(offset = this.log.logStartOffset): { offset: number; value: string }[] {
    return this.read(offset).flatMap((batch) =>
      [...new RecordReader(batch)].map((record) => ({
        offset: record.offset,
        value: Buffer.from(record.value ?? []).toString(),
      })),
    );
  }

  names(folder = FOLDER): string[] {
    const entries = this.files.list(folder);
    if (typeof entries === 'number') throw new Error(`list: ${entries}`);
    return entries.map((entry) => entry.name);
  }

  file(name: string): Buffer {
    const bytes = this.files.readFile(`${FOLDER}/${name}`);
    if (typeof bytes === 'number') throw new Error(`${name}: ${bytes}`);
    return Buffer.from(bytes);
  }

  sync(): Promise<number> {
    return new Promise((resolve) => this.log.sync((result) => resolve(result)));
  }
}
