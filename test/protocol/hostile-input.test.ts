/** Bytes that lie: only ProtocolErrors may come out, and nothing large may be built. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decode, decodeFrom, encode, Reader } from '../../src/protocol/codec.ts';
import { fetchRequest } from '../../src/protocol/messages/01-fetch.ts';
import { metadataRequest } from '../../src/protocol/messages/03-metadata.ts';
import { describeGroupsRequest } from '../../src/protocol/messages/15-describe-groups.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import { parseRequestHeader } from '../../src/protocol/request-header.ts';
import { array, containsVersion, data, type Fields, type Schema, string } from '../../src/protocol/schema.ts';
import { allSchemas, schemaVersions } from './all-schemas.ts';
import { arbitraryMessage } from './arbitrary-message.ts';

function decodes(schema: Schema, bytes: Uint8Array, version: number): boolean {
  try {
    decode(schema, bytes, 0, version);
    return true;
  } catch (error) {
    assert.ok(error instanceof ProtocolError, `${schema.name} v${version}: ${(error as Error).stack}`);
    assert.equal(error.reason, 'malformed');
    return false;
  }
}

/** The structs that stand in arrays in this version. */
function elementStructs(fields: Fields, version: number): Fields[] {
  return Object.values(fields).flatMap((field) => {
    const inner = (field.element ?? field).fields;
    if (inner === undefined || !containsVersion(field.versions, version)) return [];
    return [...(field.element === undefined ? [] : [inner]), ...elementStructs(inner, version)];
  });
}

describe('hostile input', () => {
  test('a message that is cut off at any byte is refused', () => {
    for (const [schema, version] of schemaVersions(allSchemas)) {
      const [message] = fc.sample(arbitraryMessage(schema, version), { numRuns: 1, seed: 11 + version });
      const bytes = encode(schema, message, version);
      const step = Math.max(1, Math.floor(bytes.length / 50));
      for (let length = 0; length < bytes.length; length += step) {
        // A copy of its own: reading behind the end must not find the rest.
        assert.equal(
          decodes(schema, bytes.subarray(0, length), version),
          false,
          `${schema.name} v${version} at ${length}`,
        );
      }
    }
  });

  test('changed bytes end in a value or a ProtocolError', () => {
    for (const [schema, version] of schemaVersions(allSchemas)) {
      const [message] = fc.sample(arbitraryMessage(schema, version), { numRuns: 1, seed: 23 + version });
      const bytes = encode(schema, message, version);
      for (const value of [0, 0x7f, 0xff]) {
        const step = Math.max(1, Math.floor(bytes.length / 25));
        for (let at = 0; at < bytes.length; at += step) {
          const changed = Buffer.from(bytes);
          changed[at] = value;
          decodes(schema, changed, version);
        }
      }
    }
  });

  test('random bytes end in a value or a ProtocolError', () => {
    const samples = fc.sample(fc.uint8Array({ maxLength: 300 }), { numRuns: 12, seed: 5 });
    for (const [schema, version] of schemaVersions(allSchemas)) {
      for (const bytes of samples) decodes(schema, bytes, version);
    }
  });

  test('a count is checked against the bytes that are left', () => {
    const huge = ['7fffffff', '80000000', 'fffffffe', '00100000'];
    for (const count of huge) assert.equal(decodes(describeGroupsRequest, Buffer.from(count, 'hex'), 0), false);
    const compact = ['ffffffff0f', '8080808008', '808040', 'ffffffffff01', 'ffffffff1f'];
    for (const count of compact) assert.equal(decodes(describeGroupsRequest, Buffer.from(count, 'hex'), 5), false);
  });

  test('the elements of one message are bounded even when their bytes are there', () => {
    const schema = data({ name: 'Bomb', versions: '0', flexible: '0+', fields: { items: array({ name: string() }) } });
    const count = 100_000;
    const bytes = encode(schema, { items: Array.from({ length: count }, () => ({})) }, 0);
    assert.equal(decodeFrom(schema, new Reader(bytes, 0, bytes.length, count), 0).items.length, count);
    assert.throws(
      () => decodeFrom(schema, new Reader(bytes, 0, bytes.length, count - 1), 0),
      /too many array elements/,
    );
  });

  test('no array has elements that take no bytes, so that every count is bounded', () => {
    for (const [schema, version] of schemaVersions(allSchemas)) {
      if (containsVersion(schema.flexibleVersions, version)) continue;
      for (const fields of elementStructs(schema.fields, version)) {
        const sized = Object.values(fields).some(({ versions }) => containsVersion(versions, version));
        assert.ok(sized, `${schema.name} v${version}`);
      }
    }
  });

  test('a tag section cannot claim more than there is', () => {
    assert.equal(decodes(metadataRequest, Buffer.from('000100' + 'ffffffff0f', 'hex'), 12), false);
    assert.equal(decodes(fetchRequest, Buffer.alloc(40, 0xff), 12), false);
  });

  test('request headers', () => {
    const header = Buffer.from('0003' + '000c' + '00000001' + '0002' + '6162' + '00', 'hex');
    assert.equal(parseRequestHeader(header).clientId, 'ab');
    for (let length = 0; length < header.length; length++) {
      assert.throws(() => parseRequestHeader(header.subarray(0, length)), ProtocolError);
    }
    const negative = Buffer.from('0003' + '0001' + '00000001' + 'fffe', 'hex');
    assert.equal(parseRequestHeader(negative).clientId, null);
    for (const bytes of fc.sample(fc.uint8Array({ maxLength: 40 }), { numRuns: 2000, seed: 3 })) {
      try {
        parseRequestHeader(bytes);
      } catch (error) {
        assert.ok(error instanceof ProtocolError);
      }
    }
  });
});
