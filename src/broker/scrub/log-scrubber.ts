/**
 * The checksum scrub: reads all closed segments again and again, slowly, and checks every batch, so that rot is found
 * before a reader meets it, and while a copy elsewhere may still be sound. What is damaged is reported by partition,
 * offset and file; readers are told so (CORRUPT_MESSAGE) and get everything else. Control thread; reading and checking is
 * the background pool's.
 *
 *     owner: which segments -> pool: check one -> owner: note what was found -> the next
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { BrokerConfig } from '../../config/broker-config.ts';
import { offsetFileName, partitionFolderName } from '../../storage/log-files.ts';
import type { BackgroundPool } from '../background/background-pool.ts';
import type { LogDirectories } from '../log-directories.ts';
import type { RowPlace } from '../log-directory.ts';
import type { PartitionManager } from '../partition-manager.ts';
import type { StorageLinks } from '../storage-links.ts';

export interface LogScrubberContext {
  readonly partitions: PartitionManager;
  readonly storage: StorageLinks;
  readonly directories: LogDirectories;
  readonly pool: BackgroundPool;
  readonly clock: Clock;
  readonly logger: Logger;
  config(): BrokerConfig;
  /** Its files are on their way elsewhere. */
  isMoving(topic: string, partition: number): boolean;
}

/** Since the start of the broker. */
export interface ScrubCounters {
  passes: number;
  segments: number;
  bytes: number;
  /** Damaged ranges that were not known before. */
  damagedRanges: number;
}

/** After a start there is other work; the first pass begins then, or after the interval when that is shorter. */
const FIRST_PASS_MS = 600_000;
/** Between two passes, and between two looks whether scrubbing is wanted again. */
const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 60_000;

export class LogScrubber {
  readonly counters: ScrubCounters = { passes: 0, segments: 0, bytes: 0, damagedRanges: 0 };
  readonly #context: LogScrubberContext;
  readonly #abort = new AbortController();
  #timer: Timer | undefined;
  #pass: Promise<void> = Promise.resolve();
  #nextPassMs = 0;

  constructor(context: LogScrubberContext) {
    this.#context = context;
  }

  start(): void {
    this.#nextPassMs = this.#context.clock.monotonicMs() + Math.min(FIRST_PASS_MS, this.#intervalMs);
    this.#lookLater();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#abort.abort();
    await this.#pass;
  }

  get #intervalMs(): number {
    return this.#context.config().long('millrace.scrub.interval.ms');
  }

  get #isWanted(): boolean {
    return !this.#abort.signal.aborted && this.#context.config().boolean('millrace.scrub.enable');
  }

  #lookLater(): void {
    const { clock } = this.#context;
    const waitMs = Math.min(Math.max(this.#nextPassMs - clock.monotonicMs(), PAUSE_MS_MIN), PAUSE_MS_MAX);
    this.#timer = clock.schedule(waitMs, () => {
      this.#pass = this.#look().finally(() => {
        if (!this.#abort.signal.aborted) this.#lookLater();
      });
    });
  }

  async #look(): Promise<void> {
    const { clock, partitions, logger } = this.#context;
    const startedMs = clock.monotonicMs();
    if (!this.#isWanted || startedMs < this.#nextPassMs) return;
    for (const place of [...partitions.rows()]) {
      if (!this.#isWanted) return;
      try {
        await this.#scrubPartition(place);
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        const name = partitionFolderName(place.topic, place.partition);
        logger.warn({ partition: name, error: (error as Error).message }, 'a log could not be checked');
      }
    }
    this.counters.passes++;
    this.#nextPassMs = startedMs + this.#intervalMs;
  }

  async #scrubPartition({ row, topic, partition }: RowPlace): Promise<void> {
    const { partitions, storage } = this.#context;
    const topicId = partitions.topicId(topic);
    const isThere = (): boolean =>
      partitions.topicId(topic) === topicId && partitions.locate(topic, partition).row === row;
    if (topicId === undefined || !isThere()) return;
    const named = { row, topicId, partition };
    for (const segment of await storage.request(row, { op: 'scrubSegments', ...named })) {
      const folder = this.#folderOf(topic, partition);
      if (!this.#isWanted || !isThere() || folder === undefined) return;
      const pace = { bytesPerSecond: () => this.#bytesPerSecond, signal: this.#abort.signal };
      const task = { kind: 'scrub' as const, job: { folder, ...segment } };
      const { damage, bytesRead, isGone } = await this.#context.pool.run(task, pace);
      this.counters.segments++;
      this.counters.bytes += bytesRead;
      if (isGone || !isThere()) continue;
      const added = await storage.request(row, { op: 'noteDamage', ...named, segment, damage });
      for (const range of added) this.#report(topic, partition, folder, range);
    }
  }

  /** Undefined while the partition is being moved. */
  #folderOf(topic: string, partition: number): string | undefined {
    const { directories, isMoving } = this.#context;
    const path = directories.directoryOf(topic, partition);
    if (path === undefined || isMoving(topic, partition)) return undefined;
    return `${directories.storedPath(path)}/${partitionFolderName(topic, partition)}`;
  }

  #report(
    topic: string,
    partition: number,
    folder: string,
    range: {
      segment: number;
      fromOffset: number;
      toOffset: number;
      fromPosition: number;
      toPosition: number;
      what: string;
    },
  ): void {
    const { segment, ...details } = range;
    this.counters.damagedRanges++;
    const file = `${folder}/${offsetFileName(segment, '.log')}`;
    const name = partitionFolderName(topic, partition);
    this.#context.logger.error(
      { partition: name, file, ...details },
      'records are damaged: they are not served any more',
    );
  }

  get #bytesPerSecond(): number {
    return this.#context.config().long('millrace.scrub.bytes.per.second');
  }
}
