import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BatchFault } from '../../../src/native/log-store.ts';
import { BatchError } from '../../../src/protocol/records/batch-header.ts';
import { CompressionType } from '../../../src/protocol/records/compression.ts';
import { batchOfOldMessage } from '../../../src/protocol/records/old-messages.ts';
import { readRecords } from '../../../src/protocol/records/record-reader.ts';
import { recordBatches } from '../../../src/protocol/records/stored-batches.ts';
import { compressedMessage, oldMessage } from '../../native/old-messages.ts';
import { simpleBatch } from '../../native/record-batches.ts';

/** Three messages each, from offset 40 on, of the builder of Kafka's clients: format, codec, Base64. */
const KAFKA: readonly (readonly [0 | 1, keyof typeof CompressionType, string])[] = [
  [
    0,
    'none',
    'AAAAAAAAACgAAAAk0SaNzwAAAAAAAmswAAAAFHZhbHVlIDQwIG9mIGZvcm1hdCAwAAAAAAAAACkAAAAkqTvERAAAAAAAAmsxAAAAFHZhbHVlID' +
      'QxIG9mIGZvcm1hdCAwAAAAAAAAACoAAAAksXo4hAAAAAAAAmswAAAAFHZhbHVlIDQyIG9mIGZvcm1hdCAw',
  ],
  [
    0,
    'gzip',
    'AAAAAAAAACoAAABoFyBurwAB/////wAAAFofiwgAAAAAAAD/Y2AAAw0gVrmo1nsezGPKNgCSImWJOaWpCiYGCvlpCmn5RbmJJQoGEOUMmiD1K6' +
      '2PuEDVGyKpN8SiXgukfmOVRQsW842Q1QMAQuoBOZAAAAA=',
  ],
  [
    0,
    'snappy',
    'AAAAAAAAACoAAACL4rPXWAAC/////wAAAH2CU05BUFBZAAAAAAEAAAABAAAAaZABAAAJASQoAAAAJNEmjc8AAQFkAmswAAAAFHZhbHVlIDQwIG' +
      '9mIGZvcm1hdCABGAEBJCkAAAAkqTvERAABAQwCazEAGTAAMUowACQqAAAAJLF6OIQAAQE2YAAwMiBvZiBmb3JtYXQgMA==',
  ],
  [
    0,
    'lz4',
    'AAAAAAAAACoAAACAdEASkgAD/////wAAAHIEIk0YYEAaYwAAABIAAQCRKAAAACTRJo3PDwDwCwJrMAAAABR2YWx1ZSA0MCBvZiBmb3JtYXQgGA' +
      'AAAgAQKTAAQKk7xEQNAEcAAmsxMAAfMTAAABAqMABDsXo4hDAAAEgABGAAEzIwAFBtYXQgMAAAAAA=',
  ],
  [
    1,
    'none',
    'AAAAAAAAACgAAAAs6Aa3uQEAAAAAAAAABXgAAAACazAAAAAUdmFsdWUgNDAgb2YgZm9ybWF0IDEAAAAAAAAAKQAAACwCMbEvAQAAAAAAAAAFgg' +
      'AAAAJrMQAAABR2YWx1ZSA0MSBvZiBmb3JtYXQgMQAAAAAAAAAqAAAALEsfeYEBAAAAAAAAAAWMAAAAAmswAAAAFHZhbHVlIDQyIG9mIGZvcm1h' +
      'dCAx',
  ],
  [
    1,
    'gzip',
    'AAAAAAAAACoAAAB2rYpIrAEBAAAAAAAABYz/////AAAAYB+LCAAAAAAAAP9jYIADnRds23cyQjmsFUCCKdsASIqUJeaUpiqYGCjkpymk5RflJp' +
      'YoGEKVgZTrMBlu1IfrawLrM0TSZ4hFHxNIn7d8ZSNcXw+GfUbI+gCBikYyqAAAAA==',
  ],
  [
    1,
    'snappy',
    'AAAAAAAAACoAAACYqm4TfAECAAAAAAAABYz/////AAAAgoJTTkFQUFkAAAAAAQAAAAEAAABuqAEAABkBFCzoBre5AQ0QgAV4AAAAAmswAAAAFH' +
      'ZhbHVlIDQwIG9mIGZvcm1hdCAxAAkBAS8QLAIxsS8BCQEBBAWCBTgBIBE4ADFKOAAgAgAAACxLH3mBFTgAjAU4LnAAMDIgb2YgZm9ybWF0IDE=',
  ],
  [
    1,
    'lz4',
    'AAAAAAAAACoAAACRODz8CgEDAAAAAAAABYz/////AAAAewQiTRhgQIJsAAAAFgABAGMs6Aa3uQEQAPMRBXgAAAACazAAAAAUdmFsdWUgNDAgb2' +
      'YgZm9ybWF0IDEnAAAvAFAsAjGxLwkAAAIAIQWCOAAAIAAEOAAfMTgAAJUCAAAALEsfeYE4ABGMOAAIcAATMjgAUG1hdCAxAAAAAA==',
  ],
];

