import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { LogStore } from '../../src/native/log-store.ts';
import { OUTPUT_PART_STRIDE, setFilePart, setMemoryPart } from '../../src/native/socket-output.ts';
import { TLS_SLICE_BYTES, TlsResponseSender, TlsSlice } from '../../src/network/tls-response-sender.ts';

/** A socket that says when a write has left only when it is told to, and a store of files that are numbers. */
class Rig {
  readonly writes: Buffer[] = [];
  readonly drained: boolean[] = [];
  readonly held = new Set<number>();
  readonly memory = Buffer.alloc(1000);
  readonly sender: TlsResponseSender;
  failing = -1;
  readBytes = 0;
  #callbacks: ((error?: Error) => void)[] = [];

  constructor(slice = new TlsSlice()) {
    const store = {
      readPlanned: (file: number, position: number, target: Buffer, at: number, sizeBytes: number) => {
        if (file === this.failing) return -5;
        for (let i = 0; i < sizeBytes; i++) target[at + i] = byteOf(file, position + i);
        this.readBytes += sizeBytes;
        return sizeBytes;
      },
      release: (file: number) => {
        assert.ok(this.held.delete(file), `file ${file} is given back twice`);
      },
    } as unknown as LogStore;
    const onDrained = (failed: boolean): void => void this.drained.push(failed);
    this.sender = new TlsResponseSender(store, () => this.memory, slice, onDrained);
    this.sender.open({
      // As node:tls: the bytes are taken (encrypted) within the call.
      write: (bytes: Buffer, callback: (error?: Error) => void) => {
        this.writes.push(Buffer.from(bytes));
        this.#callbacks.push(callback);
      },
    } as unknown as Socket);
  }

  /** `text` from memory, then that much of a file, for each. */
  send(...parts: (string | { file: number; position: number; sizeBytes: number })[]): number {
    const list = new Float64Array(parts.length * OUTPUT_PART_STRIDE);
    let at = 0;
    let total = 0;
    for (const [index, part] of parts.entries()) {
      if (typeof part === 'string') {
        this.memory.write(part, at, 'latin1');
        setMemoryPart(list, index, 7, at, part.length);
        at += part.length;
        total += part.length;
      } else {
        this.held.add(part.file);
        setFilePart(list, index, part.file, part.position, part.sizeBytes, true);
        total += part.sizeBytes;
      }
    }
    const queued = this.sender.send(list, parts.length, total);
    this.memory.fill(0);
    return queued;
  }

  settle(error?: Error): void {
    this.#callbacks.shift()!(error);
  }

  get written(): Buffer {
    return Buffer.concat(this.writes);
  }
}

const byteOf = (file: number, position: number): number => (file * 31 + position) % 251;
const fileBytes = (file: number, position: number, sizeBytes: number): Buffer =>
  Buffer.from(Array.from({ length: sizeBytes }, (_, i) => byteOf(file, position + i)));

describe('responses over TLS', () => {
  test('a small response is one write, and all of it counts as queued until it has left', () => {
    const rig = new Rig();
    assert.equal(rig.send('head', { file: 1, position: 10, sizeBytes: 20 }, 'tail'), 28);
    const expected = Buffer.concat([Buffer.from('head'), fileBytes(1, 10, 20), Buffer.from('tail')]);
    assert.deepEqual(rig.writes, [expected]);
    assert.equal(rig.held.size, 0);
    assert.equal(rig.sender.pendingBytes, 28);
    rig.settle();
    assert.equal(rig.sender.pendingBytes, 0);
    assert.deepEqual(rig.drained, [false]);
  });

  test('a slow reader costs one slice: the rest is not even read', () => {
    const rig = new Rig();
    const large = 10 * TLS_SLICE_BYTES + 5;
    assert.equal(rig.send('head', { file: 1, position: 3, sizeBytes: large }, 'tail'), large + 8);
    assert.equal(rig.writes.length, 1);
    assert.ok(rig.readBytes <= TLS_SLICE_BYTES);
    assert.deepEqual([...rig.held], [1]);
    for (let pending = large + 8; pending > 0; ) {
      rig.settle();
      assert.ok(rig.sender.pendingBytes < pending);
      pending = rig.sender.pendingBytes;
      assert.ok(rig.writes[rig.writes.length - 1].length <= TLS_SLICE_BYTES);
    }
    assert.deepEqual(rig.drained, [false]);
    assert.equal(rig.held.size, 0);
    assert.ok(rig.written.equals(Buffer.concat([Buffer.from('head'), fileBytes(1, 3, large), Buffer.from('tail')])));
  });

  test('what comes while a write is under way follows it, and its memory was copied', () => {
    const rig = new Rig();
    rig.send('one');
    rig.send('two', { file: 2, position: 0, sizeBytes: 5 });
    rig.send('three');
    assert.deepEqual(rig.writes.map(String), ['one']);
    rig.settle();
    rig.settle();
    const expected = Buffer.concat([Buffer.from('onetwo'), fileBytes(2, 0, 5), Buffer.from('three')]);
    assert.ok(rig.written.equals(expected));
    assert.deepEqual([rig.sender.pendingBytes, rig.drained.length, rig.held.size], [0, 1, 0]);
  });

  test('two connections share a slice and do not mix', () => {
    const slice = new TlsSlice();
    const rigs = [new Rig(slice), new Rig(slice)];
    const large = 3 * TLS_SLICE_BYTES;
    for (const [file, rig] of rigs.entries()) rig.send({ file, position: 0, sizeBytes: large });
    for (let turn = 0; turn < 3; turn++) for (const rig of rigs) rig.settle();
    for (const [file, rig] of rigs.entries()) assert.ok(rig.written.equals(fileBytes(file, 0, large)));
  });

  test('a file that cannot be read fails the connection, at once or later, and everything is given back', () => {
    const atOnce = new Rig();
    atOnce.failing = 1;
    assert.ok(atOnce.send('x', { file: 1, position: 0, sizeBytes: 5 }, { file: 2, position: 0, sizeBytes: 5 }) < 0);
    assert.equal(atOnce.held.size, 0);
    const later = new Rig();
    later.failing = 2;
    later.send({ file: 1, position: 0, sizeBytes: TLS_SLICE_BYTES }, { file: 2, position: 0, sizeBytes: 5 });
    later.settle();
    assert.deepEqual(later.drained, [true]);
    later.sender.close();
    assert.equal(later.held.size, 0);
    const amid = new Rig();
    amid.failing = 2;
    assert.ok(
      amid.send({ file: 1, position: 0, sizeBytes: 5 }, { file: 2, position: 0, sizeBytes: TLS_SLICE_BYTES }) < 0,
    );
    amid.sender.close();
    assert.equal(amid.held.size, 0);
  });

  test('closing gives back what is queued, and what was under way says nothing more', () => {
    const rig = new Rig();
    rig.send({ file: 1, position: 0, sizeBytes: 2 * TLS_SLICE_BYTES }, { file: 2, position: 0, sizeBytes: 5 });
    rig.sender.close();
    assert.equal(rig.held.size, 0);
    rig.settle(new Error('closed'));
    assert.deepEqual([rig.writes.length, rig.drained.length], [1, 0]);
    assert.ok(rig.send('late') < 0);
  });

  test('a write that fails fails the connection', () => {
    const rig = new Rig();
    rig.send('x');
    rig.settle(new Error('broken pipe'));
    assert.deepEqual(rig.drained, [true]);
  });
});
