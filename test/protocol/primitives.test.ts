import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ZERO_UUID } from '../../src/base/uuid.ts';
import { Reader, Writer } from '../../src/protocol/primitives.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';

function hexOf(write: (writer: Writer) => void): string {
  const writer = new Writer(1);
  write(writer);
  return writer.copy().toString('hex');
}

function reader(hex: string): Reader {
  return new Reader(Buffer.from(hex, 'hex'));
}

/** What Kafka's ByteUtils would write: seven bits a byte of the zigzag value. */
function referenceVarlong(value: bigint): string {
  let zigzag = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  for (; zigzag >= 0x80n; zigzag >>= 7n) bytes.push(Number(zigzag & 0x7fn) | 0x80);
  bytes.push(Number(zigzag));
  return Buffer.from(bytes).toString('hex');
}

describe('integers', () => {
  test('big-endian, signed and unsigned', () => {
    assert.equal(
      hexOf((writer) => writer.int16(-2)),
      'fffe',
    );
    assert.equal(
      hexOf((writer) => writer.uint16(65534)),
      'fffe',
    );
    assert.equal(
      hexOf((writer) => writer.int32(-0x80000000)),
      '80000000',
    );
    assert.equal(
      hexOf((writer) => writer.uint32(0xfffffffe)),
      'fffffffe',
    );
    assert.equal(reader('fe').int8(), -2);
    assert.equal(reader('fffe').int16(), -2);
    assert.equal(reader('fffe').uint16(), 65534);
    assert.equal(reader('80000001').int32(), -0x7fffffff);
    assert.equal(reader('80000001').uint32(), 0x80000001);
  });

  test('int64 is exact to 2^53 and ends at the limits of 64 bits', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const expected = Buffer.alloc(8);
        expected.writeBigInt64BE(BigInt(value));
        assert.equal(
          hexOf((writer) => writer.int64(value)),
          expected.toString('hex'),
        );
        assert.equal(reader(expected.toString('hex')).int64(), value);
      }),
    );
    assert.equal(
      hexOf((writer) => writer.int64(2 ** 63)),
      '7fffffffffffffff',
    );
    assert.equal(
      hexOf((writer) => writer.int64(1e30)),
      '7fffffffffffffff',
    );
    assert.equal(
      hexOf((writer) => writer.int64(-(2 ** 63))),
      '8000000000000000',
    );
    assert.equal(
      hexOf((writer) => writer.int64(-1e30)),
      '8000000000000000',
    );
    assert.equal(reader('7fffffffffffffff').int64(), 2 ** 63);
    assert.equal(reader('8000000000000000').int64(), -(2 ** 63));
  });

  test('bigint64 is exact in all its bits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const expected = Buffer.alloc(8);
        expected.writeBigInt64BE(value);
        assert.equal(
          hexOf((writer) => writer.bigint64(value)),
          expected.toString('hex'),
        );
        assert.equal(reader(expected.toString('hex')).bigint64(), value);
      }),
    );
    assert.throws(() => hexOf((writer) => writer.bigint64(2n ** 63n)), /not an int64/);
    assert.throws(() => reader('00').bigint64(), /cut off/);
  });

  test('values outside their type are refused', () => {
    const writer = new Writer();
    for (const write of [
      () => writer.int8(128),
      () => writer.int16(-32769),
      () => writer.uint16(-1),
      () => writer.int32(1.5),
      () => writer.int32(Number.NaN),
      () => writer.uint32(2 ** 32),
      () => writer.int64(0.5),
      () => writer.int64(Number.NaN),
      () => writer.int64(Number.POSITIVE_INFINITY),
      () => writer.bool(1 as never),
      () => writer.uvarint(-1),
      () => writer.varint(2 ** 31),
    ]) {
      assert.throws(write, (error) => error instanceof ProtocolError && error.reason === 'unencodable');
    }
  });
});

describe('varints', () => {
  test('known bytes', () => {
    const unsigned: [number, string][] = [
      [0, '00'],
      [127, '7f'],
      [128, '8001'],
      [16383, 'ff7f'],
      [16384, '808001'],
      [0xffffffff, 'ffffffff0f'],
    ];
    for (const [value, hex] of unsigned) {
      assert.equal(
        hexOf((writer) => writer.uvarint(value)),
        hex,
      );
      assert.equal(reader(hex).uvarint(), value);
    }
    const signed: [number, string][] = [
      [0, '00'],
      [-1, '01'],
      [1, '02'],
      [63, '7e'],
      [-64, '7f'],
      [64, '8001'],
      [0x7fffffff, 'feffffff0f'],
      [-0x80000000, 'ffffffff0f'],
    ];
    for (const [value, hex] of signed) {
      assert.equal(
        hexOf((writer) => writer.varint(value)),
        hex,
      );
      assert.equal(reader(hex).varint(), value);
      assert.equal(
        hexOf((writer) => writer.varlong(value)),
        hex,
      );
      assert.equal(reader(hex).varlong(), value);
    }
  });

  test('varlong agrees with 64-bit arithmetic', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer()), (value) => {
        const hex = referenceVarlong(BigInt(value));
        assert.equal(
          hexOf((writer) => writer.varlong(value)),
          hex,
        );
        assert.equal(reader(hex).varlong(), value);
      }),
    );
    assert.equal(reader(referenceVarlong(2n ** 63n - 1n)).varlong(), 2 ** 63);
    assert.equal(reader(referenceVarlong(-(2n ** 63n))).varlong(), -(2 ** 63));
  });

  test('too long, too large or cut off is refused', () => {
    for (const hex of ['', '80', 'ffffffff', 'ffffffff10', '8080808080', '808080808000']) {
      assert.throws(() => reader(hex).uvarint(), ProtocolError, hex);
    }
    for (const hex of ['', '80', 'ffffffffffffffffff02', 'ffffffffffffffffff8000', '8080808080808080808080']) {
      assert.throws(() => reader(hex).varlong(), ProtocolError, hex);
    }
  });
});

