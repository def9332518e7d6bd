/**
 * Compaction: looks after the logs of topics with cleanup.policy=compact. The owner of each log says what of it may be
 * cleaned, the dirtiest one is cleaned by the pool, and the owner puts each finished segment in its place; then the next,
 * until nothing is worth it, and again after `log.cleaner.backoff.ms`. Follows Kafka's LogCleaner. Control thread.
 *
 *     ask owners (cleanable) -> choose -> ask the owner for the job -> pool -> swap, group by group -> checkpoint
 *
 * A log that was deleted or changed while it was cleaned is noticed at the swap, and nothing happens.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { BrokerConfig } from '../../config/broker-config.ts';
import type { StorageRequest } from '../../partition/storage-messages.ts';
import { filthiest } from '../../storage/cleaner/cleanable.ts';
import type { LogDirectories } from '../log-directories.ts';
import type { PartitionManager } from '../partition-manager.ts';
import type { StorageLinks } from '../storage-links.ts';
import type { CleanerPool, CleanerSettings } from './cleaner-pool.ts';

export interface LogCleanerContext {
  readonly partitions: PartitionManager;
  readonly storage: StorageLinks;
  readonly directories: LogDirectories;
  readonly pool: CleanerPool;
  readonly clock: Clock;
  readonly logger: Logger;
  config(): BrokerConfig;
  /** Its segments are being copied to another directory. */
  isMoving(topic: string, partition: number): boolean;
}

interface Place {
  readonly row: number;
  readonly topic: string;
  readonly partition: number;
}

/** Array lengths and typed arrays go no further. */
const MAP_BYTES_MAX = 2 ** 31 - 1;
const MAP_BYTES_MIN = 1024;
const REST_MS_MAX = 3_600_000;
/** Below, reading takes more calls than it is worth. */
const BUFFER_BYTES_MIN = 64 * 1024;

export class LogCleaner {
  readonly #context: LogCleanerContext;
  /** Names of logs that are being cleaned. */
  readonly #running = new Map<string, Promise<void>>();
  /** Logs whose last cleaning came to nothing, until when they are left alone. */
  readonly #restingUntilMs = new Map<string, number>();
  /** How often in a row. */
  readonly #failures = new Map<string, number>();
  #looking = false;
  #stopping = false;
  #timer: Timer | undefined;

  constructor(context: LogCleanerContext) {
    this.#context = context;
  }

  start(): void {
    const { config } = this.#context;
    if (config().boolean('log.cleaner.enable')) this.#lookLater();
  }

