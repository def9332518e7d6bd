/** A thread that empties a ring: counts the entries that are not the next whole one. */
import { parentPort, workerData } from 'node:worker_threads';
import { DESCRIPTOR_SLOTS, RingConsumer } from '../../src/ring/descriptor-ring.ts';

const { memory, count } = workerData as { memory: SharedArrayBuffer; count: number };
const consumer = new RingConsumer(memory);
let taken = 0;
let wrong = 0;

function read(): void {
  for (let at = consumer.peek(); at >= 0; at = consumer.peek()) {
    taken++;
    for (let slot = 0; slot < DESCRIPTOR_SLOTS; slot++) if (consumer.slots[at + slot] !== taken + slot / 8) wrong++;
    consumer.advance();
    if (taken % 7 === 0) consumer.release();
  }
  consumer.release();
  if (taken < count) setImmediate(read);
  else parentPort!.postMessage({ taken, wrong });
}
read();
