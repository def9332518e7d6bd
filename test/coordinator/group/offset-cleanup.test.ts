import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { deletedTopicTombstones } from '../../../src/coordinator/group/offsets/offset-cleanup.ts';
import { OffsetStore } from '../../../src/coordinator/group/offsets/offset-store.ts';
import { UndoLog } from '../../../src/coordinator/runtime/undo-log.ts';

const OLD = 'zzzzzzzzzzzzzzzzzzzzzA';
const NEW = 'zzzzzzzzzzzzzzzzzzzzzQ';

/** Group g commits three topics, group h one of them; p's transaction has committed one more and is open. */
function filled(): OffsetStore {
  const store = new OffsetStore(new UndoLog());
  let order = 0;
  const commit = (group: string, topic: string, partition: number, topicId: string, producerId = -1): void => {
    const value = { offset: 1, leaderEpoch: -1, metadata: '', commitTimestamp: 1, expireTimestamp: -1, topicId };
    store.replay({ group, topic, partition }, value, { producerId, order: order++ });
  };
  for (const partition of [0, 1]) commit('g', 'gone', partition, OLD);
  commit('g', 'again', 0, NEW);
  commit('g', 'stays', 0, OLD);
  commit('h', 'gone', 0, ZERO_UUID);
  commit('h', 'gone', 3, OLD, 7);
  return store;
}

const placesOf = (records: ReturnType<typeof deletedTopicTombstones>): string[] =>
  records.map(({ key }) => Object.values(key as object).join(' ')).sort();

test('offsets of deleted topics go, with fewer names than a group has topics and with more', () => {
  const gone = { name: 'gone', id: OLD };
  const again = { name: 'again', id: OLD };
  const others = Array.from({ length: 5 }, (_, at) => ({ name: `other-${at}`, id: OLD }));
  const expected = placesOf(deletedTopicTombstones(filled(), [gone]));
  assert.equal(expected.length, 4);
  for (const place of expected) assert.match(place, /gone/);
  assert.deepEqual(placesOf(deletedTopicTombstones(filled(), [gone, again, ...others])), expected);
  assert.deepEqual(deletedTopicTombstones(filled(), [again]), [], 'another topic has the name now');
  assert.deepEqual(deletedTopicTombstones(filled(), others), []);
});
