import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '../../src/base/logger.ts';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { type RateLimitOptions, rateLimitedLogger } from '../../src/telemetry/rate-limited-logger.ts';

function record(options: RateLimitOptions): { clock: ManualClock; lines: string[]; logger: Logger } {
  const lines: string[] = [];
  const line =
    (level: string) =>
    (details: object, message: string): void => {
      lines.push(`${level} ${message} ${JSON.stringify(details)}`);
    };
  const clock = new ManualClock();
  const inner: Logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  return { clock, lines, logger: rateLimitedLogger(inner, clock, options) };
}

test('the first few of a kind pass, and the rest is summed up when the interval ends', () => {
  const { clock, lines, logger } = record({ intervalMs: 1000, linesMax: 2 });
  for (let i = 0; i < 5; i++) logger.warn({ i }, 'bad frame');
  logger.warn({}, 'other');
  assert.deepEqual(lines, ['warn bad frame {"i":0}', 'warn bad frame {"i":1}', 'warn other {}']);
  clock.advance(1000);
  assert.deepEqual(lines.slice(3), ['warn bad frame {"leftOut":3,"intervalMs":1000}']);
  logger.warn({ i: 6 }, 'bad frame');
  assert.equal(lines.at(-1), 'warn bad frame {"i":6}');
});

test('kinds are told apart by level, and info passes freely', () => {
  const { lines, logger } = record({ linesMax: 1 });
  for (let i = 0; i < 3; i++) {
    logger.warn({}, 'x');
    logger.error({}, 'x');
    logger.info({}, 'x');
  }
  assert.equal(lines.filter((line) => line.startsWith('warn')).length, 1);
  assert.equal(lines.filter((line) => line.startsWith('error')).length, 1);
  assert.equal(lines.filter((line) => line.startsWith('info')).length, 3);
});

test('kinds beyond the bound share one count', () => {
  const { clock, lines, logger } = record({ intervalMs: 1000, linesMax: 1, kindsMax: 2 });
  for (let i = 0; i < 10; i++) logger.warn({}, `kind ${i}`);
  assert.deepEqual(lines, ['warn kind 0 {}', 'warn kind 1 {}', 'warn kind 2 {}']);
  assert.equal(clock.pending, 3);
  clock.advance(1000);
  assert.equal(lines.at(-1), 'warn more messages of several kinds {"leftOut":7,"intervalMs":1000}');
  assert.equal(clock.pending, 0);
});
