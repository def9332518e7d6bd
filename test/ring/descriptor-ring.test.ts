import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { allocateRing, DESCRIPTOR_SLOTS, RingConsumer, RingProducer } from '../../src/ring/descriptor-ring.ts';

/** A ring whose counters stand `before` entries before they wrap at 2^32. */
function ringNearWrap(capacity: number, before: number): SharedArrayBuffer {
  const memory = allocateRing(capacity);
  const counters = new Int32Array(memory);
  counters[0] = counters[16] = -before;
  return memory;
}

function push(producer: RingProducer, value: number): boolean {
  const at = producer.reserve();
  if (at < 0) return false;
  for (let slot = 0; slot < DESCRIPTOR_SLOTS; slot++) producer.slots[at + slot] = value + slot / 8;
  return true;
}

function take(consumer: RingConsumer): number | undefined {
  const at = consumer.peek();
  if (at < 0) return undefined;
  const value = consumer.slots[at];
  for (let slot = 0; slot < DESCRIPTOR_SLOTS; slot++) assert.equal(consumer.slots[at + slot], value + slot / 8);
  consumer.advance();
  return value;
}

const ringStep = fc.oneof(
  fc.record({ kind: fc.constantFrom('push' as const, 'take' as const), count: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constantFrom('publish' as const, 'release' as const), count: fc.constant(1) }),
);

describe('descriptor ring', () => {
  test('behaves as a bounded queue in which both sides see only what was published and released', () => {
    const arbitrary = fc.tuple(fc.constantFrom(2, 4, 8), fc.nat(20), fc.array(ringStep, { maxLength: 120 }));
    fc.assert(
      fc.property(arbitrary, ([capacity, before, steps]) => {
        const memory = ringNearWrap(capacity, before);
        const producer = new RingProducer(memory);
        const consumer = new RingConsumer(memory);
        const [reserved, visible]: [number[], number[]] = [[], []];
        let unreleased = 0;
        let next = 1;
        for (const { kind, count } of steps) {
          if (kind === 'publish') {
            assert.equal(producer.publish(), reserved.length > 0);
            visible.push(...reserved.splice(0));
          } else if (kind === 'release') {
            consumer.release();
            unreleased = 0;
          } else {
            for (let i = 0; i < count; i++) {
              if (kind === 'push') {
                const room = capacity - reserved.length - visible.length - unreleased;
                assert.equal(producer.free, room);
                assert.equal(push(producer, next), room > 0);
                if (room > 0) reserved.push(next++);
              } else {
                const expected = visible.shift();
                assert.equal(take(consumer), expected);
                if (expected !== undefined) unreleased++;
              }
            }
          }
        }
      }),
    );
  });

  test('goes on where an earlier pair has stopped', () => {
    const memory = ringNearWrap(4, 2);
    const first = new RingProducer(memory);
    for (const value of [1, 2, 3]) push(first, value);
    first.publish();
    const reader = new RingConsumer(memory);
    assert.deepEqual([take(reader), take(reader)], [1, 2]);
    reader.release();
    const [producer, consumer] = [new RingProducer(memory), new RingConsumer(memory)];
    assert.equal(producer.free, 3);
    push(producer, 4);
    producer.publish();
    assert.deepEqual([take(consumer), take(consumer), take(consumer)], [3, 4, undefined]);
  });

  test('refuses capacities that are no power of two', () => {
    for (const capacity of [0, 1, 3, 12]) assert.throws(() => allocateRing(capacity), RangeError);
  });

  test('between threads every entry arrives once, whole, and in order', { timeout: 60_000 }, async () => {
    const count = 60_000;
    const memory = ringNearWrap(64, 1000);
    const worker = new Worker(new URL('./ring-reader.ts', import.meta.url), { workerData: { memory, count } });
    const done = once(worker, 'message');
    const producer = new RingProducer(memory);
    for (let value = 1; value <= count; ) {
      while (value <= count && push(producer, value)) value++;
      producer.publish();
      // The reader may have to share this core.
      await new Promise(setImmediate);
    }
    assert.deepEqual(await done, [{ taken: count, wrong: 0 }]);
    await worker.terminate();
  });
});
