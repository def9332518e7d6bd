import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apiCatalog } from '../../src/protocol/api-catalog.ts';
import { ApiKey, apiName, isFlexible } from '../../src/protocol/api-keys.ts';
import { decodeFrom, encode, Reader, Writer } from '../../src/protocol/codec.ts';
import { ErrorCode, errorMessage, errorName, KafkaError } from '../../src/protocol/errors.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import {
  parseRequestHeader,
  parseResponseHeader,
  requestHeader,
  requestHeaderVersion,
  responseHeader,
  responseHeaderVersion,
  writeRequestHeader,
  writeResponseHeader,
} from '../../src/protocol/request-header.ts';
import { containsVersion } from '../../src/protocol/schema.ts';

const ZOOKEEPER_KEYS = [4, 5, 6, 7];

describe('API catalog', () => {
  test('has every API key but those of ZooKeeper times, once, in order', () => {
    const expected = Object.values(ApiKey).filter((key) => !ZOOKEEPER_KEYS.includes(key));
    assert.deepEqual(
      apiCatalog.map(({ apiKey }) => apiKey),
      expected,
    );
    assert.equal(apiCatalog.length, 91);
    assert.deepEqual(Object.values(ApiKey), [...Array(95).keys()]);
  });

  test('request and response agree with each other and with the names', () => {
    for (const { apiKey, name, request, response, listeners } of apiCatalog) {
      assert.equal(apiName(apiKey), name);
      assert.equal(ApiKey[name as keyof typeof ApiKey], apiKey);
      assert.equal(request.name, `${name}Request`);
      assert.equal(response.name, `${name}Response`);
      assert.equal(response.apiKey, apiKey);
      assert.deepEqual(response.versions, request.versions);
      assert.deepEqual(response.flexibleVersions, request.flexibleVersions);
      assert.ok(listeners.length > 0);
    }
    assert.equal(apiName(95), 'API 95');
  });

  test('the table of flexible versions says what the schemas say', () => {
    for (const { apiKey, versions, flexibleVersions } of apiCatalog) {
      for (let version = 0; version <= versions.max; version++) {
        assert.equal(
          isFlexible(apiKey, version),
          containsVersion(flexibleVersions, version),
          `${apiName(apiKey)} v${version}`,
        );
      }
    }
    assert.equal(isFlexible(5, 0), false);
    assert.equal(isFlexible(-1, 0), false);
    assert.equal(isFlexible(999, 0), false);
  });

  test('only InitProducerId has an unstable last version', () => {
    const unstable = apiCatalog.filter(({ latestVersionUnstable }) => latestVersionUnstable);
    assert.deepEqual(
      unstable.map(({ name }) => name),
      ['InitProducerId'],
    );
  });
});

describe('headers', () => {
  test('of every API and version are written and read alike', () => {
    for (const { apiKey, versions } of apiCatalog) {
      for (let version = versions.min; version <= versions.max; version++) {
        const writer = new Writer();
        writeRequestHeader(writer, apiKey, version, -7, 'cli');
        writer.int8(99);
        const frame = writer.copy();
        const header = parseRequestHeader(frame);
        const bodyOffset = frame.length - 1;
        assert.deepEqual(header, { apiKey, apiVersion: version, correlationId: -7, clientId: 'cli', bodyOffset });
        const bySchema = encode(
          requestHeader,
          { requestApiKey: apiKey, requestApiVersion: version, correlationId: -7, clientId: 'cli' },
          requestHeaderVersion(apiKey, version),
        );
        assert.deepEqual(bySchema, frame.subarray(0, -1));

        const answer = new Writer();
        writeResponseHeader(answer, apiKey, version, 12);
        assert.deepEqual(
          answer.copy(),
          encode(responseHeader, { correlationId: 12 }, responseHeaderVersion(apiKey, version)),
        );
        assert.deepEqual(parseResponseHeader(answer.copy(), apiKey, version), {
          correlationId: 12,
          bodyOffset: answer.offset,
        });
      }
    }
  });

  test('ApiVersions is answered with header 0 in every version', () => {
    for (let version = 0; version <= 9; version++) assert.equal(responseHeaderVersion(ApiKey.ApiVersions, version), 0);
    assert.equal(requestHeaderVersion(ApiKey.ApiVersions, 3), 2);
    assert.equal(requestHeaderVersion(ApiKey.ApiVersions, 99), 2, 'so that a later release can be answered');
    assert.equal(responseHeaderVersion(ApiKey.Metadata, 9), 1);
    assert.equal(responseHeaderVersion(ApiKey.Metadata, 8), 0);
    assert.equal(requestHeaderVersion(ApiKey.OffsetDelete, 0), 1);
    assert.equal(requestHeaderVersion(ApiKey.SaslHandshake, 1), 1);
  });

  test('known bytes: ApiVersions v3 with a client id and an unknown tag', () => {
    const header = '0012' + '0003' + '0000002a' + '0003' + '616263' + '01' + '05' + '02' + 'ffff';
    const body = '0b' + '6d696c6c2d74657374' + '61' + '02' + '31' + '00';
    const frame = Buffer.from(header + body, 'hex');
    const parsed = parseRequestHeader(frame);
    assert.equal(parsed.correlationId, 42);
    assert.equal(parsed.clientId, 'abc');
    const { request } = apiCatalog.find(({ apiKey }) => apiKey === parsed.apiKey)!;
    const message = decodeFrom(request, new Reader(frame, parsed.bodyOffset), parsed.apiVersion);
    assert.equal(message.clientSoftwareName, 'mill-testa');
    assert.equal(message.clientSoftwareVersion, '1');
  });

  test('a null client id, and a header at an offset', () => {
    const frame = Buffer.from(`ffff${'0003' + '0001' + '00000001' + 'ffff'}aa`, 'hex');
    assert.deepEqual(parseRequestHeader(frame, 2), {
      apiKey: 3,
      apiVersion: 1,
      correlationId: 1,
      clientId: null,
      bodyOffset: 12,
    });
    assert.throws(() => parseRequestHeader(frame, 2, 11), ProtocolError);
    assert.throws(() => parseRequestHeader(new Uint8Array(0)), ProtocolError);
  });
});

describe('error codes', () => {
  test('cover -1 to 136 without a gap', () => {
    const codes = Object.values(ErrorCode).sort((a, b) => a - b);
    assert.deepEqual(
      codes,
      Array.from({ length: 138 }, (_, i) => i - 1),
    );
    for (const [name, code] of Object.entries(ErrorCode)) {
      assert.equal(errorName(code), name);
      assert.match(errorMessage(code), /^[A-Za-z].*\.$/);
    }
  });

  test('a KafkaError carries code and message', () => {
    const error = new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    assert.equal(error.code, 3);
    assert.equal(error.message, errorMessage(3));
    assert.equal(new KafkaError(3, 'no topic "x"').message, 'no topic "x"');
    assert.equal(errorName(9999), 'UNKNOWN_SERVER_ERROR');
  });
});
