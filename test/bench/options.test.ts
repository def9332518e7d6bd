import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import {
  addLoadOptions,
  type LoadOptions,
  parseAddress,
  parseAmount,
  parseRates,
  parseSeconds,
  toSettings,
} from '../../bench/load/options.ts';

function parse(...args: string[]) {
  const command = addLoadOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return toSettings(command.parse(args, { from: 'user' }).opts<LoadOptions>());
}

test('amounts, times and addresses take units', () => {
  assert.deepEqual(['100', '50k', '16KiB', '1.5M'].map(parseAmount), [100, 50_000, 16_384, 1_500_000]);
  assert.deepEqual(['30', '500ms', '2m'].map(parseSeconds), [30, 0.5, 120]);
  assert.deepEqual(parseAddress('[::1]:9092'), { host: '::1', port: 9092 });
  for (const text of ['', 'k', '5x', '-1']) assert.throws(() => parseAmount(text), /no amount/);
  assert.throws(() => parseSeconds('5h'), /no duration/);
  assert.throws(() => parseAddress('localhost'), /no address/);
});

test('rates: one, several, a ramp, or none', () => {
  assert.deepEqual(parseRates('max', 5), [{ rate: 0, seconds: 5 }]);
  assert.deepEqual(
    parseRates('1k,2k', 5).map((stage) => stage.rate),
    [1000, 2000],
  );
  assert.deepEqual(
    parseRates('10k..50k/5', 1).map((stage) => stage.rate),
    [10_000, 20_000, 30_000, 40_000, 50_000],
  );
  assert.throws(() => parseRates('1k..2k/1', 1), /2 to 1000/);
});

test('options become settings', () => {
  const settings = parse(
    '-b',
    'h:1',
    '-r',
    '5k',
    '--keys',
    '10',
    '--linger',
    '5ms',
    '-a',
    '1',
    '--topic-config',
    'flush.messages=1',
  );
  assert.equal(settings.host, 'h');
  assert.equal(settings.partitioner, 'key');
  assert.equal(settings.lingerMs, 5);
  assert.equal(settings.acks, 1);
  assert.deepEqual(settings.topicConfigs, { 'flush.messages': '1' });
  assert.equal(parse('--records', '10').warmUpSeconds, 0, 'what is bounded by records counts from the first');
  assert.deepEqual(parse('--pid', String(process.pid)).pids.includes(process.pid), true);
});

test('wrong options are refused with what is allowed', () => {
  assert.throws(() => parse('-a', '2'), /all, 1, 0/);
  assert.throws(() => parse('-z', 'brotli'), /zstd/);
  assert.throws(() => parse('--topic-config', 'x'), /no topic setting/);
});

test('what makes no sense is refused before a broker is asked', () => {
  for (const [args, why] of [
    [['-r', '0'], /"0" is no rate/],
    [['-r', '10k..0/3'], /"0" is no rate/],
    [['-r', '1000M'], /is no rate/],
    [['-r', 'max,10k'], /do not mix/],
    [['-p', '0'], /Nothing to do/],
    [['-p', '0.5'], /no whole number/],
    [['--partitions', '0'], /no whole number/],
    [['--keys', '1000M'], /no whole number/],
    [['-t', '0'], /no time at all/],
    [['--end-to-end'], /needs producers and consumers/],
    [['--acks', '0', '--idempotent'], /no offsets/],
    [['--to-end'], /needs consumers/],
    [['--pid', 'abc'], /no process abc/],
    [['--pid', '4194305'], /no process 4194305/],
    [['--topic', 'a,,b'], /empty name/],
    [['-b', '127.0.0.1:0'], /no address/],
  ] as const) {
    assert.throws(() => parse(...args), why, args.join(' '));
  }
  assert.deepEqual(parse('--pid', String(process.pid)).pids.slice(0, 1), [process.pid]);
});
