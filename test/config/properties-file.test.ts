import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseProperties } from '../../src/config/properties-file.ts';

const parsed = (text: string): Record<string, string> => Object.fromEntries(parseProperties(text));

test('separators, comments and blank lines', () => {
  const text = '# comment\n! comment\n\n  a=1\nb : 2\nc\t3\nd\n e = = 4 \nf=';
  assert.deepEqual(parsed(text), { a: '1', b: '2', c: '3', d: '', e: '= 4 ', f: '' });
});

test('continuation lines lose their indentation, and a comment sign in them is text', () => {
  assert.deepEqual(parsed('listeners=A://:1,\\\n    B://:2,\\\r\n  # C\nx=\\\\\ny=1'), {
    listeners: 'A://:1,B://:2,# C',
    x: '\\',
    y: '1',
  });
});

test('escapes in keys and values', () => {
  assert.deepEqual(parsed('a\\=b\\ c=\\t\\u00e9\\n\\q'), { 'a=b c': '\té\nq' });
});

test('a byte order mark and a last line without an end', () => {
  assert.deepEqual(parsed('\uFEFFa=1\nb=2\\'), { a: '1', b: '2' });
});

test('the last of two wins', () => {
  assert.deepEqual(parsed('a=1\na=2'), { a: '2' });
});

test('any key and value survive when written with escapes', () => {
  const escaped = (text: string): string =>
    text.replace(/[^a-z0-9]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const unit = fc.string({ unit: 'binary', minLength: 1 });
  fc.assert(
    fc.property(unit, unit, (key, value) => {
      assert.deepEqual([...parseProperties(`${escaped(key)}=${escaped(value)}`)], [[key, value]]);
    }),
  );
});
