import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  collisionKey,
  hasCollisionCharacters,
  isInternalTopic,
  topicNameFault,
} from '../../src/metadata/topic-name.ts';

test('names of letters, digits, dot, underscore and dash with 1 to 249 characters are valid', () => {
  for (const name of ['a', 'A-b_c.9', '...', '_', 'x'.repeat(249), '__consumer_offsets']) {
    assert.equal(topicNameFault(name), null, name);
  }
  for (const name of ['', '.', '..', 'x'.repeat(250), 'a b', 'ä', 'a/b', 'a\n', 'a:b', 'a\u0000']) {
    assert.equal(typeof topicNameFault(name), 'string', JSON.stringify(name));
  }
});

test('names that differ in dot and underscore only share a collision key', () => {
  assert.equal(collisionKey('a.b_c'), collisionKey('a_b.c'));
  assert.notEqual(collisionKey('a-b'), collisionKey('a_b'));
  assert.ok(hasCollisionCharacters('a.b'));
  assert.ok(!hasCollisionCharacters('a-b'));
});

test('the remote log metadata topic is not internal', () => {
  assert.ok(isInternalTopic('__share_group_state'));
  assert.ok(!isInternalTopic('__remote_log_metadata'));
});
