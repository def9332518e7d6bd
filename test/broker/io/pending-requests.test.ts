import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PendingRequests } from '../../../src/broker/io/pending-requests.ts';

interface Numbered {
  readonly number: number;
  abandon(): void;
}

describe('pending requests', () => {
  test('come out in the order in which they came, like an array', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (pushes) => {
        const queue = new PendingRequests<Numbered>();
        const model: Numbered[] = [];
        for (const [number, push] of pushes.entries()) {
          const request = { number } as Numbered;
          if (push) {
            queue.push(request);
            model.push(request);
          } else if (model.length > 0) {
            assert.equal(queue.shift(), model.shift());
          }
          assert.deepEqual([...queue], model);
          assert.equal(queue.length, model.length);
          if (model.length > 0) assert.deepEqual([queue.first, queue.last], [model[0], model.at(-1)]);
        }
      }),
    );
  });

  test('are all abandoned, oldest first', () => {
    const queue = new PendingRequests<Numbered>();
    const abandoned: number[] = [];
    for (let number = 0; number < 6; number++) queue.push({ number, abandon: () => void abandoned.push(number) });
    queue.abandon();
    assert.deepEqual([abandoned, queue.length], [[0, 1, 2, 3, 4, 5], 0]);
  });
});
