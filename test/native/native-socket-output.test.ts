import assert from 'node:assert/strict';
import { type StdioOptions, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { PLAN_STRIDE, PlanSlot } from '../../src/native/log-store.ts';
import { OUTPUT_PART_STRIDE, openSocketOutput, setFilePart, setMemoryPart } from '../../src/native/socket-output.ts';
import { appendBatches, nativeStore, sharedBytes, skip, temporaryFolder } from './native-fixture.ts';
import { simpleBatch } from './record-batches.ts';

const OPTIONS = { indexIntervalBytes: 4096, indexBytesMax: 1 << 20 };

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

const CONGESTION_CONTROL = `
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
int main(int count, char **set) {
  char name[64] = "";
  socklen_t size = sizeof name;
  for (int at = 1; at < count; at++) setsockopt(3, IPPROTO_TCP, TCP_CONGESTION, set[at], strlen(set[at]));
  getsockopt(3, IPPROTO_TCP, TCP_CONGESTION, name, &size);
  puts(name);
}`;

/** What a socket has, after those of `set` were asked for that the system knows; undefined without a compiler. */
function congestionControls(descriptor: number, set: readonly string[]): string | undefined {
  const { folder, dispose } = temporaryFolder();
  try {
    writeFileSync(`${folder}/ask.c`, CONGESTION_CONTROL);
    if (spawnSync('cc', ['-o', `${folder}/ask`, `${folder}/ask.c`]).error) return undefined;
    const stdio: StdioOptions = ['ignore', 'pipe', 'inherit', descriptor];
    return spawnSync(`${folder}/ask`, set, { stdio, encoding: 'utf8' }).stdout.trim();
  } finally {
    dispose();
  }
}

describe('socket output', { skip }, () => {
  const store = skip ? undefined! : nativeStore();
  const output = skip ? undefined! : openSocketOutput()!;
  const { folder, dispose } = temporaryFolder();
  const plan = new Float64Array(PLAN_STRIDE);
  const memory = sharedBytes(4 << 20);
  let memoryId: number;
  let log: number;
  let fileBytes: Buffer;
  let server: Server;

  before(async () => {
    memoryId = store.registerMemory(memory);
    for (let at = 0; at < memory.length; at++) memory[at] = (at * 31) >> 3;
    log = store.openLog(`${folder}/t-0`, OPTIONS);
    store.roll(log, 0);
    const batches = Array.from({ length: 64 }, (_, at) => simpleBatch(1, 1000 + at, 100_000 + at));
    appendBatches(store, log, 0, batches);
    assert.equal(store.planRead(log, 0, 1 << 30, 64, plan, 0), 0);
    fileBytes = Buffer.alloc(plan[PlanSlot.sizeBytes]);
    store.readPlanned(plan[PlanSlot.file], 0, fileBytes, 0, fileBytes.length);
    store.release(plan[PlanSlot.file]);
    server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => {
    server?.close();
    if (store) {
      store.closeLog(log);
      store.releaseMemory(memoryId);
    }
    dispose();
  });

  async function pair(): Promise<{ ours: Socket; theirs: Socket }> {
    const accepted = once(server, 'connection');
    const theirs = connect((server.address() as { port: number }).port, '127.0.0.1');
    const [ours] = (await accepted) as [Socket];
    ours.pause();
    ours.on('error', () => {});
    theirs.on('error', () => {});
    return { ours, theirs };
  }

  async function receive(socket: Socket, sizeBytes: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let got = 0;
    while (got < sizeBytes) {
      const chunk = socket.read() as Buffer | null;
      if (chunk) {
        chunks.push(chunk);
        got += chunk.length;
      } else await once(socket, 'readable');
    }
    assert.equal(got, sizeBytes);
    return Buffer.concat(chunks);
  }

  /** Plans the whole segment into part `at`; returns its size. */
  function planAll(parts: Float64Array, at: number, cached = true): number {
    assert.equal(store.planRead(log, 0, 1 << 30, 64, plan, 0), 0);
    setFilePart(parts, at, plan[PlanSlot.file], plan[PlanSlot.position], plan[PlanSlot.sizeBytes], cached);
    return plan[PlanSlot.sizeBytes];
  }

  test('small responses leave at once', async () => {
    const { ours, theirs } = await pair();
    const handle = output.attach(descriptorOf(ours), () => assert.fail('nothing was queued'));
    assert.ok(handle > 0);
    const parts = new Float64Array(4 * OUTPUT_PART_STRIDE);
    setMemoryPart(parts, 0, memoryId, 10, 20);
    setMemoryPart(parts, 1, memoryId, 100, 0);
    assert.equal(store.planRead(log, 0, 1000, 64, plan, 0), 0);
    setFilePart(parts, 2, plan[PlanSlot.file], plan[PlanSlot.position], 1000, true);
    setMemoryPart(parts, 3, memoryId, 500, 7);
    assert.equal(output.send(handle, parts, 4), 1027);
    assert.equal(output.pendingBytes(handle), 0);
    const expected = Buffer.concat([memory.subarray(10, 30), fileBytes.subarray(0, 1000), memory.subarray(500, 507)]);
    assert.deepEqual(await receive(theirs, 1027), expected);
    assert.throws(() => store.release(plan[PlanSlot.file]), 'the hold was given back');
    output.detach(handle);
    ours.destroy();
    theirs.destroy();
  });

  for (const cached of [true, false])
    test(`what a slow reader does not take is sent later, in order (${cached ? 'cached' : 'cold'} files)`, async () => {
      const { ours, theirs } = await pair();
      theirs.pause();
      let settled: (result: number) => void = () => {};
      const end = new Promise<number>((resolve) => {
        settled = resolve;
      });
      const handle = output.attach(descriptorOf(ours), (result) => settled(result));
      const expected: Uint8Array[] = [];
      const parts = new Float64Array(3 * OUTPUT_PART_STRIDE);
      let total = 0;
      let inline = 0;
      for (let round = 0; round < 4; round++) {
        setMemoryPart(parts, 0, memoryId, round * 1000, 1 << 20);
        expected.push(memory.slice(round * 1000, round * 1000 + (1 << 20)), fileBytes, memory.slice(round, round + 33));
        total += (1 << 20) + planAll(parts, 1, cached) + 33;
        setMemoryPart(parts, 2, memoryId, round, 33);
        inline += output.send(handle, parts, 3);
      }
      assert.ok(inline < total);
      assert.ok(output.pendingBytes(handle) > 0);
      // What was queued is a copy.
      const saved = memory.slice(0, 8192);
      memory.fill(0, 0, 8192);
      const received = await receive(theirs, total);
      memory.set(saved, 0);
      assert.equal(digest(received), digest(Buffer.concat(expected)));
      assert.equal(await end, 0);
      assert.equal(output.pendingBytes(handle), 0);
      assert.throws(() => store.release(plan[PlanSlot.file]), 'every hold was given back');
      // Afterwards the calling thread sends directly again.
      setMemoryPart(parts, 0, memoryId, 0, 10);
      assert.equal(output.send(handle, parts, 1), 10);
      output.detach(handle);
      ours.destroy();
      theirs.destroy();
    });

  test('a lost connection is told, and later sends fail', async () => {
    const { ours, theirs } = await pair();
    theirs.pause();
    let settled: (result: number) => void = () => {};
    const end = new Promise<number>((resolve) => {
      settled = resolve;
    });
    const handle = output.attach(descriptorOf(ours), (result) => settled(result));
    const parts = new Float64Array(2 * OUTPUT_PART_STRIDE);
    setMemoryPart(parts, 0, memoryId, 0, 4 << 20);
    const size = planAll(parts, 1);
    assert.ok(output.send(handle, parts, 2) < size + (4 << 20));
    theirs.resetAndDestroy();
    assert.ok((await end) < 0);
    setMemoryPart(parts, 0, memoryId, 0, 10);
    assert.ok(output.send(handle, parts, 1) < 0);
    assert.throws(() => store.release(plan[PlanSlot.file]), 'the hold was given back');
    output.detach(handle);
    ours.destroy();
  });

  test('detaching drops the queue and its holds', async () => {
    const { ours, theirs } = await pair();
    theirs.pause();
    const handle = output.attach(descriptorOf(ours), () => assert.fail('detached'));
    const parts = new Float64Array(4 * OUTPUT_PART_STRIDE);
    let size = 0;
    for (let part = 0; part < 4; part++) size += planAll(parts, part, part < 2);
    assert.ok(output.send(handle, parts, 4) < size);
    output.detach(handle);
    ours.destroy();
    theirs.resume();
    await once(theirs, 'close');
    assert.throws(() => output.pendingBytes(handle));
    assert.throws(() => output.send(handle, parts, 0));
    // The sender thread gives up the part it is at when it comes back.
    while (stillHeld(plan[PlanSlot.file])) await new Promise((resolve) => setImmediate(resolve));
  });

  function stillHeld(file: number): boolean {
    try {
      store.readPlanned(file, 0, Buffer.alloc(1), 0, 1);
      return true;
    } catch {
      return false;
    }
  }

  test('an output whose socket is gone never writes to the next holder of its descriptor', async () => {
    const first = await pair();
    const handle = output.attach(descriptorOf(first.ours), () => {});
    const closed = once(first.ours, 'close');
    first.ours.destroy();
    await closed;
    const second = await pair();
    const parts = new Float64Array(OUTPUT_PART_STRIDE);
    setMemoryPart(parts, 0, memoryId, 0, 10);
    assert.equal(output.send(handle, parts, 1), 10);
    assert.deepEqual(await receive(first.theirs, 10), Buffer.from(memory.subarray(0, 10)));
    const ended = once(first.theirs, 'end');
    first.theirs.resume();
    output.detach(handle);
    await ended;
    assert.equal(second.theirs.read(), null);
    assert.equal(second.theirs.bytesRead, 0);
    for (const socket of [first.theirs, second.ours, second.theirs]) socket.destroy();
  });

  test('wrong parts throw and take nothing over', async () => {
    const { ours, theirs } = await pair();
    const handle = output.attach(descriptorOf(ours), () => {});
    const parts = new Float64Array(2 * OUTPUT_PART_STRIDE);
    planAll(parts, 0);
    setMemoryPart(parts, 1, memoryId, memory.length - 5, 10);
    assert.throws(() => output.send(handle, parts, 2), RangeError);
    assert.throws(() => output.send(handle, parts, 3), RangeError);
    store.release(plan[PlanSlot.file]);
    assert.ok(output.attach(-1, () => {}) < 0);
    output.detach(handle);
    ours.destroy();
    theirs.destroy();
  });

  test('a socket that is not paced has the congestion control reno', async (context) => {
    const { ours, theirs } = await pair();
    const congestion = (...set: string[]) => congestionControls(descriptorOf(ours), set);
    const before = congestion('cubic', 'bbr');
    if (before === undefined) context.skip('there is no compiler');
    else {
      assert.notEqual(before, '');
      output.unpace(descriptorOf(ours));
      assert.equal(congestion(), 'reno');
      // Not a socket: nothing happens.
      output.unpace(-1);
    }
    ours.destroy();
    theirs.destroy();
  });

  test('many connections at once', async () => {
    const pairs: { ours: Socket; theirs: Socket }[] = [];
    while (pairs.length < 12) pairs.push(await pair());
    const expected = digest(Buffer.concat([memory.subarray(0, 100_000), fileBytes]));
    await Promise.all(
      pairs.map(async ({ ours, theirs }, at) => {
        const handle = output.attach(descriptorOf(ours), () => {});
        const parts = new Float64Array(2 * OUTPUT_PART_STRIDE);
        setMemoryPart(parts, 0, memoryId, 0, 100_000);
        const size = planAll(parts, 1, at % 2 === 0);
        assert.ok(output.send(handle, parts, 2) >= 0);
        assert.equal(digest(await receive(theirs, size + 100_000)), expected);
        output.detach(handle);
        ours.destroy();
        theirs.destroy();
      }),
    );
  });
});
