/** What an I/O thread does for each request: descriptors through a ring, responses into memory. */
import { ProduceRequest } from '../../src/broker/io/produce-request.ts';
import { writeProduceResponse } from '../../src/broker/io/produce-response.ts';
import { ResponseOutput } from '../../src/broker/io/response-output.ts';
import { allocateRing, DESCRIPTOR_SLOTS, RingConsumer, RingProducer } from '../../src/ring/descriptor-ring.ts';
import type { MicroCase } from './micro-case.ts';

const RING_ENTRIES = 1024;
const BURST = 16;

/** One thread with itself: the cost of the ring, not of waking anybody. */
function ringCase(): MicroCase {
  const memory = allocateRing(RING_ENTRIES);
  const [producer, consumer] = [new RingProducer(memory), new RingConsumer(memory)];
  return {
    name: `ring: push and take ${BURST} descriptors`,
    bytes: 0,
    run: () => {
      for (let i = 0; i < BURST; i++) {
        const at = producer.reserve();
        for (let slot = 0; slot < DESCRIPTOR_SLOTS; slot++) producer.slots[at + slot] = i + slot;
      }
      producer.publish();
      let sum = 0;
      for (let at = consumer.peek(); at >= 0; at = consumer.peek()) {
        sum += consumer.slots[at]!;
        consumer.advance();
      }
      consumer.release();
      return sum;
    },
  };
}

function responseCase(partitions: number): MicroCase {
  const request = new ProduceRequest();
  request.correlationId = 7;
  request.version = 12;
  request.topics.push({ label: Buffer.from('orders'), route: undefined, firstPartition: 0, endPartition: partitions });
  request.partitionCount = partitions;
  for (let i = 0; i < partitions; i++) {
    request.index[i] = i;
    request.detail[i] = null;
    request.setResult(i, 0, 1_000_000 + i, -1, 0);
  }
  const output = new ResponseOutput({ bytes: Buffer.alloc(1 << 20), id: 1 }, () => {
    throw new Error('the memory was large enough');
  });
  return {
    name: `response writer: Produce v12, ${partitions} partitions`,
    bytes: 0,
    run: () => {
      writeProduceResponse(output, request);
      output.discard();
    },
  };
}

export function ioCases(): MicroCase[] {
  return [ringCase(), responseCase(1), responseCase(100)];
}
