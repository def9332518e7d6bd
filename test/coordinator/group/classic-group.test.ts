import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '../../../src/protocol/errors.ts';
import { GroupFixture, Pending, settle, subscription } from './group-fixture.ts';

test('a member joins in two steps, leads, syncs and is stable', async () => {
  const fixture = await GroupFixture.start();
  const first = await fixture.join();
  assert.equal(first.errorCode, ErrorCode.MEMBER_ID_REQUIRED);
  assert.match(first.memberId, /^client-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const join = new Pending(fixture.join({ memberId: first.memberId }));
  await fixture.advance(2_999);
  assert.equal(join.answer, null);
  await fixture.advance(1);
  // The member itself arrived within the window, which extends it once.
  await fixture.advance(3_000);
  assert.deepEqual(join.answer, {
    throttleTimeMs: 0,
    errorCode: 0,
    generationId: 1,
    protocolType: 'consumer',
    protocolName: 'range',
    leader: first.memberId,
    skipAssignment: false,
    memberId: first.memberId,
    members: [{ memberId: first.memberId, groupInstanceId: null, metadata: Uint8Array.from(subscription('orders')) }],
  });
  assert.equal(await fixture.state(), 'CompletingRebalance');
  const synced = await fixture.sync(first.memberId, 1, { [first.memberId]: 'all' });
  assert.equal(Buffer.from(synced.assignment).toString(), 'all');
  assert.equal(synced.protocolName, 'range');
  assert.equal(await fixture.state(), 'Stable');
  assert.equal(await fixture.heartbeat(first.memberId, 1), ErrorCode.NONE);
});
