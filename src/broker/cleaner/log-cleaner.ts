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
import type { RowPlace } from '../log-directory.ts';
import type { PartitionManager } from '../partition-manager.ts';
import type { StorageLinks } from '../storage-links.ts';
import type { CleanerPool, CleanerSettings } from './cleaner-pool.ts';
import { CleaningRests } from './cleaning-rests.ts';

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

/** Array lengths and typed arrays go no further. */
const MAP_BYTES_MAX = 2 ** 31 - 1;
const MAP_BYTES_MIN = 1024;
/** Below, reading takes more calls than it is worth. */
const BUFFER_BYTES_MIN = 64 * 1024;

export class LogCleaner {
  readonly #context: LogCleanerContext;
  /** Names of logs that are being cleaned. */
  readonly #running = new Map<string, Promise<void>>();
  readonly #rests = new CleaningRests();
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

  async #choose(): Promise<RowPlace | undefined> {
    const { partitions, storage, directories, clock } = this.#context;
    const nowMs = clock.monotonicMs();
    const places = new Map<number, RowPlace>();
    const compacted = [...partitions.compactedRows()];
    if (this.#rests.size > 0) this.#rests.keepOnly(new Set(compacted.map(nameOf)));
    for (const place of compacted) {
      const name = nameOf(place);
      if (this.#running.has(name) || this.#context.isMoving(place.topic, place.partition)) continue;
      if (this.#rests.isResting(name, nowMs)) continue;
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

  #begin(place: RowPlace, settings: CleanerSettings): void {
    const { clock, logger, config } = this.#context;
    const name = nameOf(place);
    const cleaning = this.#clean(place, settings)
      .catch((error: Error) => {
        if (this.#stopping) return false;
        logger.warn({ partition: name, error: error.message }, 'a log could not be cleaned');
        return false;
      })
      .then((isDone) => {
        this.#running.delete(name);
        if (isDone) this.#rests.succeeded(name);
        else this.#rests.failed(name, clock.monotonicMs(), config().long('log.cleaner.backoff.ms'));
        void this.#look();
      });
    this.#running.set(name, cleaning);
  }

  /** True when the cleaning came to its end. */
  async #clean({ row, topic, partition }: RowPlace, settings: CleanerSettings): Promise<boolean> {
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

function nameOf({ topic, partition }: RowPlace): string {
  return `${topic}-${partition}`;
}
