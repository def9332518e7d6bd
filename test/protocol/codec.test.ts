import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decode, decodeFrom, encode, encodeBehind, encodeInto, Reader, Writer } from '../../src/protocol/codec.ts';
import { produceRequest } from '../../src/protocol/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/protocol/messages/01-fetch.ts';
import { describeTopicPartitionsResponse } from '../../src/protocol/messages/75-describe-topic-partitions.ts';
import { consumerGroupMemberMetadataValue } from '../../src/protocol/persisted/group/consumer-group-member-metadata.ts';
import { ProtocolError, type ProtocolErrorReason } from '../../src/protocol/protocol-error.ts';
import { array, data, int32, type MessageInput, type MessageType, string, struct } from '../../src/protocol/schema.ts';
import { allSchemas, schemaVersions } from './all-schemas.ts';
import { arbitraryMessage, comparable, defaultMessage } from './arbitrary-message.ts';

function fails(reason: ProtocolErrorReason, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.equal(error.reason, reason);
    assert.match(error.message, message);
    return true;
  };
}

describe('codec: every message in every version', () => {
  test('decoding gives back what was encoded, and ends where the message ends', () => {
    for (const [schema, version] of schemaVersions(allSchemas)) {
      fc.assert(
        fc.property(arbitraryMessage(schema, version), (message) => {
          const bytes = encode(schema, message, version);
          const reader = new Reader(Buffer.concat([Buffer.from([7, 7, 7]), bytes, Buffer.from([9])]), 3);
          assert.deepStrictEqual(comparable(decodeFrom(schema, reader, version)), comparable(message));
          assert.equal(reader.remaining(), 1);
        }),
        { numRuns: 4, seed: version },
      );
    }
  });

  test('an empty object stands for all defaults', () => {
    for (const [schema, version] of schemaVersions(allSchemas)) {
      const message = decode(schema, encode(schema, {}, version), 0, version);
      assert.deepStrictEqual(comparable(message), comparable(defaultMessage(schema)), `${schema.name} v${version}`);
    }
  });
});

describe('codec: known bytes', () => {
  test('a flexible response with nested tagged fields', () => {
    const bytes = encode(
      fetchResponse,
      {
        sessionId: 5,
        responses: [
          {
            topic: 'a',
            partitions: [
              { partitionIndex: 1, errorCode: 6, highWatermark: -1, currentLeader: { leaderId: 3, leaderEpoch: 4 } },
            ],
          },
        ],
      },
      12,
    );
    const expected = [
      '00000000', // throttle time
      '0000', // error
      '00000005', // session
      '02', // one topic
      '0261', // "a"
      '02', // one partition
      '00000001', // index
      '0006', // error
      'ffffffffffffffff', // high watermark
      'ffffffffffffffff', // last stable offset
      'ffffffffffffffff', // log start offset
      '01', // no aborted transactions
      'ffffffff', // preferred read replica
      '00', // records: null
      '01' + '01' + '09' + '00000003' + '00000004' + '00', // one tagged field: tag 1, 9 bytes
      '00', // topic tags
      '00', // response tags
    ].join('');
    assert.equal(bytes.toString('hex'), expected);
  });

  test('a classic request', () => {
    const bytes = encode(
      produceRequest,
      {
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: 'tp', partitionData: [{ index: 2, records: Uint8Array.of(1, 2) }] }],
      },
      3,
    );
    const expected = ['ffff', 'ffff', '000003e8', '00000001', '00027470', '00000001', '00000002', '00000002', '0102'];
    assert.equal(bytes.toString('hex'), expected.join(''));
    const message = decode(produceRequest, bytes, 0, 3);
    assert.equal(message.transactionalId, null);
    assert.equal(message.topicData[0].topicId, 'AAAAAAAAAAAAAAAAAAAAAA');
  });

  test('a nullable struct is marked by an int8, in the tag section by a varint', () => {
    const empty = encode(describeTopicPartitionsResponse, {}, 0);
    assert.equal(empty.toString('hex'), '00000000' + '01' + 'ff' + '00');
    const cursor = encode(describeTopicPartitionsResponse, { nextCursor: { topicName: 'x', partitionIndex: 1 } }, 0);
    assert.equal(cursor.toString('hex'), '00000000' + '01' + '01' + '0278' + '00000001' + '00' + '00');

    const member = { subscribedTopicNames: ['t'] };
    const modern = encode(consumerGroupMemberMetadataValue, { ...member, classicMemberMetadata: null }, 0);
    assert.equal(modern.subarray(-4).toString('hex'), '01' + '00' + '01' + '00', 'null is written, with tag 0');
    assert.deepEqual(modern, encode(consumerGroupMemberMetadataValue, member, 0));
    assert.equal(decode(consumerGroupMemberMetadataValue, modern, 0, 0).classicMemberMetadata, null);
    const classic = encode(consumerGroupMemberMetadataValue, { classicMemberMetadata: { sessionTimeoutMs: 9 } }, 0);
    assert.equal(classic.subarray(-10).toString('hex'), '01' + '00' + '07' + '01' + '00000009' + '01' + '00');
  });
});

