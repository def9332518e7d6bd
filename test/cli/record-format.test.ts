import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_FORMAT, formatWriter, jsonWriter, type ReadRecord } from '../../src/cli/record-format.ts';
import { lineParser } from '../../src/cli/record-lines.ts';

const record = (more: Partial<ReadRecord> = {}): ReadRecord => ({
  topic: 't',
  partition: 3,
  offset: 42n,
  timestamp: 1_700_000_000_000n,
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  headers: [[Buffer.from('h'), Buffer.from('1')]],
  ...more,
});

const written = (format: string, more: Partial<ReadRecord> = {}): string =>
  formatWriter(format)(record(more)).toString('latin1');

test('every letter of a format', () => {
  assert.equal(written('%t/%p/%o %T %k=%s %K %S %h 100%%\\n'), 't/3/42 1700000000000 k=v 1 1 h=1 100%\n');
  assert.equal(written(DEFAULT_FORMAT), 'v\n');
  assert.equal(written('a\\tb\\x00c\\\\'), 'a\tb\0c\\');
});

test('null key and value are empty, and their lengths tell', () => {
  assert.equal(written('[%k|%s] %K %S', { key: null, value: null }), '[|] -1 -1');
});

test('bytes go through unchanged', () => {
  assert.equal(written('%s', { value: Buffer.from([0xff, 0x00, 0xfe]) }), '\xff\0\xfe');
});

test('an unknown letter is refused', () => {
  assert.throws(() => formatWriter('%x'), /%x is not known/);
  assert.throws(() => formatWriter('100%'), /% is not known/);
});

test('a record written as JSON comes back the same', () => {
  const values = [Buffer.from('text "quoted"\n'), Buffer.from([0xff, 0xfe]), Buffer.alloc(0), null];
  for (const value of values) {
    const line = jsonWriter(record({ value, headers: [] }));
    const back = lineParser({ topic: 't', json: true })(line, 1);
    assert.deepEqual(back.value ?? null, value);
    assert.deepEqual(back.key, Buffer.from('k'));
    assert.equal(back.timestamp, 1_700_000_000_000n);
  }
});
