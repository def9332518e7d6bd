/** fast-check arbitraries for the values of a schema in one version: absent fields have their default. */
import fc from 'fast-check';
import { containsVersion, type Field, type Fields, type Schema } from '../../src/protocol/schema.ts';

const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 25, maxLength: 60 }) },
  { weight: 1, arbitrary: fc.constant('x'.repeat(200)) },
);

const SCALARS = {
  bool: fc.boolean(),
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -32768, max: 32767 }),
  uint16: fc.integer({ min: 0, max: 65535 }),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 0xffffffff }),
  int64: fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constant(2 ** 63), fc.constant(-(2 ** 63))),
  bigint64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double(),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  string: text,
  bytes: fc.uint8Array({ maxLength: 150 }),
  records: fc.uint8Array({ maxLength: 150 }),
};

function defaultOf(field: Field): unknown {
  if (field.defaultValue === null) return null;
  if (field.kind === 'array') return [];
  if (field.kind !== 'struct') return field.defaultValue;
  return Object.fromEntries(Object.entries(field.fields!).map(([name, inner]) => [name, defaultOf(inner)]));
}

function arbitraryField(field: Field, version: number): fc.Arbitrary<unknown> {
  if (!containsVersion(field.versions, version)) return fc.constant(defaultOf(field));
  const value =
    field.kind === 'array'
      ? fc.array(arbitraryField(field.element!, version), { maxLength: 3 })
      : field.kind === 'struct'
        ? arbitraryStruct(field.fields!, version)
        : SCALARS[field.kind];
  const choices: fc.WeightedArbitrary<unknown>[] = [{ weight: 4, arbitrary: value }];
  if (containsVersion(field.nullableVersions, version)) choices.push({ weight: 1, arbitrary: fc.constant(null) });
  if (containsVersion(field.taggedVersions, version)) {
    choices.push({ weight: 1, arbitrary: fc.constant(defaultOf(field)) });
  }
  return fc.oneof(...choices);
}

function arbitraryStruct(fields: Fields, version: number): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, arbitraryField(field, version)])),
  );
}

export function arbitraryMessage(schema: Schema, version: number): fc.Arbitrary<Record<string, unknown>> {
  return arbitraryStruct(schema.fields, version);
}

export function defaultMessage(schema: Schema): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema.fields).map(([name, field]) => [name, defaultOf(field)]));
}

/** The same value with bytes as hex, so that views and arrays compare by content. */
export function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, comparable(inner)]));
}
