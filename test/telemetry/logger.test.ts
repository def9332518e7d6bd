import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '../../src/base/logger.ts';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { createLogger, type LoggerOptions } from '../../src/telemetry/logger.ts';

function record(options: LoggerOptions = {}): { lines: string[]; logger: Logger } {
  const lines: string[] = [];
  const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
  return { lines, logger: createLogger({ clock, write: (line) => lines.push(line), ...options }) };
}

test('text lines carry time, level, message and details', () => {
  const { lines, logger } = record();
  logger.info({ nodeId: 1, listener: 'PLAINTEXT://:9092', name: 'two words' }, 'broker ready');
  assert.deepEqual(lines, [
    '2026-01-02T03:04:05.006Z INFO  broker ready nodeId=1 listener=PLAINTEXT://:9092 name="two words"\n',
  ]);
});

test('nothing that is logged can begin a line of its own', () => {
  const { lines, logger } = record();
  const hostile = 'a\n2026-01-02T00:00:00Z ERROR forged\u2028\u001b[31m';
  logger.warn({ clientId: hostile, [hostile]: 1 }, hostile);
  assert.equal(lines.length, 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(lines[0].slice(0, -1), /[\u0000-\u001f\u007f\u2028]/);
});

test('an error shows its message and where it came from', () => {
  const { lines, logger } = record();
  logger.error({ error: new RangeError('too far') }, 'append failed');
  assert.match(lines[0], /ERROR append failed error="RangeError: too far \(at /);
});

test('a long value is cut', () => {
  const { lines, logger } = record();
  logger.info({ text: 'x'.repeat(100_000) }, 'long');
  assert.ok(lines[0].length < 1200);
});

test('json lines have level and time in words', () => {
  const { lines, logger } = record({ format: 'json' });
  logger.warn({ component: 'quota', user: 'a' }, 'throttled');
  assert.deepEqual(JSON.parse(lines[0]), {
    level: 'warn',
    time: '2026-01-02T03:04:05.006Z',
    component: 'quota',
    user: 'a',
    msg: 'throttled',
  });
});

test('lines below the level are dropped', () => {
  const { lines, logger } = record({ level: 'warn' });
  logger.info({}, 'quiet');
  assert.equal(lines.length, 0);
  logger.warn({}, 'loud');
  assert.equal(lines.length, 1);
});