describe('codec: versions', () => {
  const schema = data({
    name: 'Sample',
    versions: '0-2',
    flexible: '2+',
    fields: {
      kept: int32(),
      needed: int32('1+', { default: 7 }),
      dropped: string('1+', { ignorable: true }),
      list: array('1+', int32(), { nullable: true, default: null }),
      inner: struct('2+', { a: int32({ default: 1 }), b: string({ nullable: true, default: null }) }, { tag: 0 }),
    },
  });
  type Sample = MessageType<typeof schema>;

  test('a field that the version lacks may have its default or be ignorable', () => {
    const message: MessageInput<typeof schema> = { kept: 1, needed: 7, dropped: 'x', list: null, inner: { a: 1 } };
    assert.equal(encode(schema, message, 0).length, 4);
    const decoded: Sample = decode(schema, encode(schema, message, 0), 0, 0);
    assert.deepEqual(decoded, { kept: 1, needed: 7, dropped: '', list: null, inner: { a: 1, b: null } });
  });

  test('any other field that the version lacks is refused by name', () => {
    assert.throws(() => encode(schema, { needed: 8 }, 0), fails('unsupported-version', /Sample v0: needed is set/));
    assert.throws(() => encode(schema, { list: [] }, 0), fails('unsupported-version', /list/));
    assert.throws(() => encode(schema, { inner: { b: '' } }, 1), fails('unsupported-version', /inner/));
  });

  test('a version outside the range is refused', () => {
    assert.throws(() => encode(schema, {}, 3), fails('unsupported-version', /Sample has no version 3/));
    assert.throws(() => decode(schema, new Uint8Array(100), 0, -1), fails('unsupported-version', /no version -1/));
    assert.throws(() => decode(fetchRequest, new Uint8Array(100), 0, 3), fails('unsupported-version', /no version 3/));
  });

  test('null and values outside their type are refused', () => {
    assert.throws(() => encode(schema, { kept: null as never }, 0), fails('unencodable', /not an int32: null/));
    assert.throws(() => encode(schema, { kept: 2 ** 31 }, 0), fails('unencodable', /not an int32/));
    assert.throws(() => encode(schema, { dropped: null as never }, 1), fails('unencodable', /not a string/));
    assert.throws(() => encode(schema, { dropped: 'x'.repeat(40_000) }, 2), fails('unencodable', /32767/));
    assert.throws(() => encode(fetchRequest, { topics: null as never }, 12), fails('unencodable', /topics/));
    const none = Buffer.from([0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff]);
    assert.throws(() => decode(schema, none, 0, 1), fails('malformed', /Sample v1: string of -1 bytes/));
  });

  test('what does not fit is named by its path', () => {
    const topics = [{ topic: 'a', partitions: [{}, { fetchOffset: 1.5 }] }];
    assert.throws(
      () => encode(fetchRequest, { topics }, 12),
      fails('unencodable', /^FetchRequest v12: topics\[0\]\.partitions\[1\]\.fetchOffset: not an int64: 1\.5$/),
    );
    assert.throws(
      () => encode(fetchRequest, { topics: [null as never] }, 12),
      fails('unencodable', /topics\[0\]: not an obj/),
    );
    assert.throws(() => encode(fetchRequest, null as never, 12), fails('unencodable', /message: not an object/));
    assert.throws(() => encode(schema, { inner: null as never }, 2), fails('unencodable', /inner/));
    assert.throws(() => encode(schema, { list: 5 as never }, 2), fails('unencodable', /list/));
  });

  test('unknown tagged fields are passed over, a known one must have its size', () => {
    const fields = '00000001' + '00000002' + '01' + '00';
    const unknown = '05' + '03' + 'aabbcc';
    const inner = '00000005' + '00' + '00';
    const bytes = (hex: string) => Buffer.from(fields + hex, 'hex');
    const message = decode(schema, bytes(`02${unknown}0006${inner}`), 0, 2);
    assert.deepEqual(message, { kept: 1, needed: 2, dropped: '', list: null, inner: { a: 5, b: null } });
    assert.throws(
      () => decode(schema, bytes(`010005${inner}`), 0, 2),
      fails('malformed', /tagged field of another size/),
    );
    assert.throws(
      () => decode(schema, bytes(`010007${inner}00`), 0, 2),
      fails('malformed', /tagged field of another size/),
    );
    assert.throws(() => decode(schema, bytes('0100ff01'), 0, 2), fails('malformed', /tagged field of 255/));
  });

  test('long tagged fields get a size of several bytes', () => {
    const message = { inner: { b: 'y'.repeat(20_000) } };
    assert.equal(decode(schema, encode(schema, message, 2), 0, 2).inner.b, message.inner.b);
  });
});