function faultOf(bytes: Buffer): BatchFault {
  try {
    batchOfOldMessage(bytes, 0, bytes.length);
  } catch (error) {
    assert.ok(error instanceof BatchError, String((error as Error).stack));
    return error.fault;
  }
  return BatchFault.none;
}

describe('messages older than batches', () => {
  for (const [magic, codec, base64] of KAFKA)
    test(`format ${magic}, ${codec}, as Kafka wrote it`, () => {
      const bytes = Buffer.concat([Buffer.from(base64, 'base64'), simpleBatch(1, 9, 10, { baseOffset: 43 })]);
      const batches = [...recordBatches(bytes)];
      const records = batches.flatMap((batch) => readRecords(batch));
      assert.deepEqual(
        records.slice(0, 3).map(({ offset, timestamp, key, value }) => [offset, timestamp, `${key}`, `${value}`]),
        [40, 41, 42].map((at) => [
          at,
          magic === 1 ? 1000 + at * 10 : -1,
          `k${at % 2}`,
          `value ${at} of format ${magic}`,
        ]),
      );
      assert.equal(records.length, 4);
      for (const batch of batches.slice(0, -1)) {
        assert.ok(batch.hasValidCrc());
        assert.equal(batch.compression, CompressionType[codec]);
      }
    });

  test('of log append time those inside have the time of the message around them', () => {
    const inner = compressedMessage(1, 10, 3, 500);
    const outer = oldMessage({ magic: 1, offset: 12, timestamp: 900, attributes: 9, value: inner.subarray(34) });
    const batch = batchOfOldMessage(outer, 0, outer.length);
    assert.ok(batch.isLogAppendTime);
    assert.deepEqual(
      readRecords(batch).map(({ offset, timestamp }) => [offset, timestamp]),
      [10, 11, 12].map((offset) => [offset, 900]),
    );
  });

  test('messages that lie', () => {
    const good = oldMessage({ magic: 1, offset: 3, key: 'key', value: 'value' });
    assert.equal(faultOf(good), BatchFault.none);
    assert.equal(faultOf(good.subarray(0, good.length - 1)), BatchFault.length);
    assert.equal(faultOf(good.subarray(0, 20)), BatchFault.length);
    const damaged = Buffer.from(good);
    damaged[good.length - 1] ^= 1;
    assert.equal(faultOf(damaged), BatchFault.crc);
    const compressed = (value: Uint8Array) => oldMessage({ magic: 1, offset: 9, attributes: 1, value });
    assert.equal(faultOf(compressed(Buffer.from('no gzip'))), BatchFault.compression);
    const values = (message: Buffer) => message.subarray(34);
    const nested = compressedMessage(1, 0, 2);
    assert.equal(faultOf(compressed(values(nested))), BatchFault.none);
    assert.equal(
      faultOf(oldMessage({ magic: 0, offset: 9, attributes: 1, value: values(nested) })),
      BatchFault.records,
    );
  });
});
