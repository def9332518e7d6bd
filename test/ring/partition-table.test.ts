import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BrokerConfig } from '../../src/config/broker-config.ts';
import { allocatePartitionTable, PartitionTable, WAITERS_MAX } from '../../src/ring/partition-table.ts';

/** As an owner reads the bits. */
function threadsOf(mask: number): number[] {
  const threads: number[] = [];
  for (let thread = 0; mask !== 0; thread++, mask >>>= 1) if (mask & 1) threads.push(thread);
  return threads;
}

describe('who waits for a row', () => {
  test('each thread that a broker may have is told alone, once', () => {
    const table = new PartitionTable(allocatePartitionTable(2));
    for (let thread = 0; thread < WAITERS_MAX; thread++) {
      table.wait(1, thread);
      assert.deepEqual(threadsOf(table.takeWaiters(1)), [thread]);
      assert.equal(table.takeWaiters(1), 0);
      table.wait(0, thread);
    }
    assert.equal(threadsOf(table.takeWaiters(0)).length, WAITERS_MAX);
  });

  test('a broker has no more threads than that', () => {
    const threads = (count: number): BrokerConfig => new BrokerConfig(new Map([['millrace.io.threads', `${count}`]]));
    assert.equal(threads(WAITERS_MAX).int('millrace.io.threads'), WAITERS_MAX);
    assert.throws(() => threads(WAITERS_MAX + 1).int('millrace.io.threads'), /millrace\.io\.threads/);
  });
});