describe('codec: buffers', () => {
  test('byte fields are views of the input', () => {
    const bytes = encode(produceRequest, { topicData: [{ partitionData: [{ records: new Uint8Array(64) }] }] }, 9);
    const { records } = decode(produceRequest, bytes, 0, 9).topicData[0].partitionData[0];
    assert.equal(records!.buffer, bytes.buffer);
    bytes.fill(5);
    assert.equal(records![0], 5);
  });

  test('an encoded message is not touched by the next', () => {
    const first = encode(fetchRequest, { rackId: 'r1' }, 11);
    const copy = Buffer.from(first);
    encode(fetchRequest, { rackId: 'another' }, 11);
    assert.deepEqual(first, copy);
  });

  test('a plain Uint8Array and shared memory can be read', () => {
    const bytes = encode(fetchRequest, { rackId: 'räck' }, 11);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    assert.equal(decode(fetchRequest, shared, 0, 11).rackId, 'räck');
    assert.equal(decode(fetchRequest, new Uint8Array(bytes), 0, 11).rackId, 'räck');
  });

  test('a prefix stands before the message', () => {
    const bytes = encodeBehind(fetchRequest, {}, 4, (writer) => writer.int16(77));
    assert.deepEqual(bytes.subarray(2), encode(fetchRequest, {}, 4));
    assert.equal(bytes.readInt16BE(0), 77);
    const writer = new Writer(1);
    writer.int16(77);
    encodeInto(writer, fetchRequest, {}, 4);
    assert.deepEqual(writer.copy(), bytes);
  });

  test('a message larger than the scratch buffer', () => {
    const records = new Uint8Array(3 << 20).fill(9);
    const message = { topicData: [{ name: 't', partitionData: [{ records }] }] };
    const decoded = decode(produceRequest, encode(produceRequest, message, 9), 0, 9);
    assert.equal(Buffer.compare(decoded.topicData[0].partitionData[0].records!, records), 0);
  });
});
