/**
 * A logger that a misbehaving client cannot flood: of each kind of warning and error (its level and message) only the
 * first few of an interval are written; how many were left out is said when the interval ends. Any thread.
 */
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';

export interface RateLimitOptions {
  /** Default 10 seconds. */
  readonly intervalMs?: number;
  /** Lines of one kind per interval; default 5. */
  readonly linesMax?: number;
  /** Kinds that are counted apart; later ones of the same time share one count. Default 200. */
  readonly kindsMax?: number;
}

interface Interval {
  lines: number;
  leftOut: number;
}

type LimitedLevel = 'warn' | 'error';

/** `debug` and `info` pass freely: they speak of what the broker does, not of what is done to it. */
export function rateLimitedLogger(logger: Logger, clock: Clock, options: RateLimitOptions = {}): Logger {
  const { intervalMs = 10_000, linesMax = 5, kindsMax = 200 } = options;
  const intervals = new Map<string, Interval>();

  const intervalOf = (level: LimitedLevel, message: string): Interval => {
    const known = intervals.get(`${level} ${message}`);
    if (known) return known;
    const shared = intervals.size >= kindsMax;
    const kind = shared ? level : `${level} ${message}`;
    const running = intervals.get(kind);
    if (running) return running;
    const interval: Interval = { lines: 0, leftOut: 0 };
    intervals.set(kind, interval);
    clock.schedule(intervalMs, () => {
      intervals.delete(kind);
      if (interval.leftOut === 0) return;
      logger[level]({ leftOut: interval.leftOut, intervalMs }, shared ? 'more messages of several kinds' : message);
    });
    return interval;
  };

  const limited =
    (level: LimitedLevel) =>
    (details: object, message: string): void => {
      const interval = intervalOf(level, message);
      if (interval.lines >= linesMax) {
        interval.leftOut++;
        return;
      }
      interval.lines++;
      logger[level](details, message);
    };

  return {
    debug: (details, message) => logger.debug(details, message),
    info: (details, message) => logger.info(details, message),
    warn: limited('warn'),
    error: limited('error'),
  };
}
