/** A thread that reads records and counts those that are not what the test sends. */
import { parentPort, workerData } from 'node:worker_threads';
import { FrameRingConsumer } from '../../src/ring/frame-ring.ts';

const { memory, count } = workerData as { memory: SharedArrayBuffer; count: number };
const consumer = new FrameRingConsumer(memory);
let wrong = 0;
for (let value = 0; value < count; ) {
  const at = consumer.peek();
  if (at < 0) continue;
  const sizeBytes = consumer.sizeAt(at);
  const record = consumer.bytes.subarray(at, at + sizeBytes);
  if (sizeBytes !== 8 + ((value * 37) % 300) || !record.every((byte) => byte === value % 251)) wrong++;
  consumer.advance();
  value++;
}
parentPort!.postMessage({ wrong });
