import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { allocateRing, RingConsumer, RingProducer } from '../../src/ring/descriptor-ring.ts';
import { allocateSignal, WakeCaller, WakeSleeper } from '../../src/ring/wake-signal.ts';

describe('wake signal', () => {
  test('rings once for a sleeper, and not for one that is awake', () => {
    const memory = allocateSignal();
    let rung = 0;
    const caller = new WakeCaller(memory, { ring: () => rung++ });
    const other = new WakeCaller(memory, { ring: () => rung++ });
    const sleeper = new WakeSleeper(memory);
    caller.call();
    other.call();
    assert.equal(rung, 1, 'it sleeps at first, and is called once');
    sleeper.announce();
    sleeper.cancel();
    caller.call();
    assert.equal(rung, 1, 'it found something after all');
    sleeper.announce();
    other.call();
    caller.call();
    assert.equal(rung, 2);
  });

  // Each round waits for the answer to the last one: a wake-up that gets lost on either side ends the test by its time-out.
  test('no wake-up is lost between two threads that publish and fall asleep', { timeout: 30_000 }, async () => {
    const [there, back] = [allocateRing(64), allocateRing(64)];
    const [signal, peerSignal] = [allocateSignal(), allocateSignal()];
    const worker = new Worker(new URL('./wake-peer.ts', import.meta.url), {
      workerData: { work: there, answers: back, signal: peerSignal, callerSignal: signal },
    });
    const producer = new RingProducer(there);
    const consumer = new RingConsumer(back);
    const caller = new WakeCaller(peerSignal, { ring: () => worker.postMessage(null) });
    const sleeper = new WakeSleeper(signal);
    const rounds = 4_000;
    let [sent, answered, round] = [0, 0, 0];
    await new Promise<void>((resolve) => {
      const send = (): void => {
        const burst = 1 + ((round * 7) % 5);
        for (let i = 0; i < burst; i++) {
          producer.slots[producer.reserve()] = ++sent;
          producer.publish();
          caller.call();
        }
        round++;
      };
      const drain = (): void => {
        for (;;) {
          for (let at = consumer.peek(); at >= 0; at = consumer.peek()) {
            assert.equal(consumer.slots[at], ++answered);
            consumer.advance();
            consumer.release();
          }
          if (answered === sent) {
            if (round === rounds) {
              resolve();
              return;
            }
            send();
          }
          sleeper.announce();
          if (consumer.peek() < 0) return;
          sleeper.cancel();
        }
      };
      worker.on('message', drain);
      send();
    });
    assert.equal(answered, sent);
    await worker.terminate();
  });
});
