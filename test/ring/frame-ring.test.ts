import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { allocateFrameRing, FrameRingConsumer, FrameRingProducer } from '../../src/ring/frame-ring.ts';

const HEADER_BYTES = 128;

/** A ring whose counters stand `before` units before they wrap at 2^32. */
function ringNearWrap(capacityBytes: number, before: number): SharedArrayBuffer {
  const memory = allocateFrameRing(capacityBytes);
  const counters = new Int32Array(memory, 0, HEADER_BYTES / 4);
  counters[0] = counters[16] = -before;
  return memory;
}

function push(producer: FrameRingProducer, sizeBytes: number, value: number): boolean {
  const at = producer.reserve(sizeBytes);
  if (at < 0) return false;
  assert.equal(at % 8, 0);
  producer.bytes.fill(value, at, at + sizeBytes);
  return true;
}

function take(consumer: FrameRingConsumer): { readonly sizeBytes: number; readonly value: number } | undefined {
  const at = consumer.peek();
  if (at < 0) return undefined;
  assert.equal(consumer.peek(), at, 'looking changes nothing');
  const sizeBytes = consumer.sizeAt(at);
  const record = consumer.bytes.subarray(at, at + sizeBytes);
  assert.equal(record.length, sizeBytes, 'it lies in one piece');
  const value = sizeBytes > 0 ? record[0] : 0;
  assert.ok(record.every((byte) => byte === value));
  consumer.advance();
  return { sizeBytes, value };
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), sizeBytes: fc.nat(140) }),
  fc.record({ kind: fc.constantFrom('take' as const, 'publish' as const), sizeBytes: fc.constant(0) }),
);

describe('frame ring', () => {
  test('gives out whole records in order, only what was published, whatever their sizes and where they wrap', () => {
    const arbitrary = fc.tuple(fc.constantFrom(32, 64, 256), fc.nat(40), fc.array(step, { maxLength: 200 }));
    fc.assert(
      fc.property(arbitrary, ([capacityBytes, before, steps]) => {
        const memory = ringNearWrap(capacityBytes, before);
        const producer = new FrameRingProducer(memory);
        const consumer = new FrameRingConsumer(memory);
        const [reserved, visible]: { sizeBytes: number; value: number }[][] = [[], []];
        let next = 0;
        for (const { kind, sizeBytes } of steps) {
          if (kind === 'publish') {
            producer.publish();
            visible.push(...reserved.splice(0));
          } else if (kind === 'take') {
            assert.deepEqual(take(consumer), visible.shift());
          } else {
            next = (next + 1) % 256;
            const pushed = push(producer, sizeBytes, next);
            if (pushed) reserved.push({ sizeBytes, value: sizeBytes > 0 ? next : 0 });
            const empty = reserved.length === 0 && visible.length === 0;
            if (empty && sizeBytes + 8 <= capacityBytes / 2) assert.ok(pushed, 'half of an empty ring is to be had');
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('a record larger than the ring is refused, and nothing is changed by it', () => {
    const memory = allocateFrameRing(64);
    const producer = new FrameRingProducer(memory);
    const consumer = new FrameRingConsumer(memory);
    assert.equal(producer.reserve(64), -1);
    assert.ok(push(producer, 16, 7));
    assert.equal(producer.reserve(48), -1);
    producer.publish();
    assert.deepEqual(take(consumer), { sizeBytes: 16, value: 7 });
    assert.equal(take(consumer), undefined);
  });

  test('carries records between two threads', { timeout: 30_000 }, async () => {
    const memory = allocateFrameRing(1_024);
    const count = 5_000;
    const worker = new Worker(new URL('./frame-reader.ts', import.meta.url), { workerData: { memory, count } });
    const done = once(worker, 'message');
    const producer = new FrameRingProducer(memory);
    for (let value = 0; value < count; ) {
      if (push(producer, 8 + ((value * 37) % 300), value % 251)) value++;
      else await new Promise((resolve) => setImmediate(resolve));
      producer.publish();
    }
    assert.deepEqual(await done, [{ wrong: 0 }]);
    await worker.terminate();
  });

  test('wants a power of two', () => {
    for (const size of [0, 16, 100]) assert.throws(() => allocateFrameRing(size), RangeError);
  });
});
