import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readLines } from '../../src/cli/line-reader.ts';
import { type LineOptions, lineParser, type RecordToSend } from '../../src/cli/record-lines.ts';

const parse = (line: string, options: Omit<LineOptions, 'topic'> = {}): RecordToSend =>
  lineParser({ topic: 't', ...options })(Buffer.from(line), 7);

test('a line is a value, or key and value', () => {
  assert.deepEqual(parse('a:b').value, Buffer.from('a:b'));
  const keyed = parse('a:b:c', { keySeparator: ':' });
  assert.deepEqual([keyed.key, keyed.value], [Buffer.from('a'), Buffer.from('b:c')]);
  assert.deepEqual(parse('a\tb', { keySeparator: '\\t' }).key, Buffer.from('a'));
  assert.throws(() => parse('a', { keySeparator: ':' }), /line 7 has no key/);
  assert.throws(() => parse('a', { keySeparator: '' }), /--key-separator is empty/);
});

test('an empty value is a tombstone only when asked for', () => {
  assert.deepEqual(parse('k:', { keySeparator: ':' }).value, Buffer.alloc(0));
  assert.equal(parse('k:', { keySeparator: ':', emptyIsNull: true }).value, undefined);
});

test('headers and partition go into every record', () => {
  const { headers, partition } = parse('x', { headers: ['a=1', 'b=x=y'], partition: 2 });
  assert.deepEqual([...headers!].map(String), ['a,1', 'b,x=y']);
  assert.equal(partition, 2);
  assert.throws(() => parse('x', { headers: ['a'] }), /a is not a header/);
});

test('JSON lines', () => {
  const record = parse('{"key":1,"value":{"a":[]},"headers":{"h":"v"},"timestamp":5}', { json: true });
  assert.deepEqual([String(record.key), String(record.value), record.timestamp], ['1', '{"a":[]}', 5n]);
  assert.deepEqual([...record.headers!].map(String), ['h,v']);
  for (const line of ['', '[]', 'null', '{', '"x"']) {
    assert.throws(() => parse(line, { json: true }), /line 7 is not a JSON object/, line);
  }
  assert.throws(() => parse('{"headers":[1]}', { json: true }), /line 7: headers are not pairs/);
});

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length];
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

test('lines are the same however the bytes arrive', async () => {
  const lines = fc.array(fc.stringMatching(/^[a-z ]{0,9}$/));
  const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(lines, sizes, fc.constantFrom('\n', '\r\n'), async (expected, chunkSizes, end) => {
      const bytes = Buffer.from(expected.map((line) => line + end).join(''));
      const found: string[] = [];
      for await (const some of readLines(chunksOf(bytes, chunkSizes))) found.push(...some.map(String));
      assert.deepEqual(found, expected);
    }),
  );
});

test('a last line without an end counts', async () => {
  const found: string[] = [];
  for await (const some of readLines(chunksOf(Buffer.from('a\nb'), [2]))) found.push(...some.map(String));
  assert.deepEqual(found, ['a', 'b']);
});
