/**
 * The process's log: pino behind `base/logger.ts`. Any thread: each makes its own, and node
 * brings what a worker writes to the process's standard output.
 *
 *     const logger = createLogger({ level: 'info', format: 'text' })      settings millrace.log.level, millrace.log.format
 *     rateLimitedLogger(logger, clock)                                    see rate-limited-logger.ts
 *     new ComponentLoggers(logger, 'INFO').of('groups')                   see component-loggers.ts
 *
 * A line goes to standard output the moment it is written. `text` is for people, one line each:
 *
 *     2026-11-21T16:00:00.000Z INFO  broker ready nodeId=1 port=9092
 *
 * `json` is pino's own, with level and time in words. Messages are constant texts and what varies stands in the details,
 * so that lines can be counted and limited by message.
 */
import { pino } from 'pino';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { textLine } from './text-line.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LoggerOptions {
  readonly level?: LogLevel;
  readonly format?: 'text' | 'json';
  /** Takes whole lines, each with its end; standard output unless a test says otherwise. */
  readonly write?: (line: string) => void;
  readonly clock?: Clock;
}

export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', format = 'text', write = writeOut, clock = systemClock } = options;
  const inner = pino(
    {
      level,
      base: undefined,
      timestamp: () => `,"time":"${new Date(clock.wallMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
    },
    { write: format === 'json' ? write : (line: string) => write(textLine(line)) },
  );
  return {
    debug: (details, message) => inner.debug(details, message),
    info: (details, message) => inner.info(details, message),
    warn: (details, message) => inner.warn(details, message),
    error: (details, message) => inner.error(details, message),
  };
}

function writeOut(line: string): void {
  process.stdout.write(line);
}
