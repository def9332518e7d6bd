/** A thread that sends back what it gets, and sleeps in between. */
import { parentPort, workerData } from 'node:worker_threads';
import { RingConsumer, RingProducer } from '../../src/ring/descriptor-ring.ts';
import { WakeCaller, WakeSleeper } from '../../src/ring/wake-signal.ts';

const { work, answers, signal, callerSignal } = workerData as Record<string, SharedArrayBuffer>;
const consumer = new RingConsumer(work);
const producer = new RingProducer(answers);
const sleeper = new WakeSleeper(signal);
const caller = new WakeCaller(callerSignal, { ring: () => parentPort!.postMessage(null) });

parentPort!.on('message', () => {
  for (;;) {
    for (let at = consumer.peek(); at >= 0; at = consumer.peek()) {
      producer.slots[producer.reserve()] = consumer.slots[at];
      consumer.advance();
      consumer.release();
      if (producer.publish()) caller.call();
    }
    sleeper.announce();
    if (consumer.peek() < 0) return;
    sleeper.cancel();
  }
});
