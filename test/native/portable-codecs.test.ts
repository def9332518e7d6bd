import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { compressFrameSync } from 'lz4-napi';
import { crc32c } from '../../src/native/crc32c.ts';
import { DecompressedSizeError, DecompressionError, decompress } from '../../src/native/decompression.ts';
import { Errno } from '../../src/native/file-space.ts';
import { fsFileSpace } from '../../src/native/fs-file-space.ts';
import { Lz4FormatError, Lz4SizeError, lz4FrameDecompress } from '../../src/native/lz4-frame.ts';
import { compressRecords } from './record-batches.ts';

/** Bytes that compress: pieces of a small alphabet, repeated. */
const compressible = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 20 }), fc.integer({ min: 1, max: 300 })), { maxLength: 20 })
  .map((pieces) => Buffer.concat(pieces.flatMap(([bytes, times]) => Array<Uint8Array>(times).fill(bytes))));

describe('crc32c', () => {
  test('of pieces is the CRC of the whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (first, second) => {
        const whole = Buffer.concat([first, second]);
        const expected = crc32c(whole, 0, whole.length);
        assert.equal(crc32c(second, 0, second.length, crc32c(first, 0, first.length)), expected);
      }),
    );
    assert.equal(crc32c(Buffer.alloc(32), 0, 32), 0x8a9136aa);
    assert.equal(crc32c(Buffer.alloc(32, 0xff), 0, 32), 0x62a8ab43);
  });
});

describe('decompression', () => {
  test('brings back what any codec compressed, and keeps to the bound', () => {
    fc.assert(
      fc.property(compressible, fc.constantFrom(1, 2, 3, 4), (bytes, codec) => {
        const packed = compressRecords(codec, bytes);
        assert.deepEqual(Buffer.from(decompress(codec, packed, bytes.length + 1)), bytes);
        if (bytes.length > 1)
          assert.throws(() => decompress(codec, packed, bytes.length - 1), DecompressedSizeError, `codec ${codec}`);
      }),
      { numRuns: 200 },
    );
  });

  test('damage ends in an error or in other bytes, never in anything else', () => {
    fc.assert(
      fc.property(compressible, fc.constantFrom(1, 2, 3, 4), fc.nat(), fc.nat(255), (bytes, codec, place, value) => {
        const packed = Buffer.from(compressRecords(codec, bytes));
        packed[place % packed.length] = value;
        try {
          assert.ok(decompress(codec, packed, 1 << 20).length <= 1 << 20);
        } catch (error) {
          assert.ok(error instanceof DecompressionError || error instanceof DecompressedSizeError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('LZ4 frames that are cut off, and one that grows without end', () => {
    const packed = compressFrameSync(Buffer.from('abcabcabcabcabcabcabcabc'.repeat(20)));
    for (let length = 0; length < packed.length - 4; length++)
      assert.throws(() => lz4FrameDecompress(packed.subarray(0, length), 1 << 20), Lz4FormatError, `${length} bytes`);
    assert.throws(() => lz4FrameDecompress(compressFrameSync(Buffer.alloc(1 << 20)), 1000), Lz4SizeError);
  });
});

describe('files of the operating system', () => {
  test('a lock left by a process that is gone is taken over, that of a live one is not', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
    const lock = join(folder, '.lock');
    try {
      writeFileSync(lock, '');
      assert.equal(fsFileSpace.lock(lock), 0);
      const identity = readFileSync(lock, 'utf8');
      assert.match(identity, new RegExp(`^${process.pid}\\b`));
      assert.equal(fsFileSpace.lock(lock), Errno.EAGAIN);
      assert.equal(fsFileSpace.unlock(lock), 0);
      // The same process id, but another process: it started at another time.
      writeFileSync(lock, identity.replace(/ \d+ /, ' 1 '));
      assert.equal(fsFileSpace.lock(lock), 0);
      assert.equal(fsFileSpace.unlock(lock), 0);
      assert.equal(fsFileSpace.unlock(lock), Errno.ENOENT);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a lock of a killed process is taken over before its parent has asked for its status', {
    skip: process.platform !== 'linux',
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
    const lock = join(folder, '.lock');
    // The shell starts the holder and becomes a program that never asks for a child's status.
    const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const holder = Number.parseInt(line.toString(), 10);
      const fields = () => readFileSync(`/proc/${holder}/stat`, 'latin1').split(') ')[1]!.split(' ');
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
      writeFileSync(lock, `${holder} ${fields()[19]} ${boot}\n`);
      assert.equal(fsFileSpace.lock(lock), Errno.EAGAIN);
      process.kill(holder, 'SIGKILL');
      while (fields()[0] !== 'Z') await setImmediate();
      assert.equal(fsFileSpace.lock(lock), 0);
      assert.equal(fsFileSpace.unlock(lock), 0);
    } finally {
      parent.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  });

  test('many parts are written in their order', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-parts-'));
    try {
      const parts = Array.from({ length: 2500 }, (_, at) => Buffer.from(`${at},`));
      const file = fsFileSpace.open(join(folder, 'f'), true);
      assert.equal(fsFileSpace.write(file, 3, parts, 2400), 0);
      fsFileSpace.close(file);
      const expected = Buffer.concat([Buffer.alloc(3), ...parts.slice(0, 2400)]);
      assert.deepEqual(readFileSync(join(folder, 'f')), expected);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
