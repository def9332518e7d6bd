import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO_UUID } from '../../src/base/uuid.ts';
import { formatQuorumState, parseQuorumState } from '../../src/metadata/quorum-state.ts';

test('both versions of the file, as Kafka writes them', () => {
  const fixed =
    '{"clusterId":"","leaderId":1,"leaderEpoch":2,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}';
  const inLog =
    '{"leaderId":1,"leaderEpoch":1,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}';
  assert.deepEqual(parseQuorumState(fixed), {
    leaderId: 1,
    leaderEpoch: 2,
    votedId: -1,
    votedDirectoryId: ZERO_UUID,
    voters: [1],
  });
  assert.equal(parseQuorumState(inLog).voters, null);
  assert.equal(formatQuorumState(parseQuorumState(fixed)), fixed);
  assert.equal(formatQuorumState(parseQuorumState(inLog)), inLog);
});

test('text that is no quorum state is refused', () => {
  for (const text of ['', '[]', 'x', '{"data_version":2}', '{"data_version":0,"leaderId":"1"}', 'null']) {
    assert.throws(() => parseQuorumState(text), RangeError, text);
  }
});
