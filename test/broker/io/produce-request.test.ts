import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ProduceRequest } from '../../../src/broker/io/produce-request.ts';
import { writeProduceResponse } from '../../../src/broker/io/produce-response.ts';
import { ResponseOutput } from '../../../src/broker/io/response-output.ts';
import { TopicRoutes } from '../../../src/broker/io/topic-routes.ts';
import { decode, encode, ProtocolError } from '../../../src/protocol/codec.ts';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import {
  type ProduceRequest as DecodedRequest,
  type ProduceResponse,
  produceRequest,
  produceResponse,
} from '../../../src/protocol/messages/00-produce.ts';
import { parseResponseHeader } from '../../../src/protocol/request-header.ts';
import { arbitraryMessage, comparable } from '../../protocol/arbitrary-message.ts';

const TOPIC_ID = 'zzzzzzzzzzzzzzzzzzzzzA';
const VERSIONS = Array.from({ length: 11 }, (_, index) => index + 3);
const routes = new TopicRoutes();
routes.set({ name: 'known', id: TOPIC_ID, internal: false, rows: Int32Array.from([4, 5, 6]) });

/** What the hand-written reader found, in the form of the decoded message. */
function asDecoded(request: ProduceRequest, bytes: Buffer): object {
  const { version, transactionalIdAt, transactionalIdBytes } = request;
  const transactionalId = bytes.toString('utf8', transactionalIdAt, transactionalIdAt + transactionalIdBytes);
  return {
    transactionalId: transactionalIdBytes < 0 ? null : transactionalId,
    acks: request.acks,
    topicData: request.topics.map(({ label, firstPartition, endPartition }) => ({
      label: version >= 13 ? label.toString('base64url') : label.toString(),
      partitionData: Array.from({ length: endPartition - firstPartition }, (_, index) => {
        const at = firstPartition + index;
        const [start, size] = [request.recordsAt[at], request.recordsBytes[at]];
        return { index: request.index[at], records: size < 0 ? null : bytes.subarray(start, start + size) };
      }),
    })),
  };
}

function expected(decoded: DecodedRequest, version: number): object {
  const { transactionalId, acks, topicData } = decoded;
  return {
    transactionalId,
    acks,
    topicData: topicData.flatMap(({ name, topicId, partitionData }) =>
      partitionData.length > 0 ? [{ label: version >= 13 ? topicId : name, partitionData }] : [],
    ),
  };
}

function newOutput(bytes = 64): ResponseOutput {
  return new ResponseOutput({ bytes: Buffer.alloc(bytes), id: 0 }, (min) => ({ bytes: Buffer.alloc(min), id: 0 }));
}

describe('produce request', () => {
  for (const version of VERSIONS) {
    test(`version ${version} is read as the codec decodes it`, () => {
      const request = new ProduceRequest();
      fc.assert(
        fc.property(arbitraryMessage(produceRequest, version), fc.nat(30), (message, lead) => {
          const body = encode(produceRequest, message as never, version);
          const bytes = Buffer.concat([Buffer.alloc(lead, 0xee), body, Buffer.alloc(9, 0xee)]);
          request.read(bytes, lead, lead + body.length, version, routes);
          const decoded = decode(produceRequest, body, 0, version);
          assert.deepEqual(comparable(asDecoded(request, bytes)), comparable(expected(decoded, version)));
        }),
        { numRuns: 60 },
      );
    });
  }

  test('damaged bytes give what the codec gives, or a ProtocolError, and nothing else', () => {
    const request = new ProduceRequest();
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
    for (const version of [3, 8, 9, 12, 13]) {
      fc.assert(
        fc.property(arbitraryMessage(produceRequest, version), damage, fc.nat(), (message, damages, cut) => {
          const body = encode(produceRequest, message as never, version);
          for (const [at, value] of damages) body[at % body.length] = value;
          const end = cut % 3 === 0 ? cut % (body.length + 1) : body.length;
          let decoded: DecodedRequest | null = null;
          try {
            decoded = decode(produceRequest, body.subarray(0, end), 0, version);
          } catch (error) {
            assert.ok(error instanceof ProtocolError);
          }
          try {
            request.read(body, 0, end, version, routes);
          } catch (error) {
            assert.ok(error instanceof ProtocolError, `${error}`);
            assert.equal(decoded, null, 'the codec could read it');
            return;
          }
          // Where the codec is stricter (null lists), what was read is of no account.
          if (decoded) assert.deepEqual(comparable(asDecoded(request, body)), comparable(expected(decoded, version)));
        }),
        { numRuns: 200 },
      );
    }
  });

  test('topics are resolved by name and by id', () => {
    const request = new ProduceRequest();
    for (const version of VERSIONS) {
      const topicData = [
        { name: 'known', topicId: TOPIC_ID, partitionData: [{ index: 1, records: Buffer.from('abc') }] },
        {
          name: 'unknown',
          topicId: 'zzzzzzzzzzzzzzzzzzzzzQ',
          partitionData: [{ index: 1, records: Buffer.from('ab') }],
        },
        { name: 'known', topicId: TOPIC_ID, partitionData: [{ index: 2, records: null }] },
      ];
      const own = topicData.map((topic) => (version >= 13 ? { ...topic, name: '' } : { ...topic, topicId: undefined }));
      const body = encode(produceRequest, { acks: 1, topicData: own } as never, version);
      request.read(body, 0, body.length, version, routes);
      assert.deepEqual(
        request.topics.map(({ route }) => route?.rows.length),
        [3, undefined, 3],
      );
      assert.deepEqual([request.partitionCount, request.recordsBytes.slice(0, 3)], [3, [3, 2, -1]]);
    }
  });

  test('of a partition that is named more than once the last batch is kept; a topic without partitions is left out', () => {
    const request = new ProduceRequest();
    const named = (name: string, ...partitions: [index: number, text: string][]) => ({
      name,
      topicId: name === 'known' ? TOPIC_ID : 'zzzzzzzzzzzzzzzzzzzzzQ',
      partitionData: partitions.map(([index, text]) => ({ index, records: Buffer.from(text) })),
    });
    const topicData = [
      named('known', [0, 'a'], [2, 'bb'], [0, 'ccc']),
      named('unknown', [1, 'dddd'], [1, 'eeeee']),
      named('known'),
      named('known', [2, 'ffffff'], [9, 'g'], [9, 'h']),
      named('known', [2, 'iiiiiii']),
    ];
    for (const version of VERSIONS) {
      const own = topicData.map((topic) => (version >= 13 ? { ...topic, name: '' } : { ...topic, topicId: undefined }));
      for (const [topics, kept] of [
        [own, 'known 0:ccc / unknown 1:dddd 1:eeeee / known 9:g 9:h / known 2:iiiiiii'],
        [own.slice(0, 1), 'known 2:bb 0:ccc'],
        [own.slice(2, 3), ''],
        [own.slice(3), 'known 9:g 9:h / known 2:iiiiiii'],
      ] as const) {
        const body = encode(produceRequest, { acks: 1, topicData: topics } as never, version);
        request.read(body, 0, body.length, version, routes);
        const read = request.topics.map(({ route, firstPartition, endPartition }) => {
          const entries = request.index.slice(firstPartition, endPartition).map((index, entry) => {
            const at = request.recordsAt[firstPartition + entry];
            return `${index}:${body.toString('utf8', at, at + request.recordsBytes[firstPartition + entry])}`;
          });
          return [route ? 'known' : 'unknown', ...entries].join(' ');
        });
        assert.equal(read.join(' / '), kept);
      }
    }
  });

  test('a count that the bytes cannot hold is refused before anything is made for it', () => {
    const request = new ProduceRequest();
    const body = encode(produceRequest, { acks: 1, topicData: [] }, 3);
    body.writeInt32BE(2 ** 31 - 1, body.length - 4);
    assert.throws(() => request.read(body, 0, body.length, 3, routes), ProtocolError);
    assert.equal(request.index.length, 0);
  });
});