  /** Ends what is under way; no swap begins after it. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#timer?.cancel();
    await this.#context.pool.close();
    await Promise.all(this.#running.values());
  }

  #lookLater(): void {
    this.#timer?.cancel();
    const { clock, config } = this.#context;
    this.#timer = clock.schedule(config().long('log.cleaner.backoff.ms'), () => void this.#look());
  }

  /** Starts cleanings while there are threads for them and logs that are worth it. */
  async #look(): Promise<void> {
    if (this.#looking || this.#stopping) return;
    this.#looking = true;
    try {
      const settings = this.#settings();
      while (this.#running.size < settings.threads && !this.#stopping) {
        const place = await this.#choose();
        if (!place || this.#stopping) break;
        this.#begin(place, settings);
      }
    } catch (error) {
      if (!this.#stopping) this.#context.logger.warn({ error: (error as Error).message }, 'the log cleaner stumbled');
    } finally {
      this.#looking = false;
      if (!this.#stopping) this.#lookLater();
    }
  }

  #settings(): CleanerSettings {
    const config = this.#context.config();
    const threads = config.int('log.cleaner.threads');
    const share = Math.max(1, threads);
    const mapBytes = Math.floor(config.long('log.cleaner.dedupe.buffer.size') / share);
    return {
      threads,
      mapBytesMax: Math.min(Math.max(mapBytes, MAP_BYTES_MIN), MAP_BYTES_MAX),
      mapLoad: config.double('log.cleaner.io.buffer.load.factor'),
      bufferBytes: Math.max(BUFFER_BYTES_MIN, Math.floor(config.int('log.cleaner.io.buffer.size') / share / 2)),
      bytesPerSecond: Math.max(1, config.double('log.cleaner.io.max.bytes.per.second') / share),
    };
  }

  async #choose(): Promise<Place | undefined> {
    const { partitions, storage, directories, clock } = this.#context;
    const nowMs = clock.monotonicMs();
    const places = new Map<number, Place>();
    for (const place of partitions.compactedRows()) {
      const name = nameOf(place);
      if (this.#running.has(name) || this.#context.isMoving(place.topic, place.partition)) continue;
      if ((this.#restingUntilMs.get(name) ?? nowMs) > nowMs) continue;
      this.#restingUntilMs.delete(name);
      places.set(place.row, place);
    }
    const replies = await storage.requestRows([...places.keys()], (rows): StorageRequest & { op: 'cleanable' } => ({
      op: 'cleanable',
      rows: rows.map((row) => {
        const { topic, partition } = places.get(row)!;
        return { row, checkpoint: directories.cleanerOffset(topic, partition) ?? null };
      }),
    }));
    const chosen = filthiest(replies.flat());
    return chosen && places.get(chosen.row);
  }

  #begin(place: Place, settings: CleanerSettings): void {
    const { clock, logger } = this.#context;
    const name = nameOf(place);
    const cleaning = this.#clean(place, settings)
      .catch((error: Error) => {
        if (this.#stopping) return false;
        logger.warn({ partition: name, error: error.message }, 'a log could not be cleaned');
        return false;
      })
      .then((isDone) => {
        this.#running.delete(name);
        if (isDone) this.#failures.delete(name);
        else this.#restingUntilMs.set(name, clock.monotonicMs() + this.#restMs(name));
        void this.#look();
      });
    this.#running.set(name, cleaning);
  }

  /** What failed once would fail again at once; a log that keeps failing is damaged and tried ever more rarely. */
  #restMs(name: string): number {
    const failures = this.#failures.get(name) ?? 0;
    this.#failures.set(name, failures + 1);
    const backoffMs = Math.max(1, this.#context.config().long('log.cleaner.backoff.ms'));
    return Math.min(backoffMs * 2 ** failures, Math.max(backoffMs, REST_MS_MAX));
  }

  /** True when the cleaning came to its end. */
  async #clean({ row, topic, partition }: Place, settings: CleanerSettings): Promise<boolean> {
    const { storage, directories, pool, clock, logger } = this.#context;
    const startedMs = clock.monotonicMs();
    const checkpoint = directories.cleanerOffset(topic, partition) ?? null;
    const { topicId, job } = await storage.request(row, { op: 'cleanJob', row, checkpoint });
    // Meanwhile the row may have become another partition's.
    if (this.#stopping || job.name !== `${topic}-${partition}`) return false;
    logger.debug({ partition: job.name, from: job.firstDirtyOffset, to: job.endOffset }, 'cleaning a log');
    const { isComplete, cleanedOffset, bytesRead, bytesWritten } = await pool.run(job, settings, async (group) => {
      if (this.#stopping) return false;
      return storage.request(row, { op: 'swapCleaned', row, topicId, group });
    });
    if (!isComplete || this.#stopping) return false;
    if (this.#isStill(topic, partition, row)) directories.setCleanerOffset(topic, partition, cleanedOffset);
    const details = { partition: job.name, cleanedOffset, bytesRead, bytesWritten };
    logger.info({ ...details, ms: Math.round(clock.monotonicMs() - startedMs) }, 'cleaned a log');
    return true;
  }

  #isStill(topic: string, partition: number, row: number): boolean {
    return this.#context.partitions.locate(topic, partition).row === row;
  }
}

function nameOf({ topic, partition }: Place): string {
  return `${topic}-${partition}`;
}
