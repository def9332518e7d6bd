/**
 * What an operator is told of loads: one line for those that were under way together, as after a start, and another for
 * each that took long or failed. Every one by itself is told at debug. Control thread.
 */
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';

/** A load that takes longer is told by itself: meanwhile clients wait. */
const SLOW_LOAD_MS = 1_000;

export interface LoadReportOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class LoadReport {
  readonly #options: LoadReportOptions;
  #underWay = 0;
  /** Of those that were under way together: when the first began, and how many went well. */
  #startedMs = 0;
  #partitions = 0;
  #records = 0;

  constructor(options: LoadReportOptions) {
    this.#options = options;
  }

  /** Returns when it began; each is followed by `ended`. */
  begun(): number {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#underWay++ === 0) this.#startedMs = nowMs;
    return nowMs;
  }

  loaded(partition: number, records: number, startedMs: number): void {
    const { name, logger } = this.#options;
    this.#partitions++;
    this.#records += records;
    const tookMs = this.#since(startedMs);
    const isSlow = tookMs > SLOW_LOAD_MS;
    const message = `${name} coordinator: a partition loaded${isSlow ? ' slowly' : ''}`;
    logger[isSlow ? 'info' : 'debug']({ partition, records, tookMs }, message);
  }

  failed(partition: number, error: unknown): void {
    const stack = error instanceof Error ? error.stack : String(error);
    const message = `${this.#options.name} coordinator: loading failed, will be tried again`;
    this.#options.logger.error({ partition, stack }, message);
  }

  ended(): void {
    if (--this.#underWay > 0) return;
    const { name, logger } = this.#options;
    const loaded = { partitions: this.#partitions, records: this.#records, tookMs: this.#since(this.#startedMs) };
    this.#partitions = 0;
    this.#records = 0;
    if (loaded.partitions > 0) logger.info(loaded, `${name} coordinator loaded`);
  }

  #since(startedMs: number): number {
    return Math.round(this.#options.clock.monotonicMs() - startedMs);
  }
}