describe('produce response', () => {
  const results = fc.array(
    fc.array(
      fc.record({
        index: fc.nat(1000),
        errorCode: fc.constantFrom(ErrorCode.NONE, ErrorCode.INVALID_RECORD, ErrorCode.MESSAGE_TOO_LARGE),
        baseOffset: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
        logAppendTimeMs: fc.integer({ min: -1, max: 2 ** 45 }),
        logStartOffset: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
        recordErrors: fc.array(
          fc.record({
            batchIndex: fc.nat(100),
            batchIndexErrorMessage: fc.option(fc.string({ unit: 'grapheme', maxLength: 200 })),
          }),
          { maxLength: 3 },
        ),
        errorMessage: fc.option(fc.string({ unit: 'grapheme', maxLength: 300 })),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    { minLength: 1, maxLength: 3 },
  );

  for (const version of VERSIONS) {
    test(`version ${version} decodes to what was meant`, () => {
      fc.assert(
        fc.property(results, fc.integer(), (topics, correlationId) => {
          const request = new ProduceRequest();
          const topicData = topics.map((partitions, topic) => ({
            ...(version >= 13 ? { topicId: TOPIC_ID } : { name: `topic ${topic}` }),
            partitionData: partitions.map(({ index }) => ({ index, records: null })),
          }));
          const body = encode(produceRequest, { acks: 1, topicData }, version);
          request.read(body, 0, body.length, version, routes);
          request.correlationId = correlationId;
          for (const [at, result] of topics.flat().entries()) {
            const { errorCode, baseOffset, logAppendTimeMs, logStartOffset, errorMessage, recordErrors } = result;
            request.setResult(at, errorCode, baseOffset, logAppendTimeMs, logStartOffset);
            request.detail[at] = {
              message: errorMessage,
              records: recordErrors.map(({ batchIndex, batchIndexErrorMessage }) => ({
                index: batchIndex,
                message: batchIndexErrorMessage,
              })),
            };
          }
          const output = newOutput();
          writeProduceResponse(output, request);
          const frame = output.memory.subarray(0, output.at);
          assert.equal(frame.readInt32BE(0), frame.length - 4);
          const header = parseResponseHeader(frame.subarray(4), 0, version);
          assert.equal(header.correlationId, correlationId);
          const decoded = decode(produceResponse, frame.subarray(4), header.bodyOffset, version) as ProduceResponse;
          assert.equal(decoded.throttleTimeMs, 0);
          const plain = decoded.responses.map(({ partitionResponses }) =>
            partitionResponses.map(({ currentLeader: _, ...rest }) => rest),
          );
          const meant = topics.map((partitions) =>
            partitions.map(({ index, errorCode, baseOffset, logAppendTimeMs, logStartOffset, ...detail }) => ({
              index,
              errorCode,
              baseOffset,
              logAppendTimeMs,
              logStartOffset: version >= 5 ? logStartOffset : -1,
              recordErrors: version >= 8 ? detail.recordErrors : [],
              errorMessage: version >= 8 ? detail.errorMessage : null,
            })),
          );
          assert.deepEqual(comparable(plain), comparable(meant));
        }),
        { numRuns: 40 },
      );
    });
  }
});
