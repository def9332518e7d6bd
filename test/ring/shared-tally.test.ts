import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { allocateTally, SharedTally } from '../../src/ring/shared-tally.ts';

describe('shared tally', () => {
  test('counts names and all together, whoever counts', () => {
    const memory = allocateTally();
    const tallies = [0, 1, 2].map(() => new SharedTally(memory));
    const steps = fc.array(fc.tuple(fc.nat(2), fc.ipV4(), fc.constantFrom(1, -1)), { maxLength: 50 });
    fc.assert(
      fc.property(steps, (list) => {
        const expected = new Map<string, number>();
        const before = new Map(list.map(([, name]) => [name, tallies[0].of(name)]));
        const totalBefore = tallies[0].total;
        for (const [thread, name, change] of list) {
          tallies[thread].add(name, change);
          expected.set(name, (expected.get(name) ?? 0) + change);
        }
        for (const [name, count] of expected) assert.equal(tallies[1].of(name), before.get(name)! + count);
        assert.equal(
          tallies[2].total - totalBefore,
          list.reduce((sum, [, , change]) => sum + change, 0),
        );
      }),
      // Every address takes a place for good.
      { numRuns: 100 },
    );
  });

  test('with more names than places the total stays right, and those with a place are', () => {
    const tally = new SharedTally(allocateTally());
    const names = Array.from({ length: 20_000 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
    for (const name of names) tally.add(name, 1);
    assert.equal(tally.total, names.length);
    const counts = names.map((name) => tally.of(name));
    assert.ok(counts.every((count) => count === 1 || count === -1));
    assert.ok(counts.filter((count) => count === 1).length > 14_000);
    for (const name of names) tally.add(name, -1);
    assert.equal(tally.total, 0);
  });
});
