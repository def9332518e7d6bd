import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JournaledCell, JournaledMap, UndoLog } from '../../../src/coordinator/runtime/undo-log.ts';

const change = fc.record({ key: fc.integer({ min: 0, max: 5 }), value: fc.option(fc.integer(), { nil: undefined }) });

function apply(map: JournaledMap<number, number>, { key, value }: { key: number; value?: number }): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

test('rolling back gives the map and the cell as they were', () => {
  fc.assert(
    fc.property(fc.array(change), fc.array(change), (before, after) => {
      const undo = new UndoLog();
      const map = new JournaledMap<number, number>(undo);
      const cell = new JournaledCell(undo, 0);
      for (const each of before) apply(map, each);
      cell.set(before.length);
      const mark = undo.length;
      const expected = new Map(map);
      for (const each of after) apply(map, each);
      cell.set(-1);
      undo.rollbackTo(mark);
      assert.deepEqual(new Map(map), expected);
      assert.equal(cell.value, before.length);
      assert.equal(undo.length, mark);
      undo.rollbackTo(0);
      assert.equal(map.size, 0);
    }),
  );
});

test('what is forgotten stays, whatever is rolled back later', () => {
  const undo = new UndoLog();
  const map = new JournaledMap<string, number>(undo);
  map.set('a', 1);
  const durable = undo.length;
  map.set('a', 2);
  map.set('b', 3);
  undo.forget(durable);
  undo.rollbackTo(0);
  assert.deepEqual([...map], [['a', 1]]);
});

test('a paused log takes no notes', () => {
  const undo = new UndoLog();
  undo.paused = true;
  new JournaledMap<string, number>(undo).set('a', 1);
  assert.equal(undo.length, 0);
});