describe('strings', () => {
  test('what goes in comes out, in all four encodings', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.constantFrom('', 'x'.repeat(127), 'ü'.repeat(64)),
    );
    fc.assert(
      fc.property(text, (value) => {
        const writer = new Writer(1);
        writer.string(value);
        writer.nullableString(value);
        writer.compactString(value);
        writer.compactNullableString(value);
        writer.nullableString(null);
        writer.compactNullableString(null);
        const written = new Reader(writer.copy());
        assert.equal(written.string(), value);
        assert.equal(written.nullableString(), value);
        assert.equal(written.compactString(), value);
        assert.equal(written.compactNullableString(), value);
        assert.equal(written.nullableString(), null);
        assert.equal(written.compactNullableString(), null);
        assert.equal(written.remaining(), 0);
      }),
    );
  });

  test('32767 bytes are the most', () => {
    const longest = 'x'.repeat(32767);
    assert.equal(reader(hexOf((writer) => writer.string(longest))).string(), longest);
    assert.equal(reader(hexOf((writer) => writer.compactString(longest))).compactString(), longest);
    for (const text of [`${longest}x`, 'ü'.repeat(16384)]) {
      assert.throws(() => new Writer().string(text), /32767/);
      assert.throws(() => new Writer().compactString(text), /32767/);
    }
  });

  test('null where none may be, and lengths that lie', () => {
    for (const hex of ['ffff', 'fffe', '0003' + '6162', '7fff'])
      assert.throws(() => reader(hex).string(), ProtocolError);
    for (const hex of ['00', '04' + '6162', 'ffffffff0f'])
      assert.throws(() => reader(hex).compactString(), ProtocolError);
  });

  test('every length below 0 is null', () => {
    for (const hex of ['ffff', 'fffe', '8000']) assert.equal(reader(hex).nullableString(), null);
    for (const hex of ['00', 'ffffffff0f', '8180808008']) assert.equal(reader(hex).compactNullableString(), null);
    for (const hex of ['ffffffff', 'fffffffe', '80000000']) assert.equal(reader(hex).nullableByteString(), null);
    for (const hex of ['00', 'ffffffff0f']) assert.equal(reader(hex).compactNullableByteString(), null);
    for (const hex of ['ffffffff', 'fffffffe', '80000000']) assert.equal(reader(hex).arrayLength(1, true), -1);
    for (const hex of ['00', 'ffffffff0f']) assert.equal(reader(hex).compactArrayLength(1, true), -1);
  });

  test('a compact string is no longer than a classic one', () => {
    const ofLength = (length: number) => `${hexOf((writer) => writer.uvarint(length + 1))}${'61'.repeat(length)}`;
    assert.equal(reader(ofLength(32767)).compactString().length, 32767);
    assert.throws(() => reader(ofLength(32768)).compactString(), ProtocolError);
    assert.throws(() => reader(ofLength(32768)).compactNullableString(), ProtocolError);
  });

  test('bytes that are not UTF-8 become replacement characters', () => {
    assert.equal(reader('0003' + '61ff62').string(), 'a\ufffdb');
    assert.equal(
      hexOf((writer) => writer.string('\ud800')),
      '0003efbfbd',
    );
  });
});

describe('bytes and uuids', () => {
  test('null where none may be, and lengths that lie', () => {
    for (const hex of ['ffffffff', 'fffffffe', '00000003' + '6162', '7fffffff']) {
      assert.throws(() => reader(hex).byteString(), ProtocolError);
    }
    assert.throws(() => reader('00').compactByteString(), ProtocolError);
  });

  test('a uuid is 22 characters of base64url', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const uuid = reader(Buffer.from(bytes).toString('hex')).uuid();
        assert.equal(uuid.length, 22);
        assert.equal(
          hexOf((writer) => writer.uuid(uuid)),
          Buffer.from(bytes).toString('hex'),
        );
      }),
    );
    assert.equal(
      hexOf((writer) => writer.uuid(ZERO_UUID)),
      '0'.repeat(32),
    );
    for (const text of ['', 'x', 'A'.repeat(23), '!'.repeat(22), null as never]) {
      assert.throws(() => new Writer().uuid(text), ProtocolError);
    }
  });

  test('a sized value may need its size bytes only afterwards', () => {
    for (const length of [0, 1, 127, 128, 16_383, 16_384]) {
      const writer = new Writer(1);
      const mark = writer.beginSized();
      writer.raw(new Uint8Array(length).fill(7));
      writer.endSized(mark);
      writer.int8(1);
      const written = new Reader(writer.copy());
      assert.equal(written.uvarint(), length);
      assert.deepEqual(new Uint8Array(written.view(length)), new Uint8Array(length).fill(7));
      assert.equal(written.int8(), 1);
      assert.equal(written.remaining(), 0);
    }
  });
});
