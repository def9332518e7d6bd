import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigDefinition } from '../../src/config/config-definition.ts';
import {
  bool,
  double,
  int,
  LONG_MAX,
  list,
  long,
  password,
  short,
  string,
} from '../../src/config/config-definition.ts';
import { canonicalText, isProblem, parseConfigValue } from '../../src/config/config-value.ts';

const parse = (definition: ConfigDefinition, text: string): unknown => {
  const parsed = parseConfigValue(definition, text);
  return isProblem(parsed) ? parsed.problem : [parsed.value, parsed.text];
};

test('booleans are true or false in any case', () => {
  const setting = bool('b', false, '');
  assert.deepEqual(parse(setting, ' TRUE '), [true, 'true']);
  assert.deepEqual(parse(setting, 'false'), [false, 'false']);
  assert.equal(
    parse(setting, 'yes'),
    'Invalid value yes for configuration b: Expected value to be either true or false',
  );
});

test('integers are Java integers of their width', () => {
  assert.deepEqual(parse(int('i', 0, ''), ' +007 '), [7, '7']);
  assert.deepEqual(parse(int('i', 0, ''), '-2147483648'), [-2147483648, '-2147483648']);
  for (const text of ['2147483648', '1.0', '1e3', '0x10', '', ' ', '1 2', '9'.repeat(100_000)]) {
    assert.match(String(parse(int('i', 0, ''), text)), /Not a number of type INT$/, text.slice(0, 20));
  }
  assert.match(String(parse(short('s', 0, ''), '32768')), /Not a number of type SHORT$/);
});

test('a LONG keeps its exact text', () => {
  const setting = long('l', LONG_MAX, '');
  assert.deepEqual(parse(setting, '9223372036854775807'), [LONG_MAX, '9223372036854775807']);
  assert.deepEqual(parse(setting, '9007199254740993'), [9007199254740992, '9007199254740993']);
  assert.match(String(parse(setting, '9223372036854775808')), /Not a number of type LONG$/);
  assert.equal(canonicalText(setting, LONG_MAX), '9223372036854775807');
});

test('ranges hold at their ends, and a value outside may be allowed too', () => {
  const level = int('level', -1, '', { min: 1, max: 9, also: -1 });
  for (const text of ['1', '9', '-1']) assert.ok(!isProblem(parseConfigValue(level, text)), text);
  assert.equal(parse(level, '0'), 'Invalid value 0 for configuration level: Value must be at least 1, or -1');
  assert.equal(parse(level, '10'), 'Invalid value 10 for configuration level: Value must be no more than 9, or -1');
});

test('doubles read and write as in Java', () => {
  const setting = double('d', 0.5, '', { min: 0, max: 1 });
  assert.deepEqual(parse(setting, '1d'), [1, '1.0']);
  assert.deepEqual(parse(setting, '.25'), [0.25, '0.25']);
  assert.match(String(parse(setting, 'NaN')), /at least 0$/);
  assert.match(String(parse(setting, '0,5')), /Not a number of type DOUBLE$/);
  const any = double('d', 0, '');
  const written = (value: number): string | null => canonicalText(any, value);
  assert.equal(written(Number.MAX_VALUE), '1.7976931348623157E308');
  assert.equal(written(1e7), '1.0E7');
  assert.equal(written(9_999_999), '9999999.0');
  assert.equal(written(0.0001), '1.0E-4');
  assert.equal(written(0), '0.0');
});

test('lists are split at commas, have no empty elements, and repeated ones count once', () => {
  const setting = list('l', [], '');
  assert.deepEqual(parse(setting, ' a , b '), [['a', 'b'], 'a,b']);
  assert.deepEqual(parse(setting, ''), [[], '']);
  assert.match(String(parse(setting, 'a,')), /empty elements$/);
  assert.deepEqual(parse(setting, 'a,b,a'), [['a', 'b'], 'a,b']);
  const formed = list('l', [], '', { elements: { matches: /^[ab]$/, mustBe: 'a or b' } });
  assert.deepEqual(parse(formed, 'a,a'), [['a', 'a'], 'a,a']);
  assert.match(String(parse(list('l', ['x'], '', { nonEmpty: true }), '')), /must not be empty$/);
  const words = list('l', [], '', { oneOf: ['delete', 'compact'] });
  assert.deepEqual(parse(words, 'delete,delete'), [['delete'], 'delete']);
  assert.match(String(parse(words, 'delete,burn')), /burn is not one of: delete, compact$/);
});

test('texts from a choice mind their case unless told otherwise', () => {
  assert.match(String(parse(string('s', 'a', '', { oneOf: ['gzip', 'zstd'] }), 'Gzip')), /must be one of: gzip, zstd$/);
  assert.deepEqual(parse(string('s', 'a', '', { oneOf: ['UPGRADE'], anyCase: true }), 'upgrade'), [
    'upgrade',
    'upgrade',
  ]);
});

test('a password never shows in a problem', () => {
  const setting = password('p', null, '', { nonEmpty: true, oneOf: ['x'] });
  assert.ok(!String(parse(setting, 'hunter2')).includes('hunter2'));
});

test('a very long value is cut in the problem', () => {
  assert.ok(String(parse(int('i', 0, ''), 'x'.repeat(10_000))).length < 300);
});
