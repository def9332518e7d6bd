// Which kinds of groups a broker serves: by settings and by the level of group.version.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../src/base/random.ts';
import { randomUuid } from '../../src/base/uuid.ts';
import { errorName } from '../../src/protocol/errors.ts';
import { updateFeaturesRequest, updateFeaturesResponse } from '../../src/protocol/messages/57-update-features.ts';
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from '../../src/protocol/messages/68-consumer-group-heartbeat.ts';
import {
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
} from '../../src/protocol/messages/69-consumer-group-describe.ts';
import { startTestBroker } from '../../src/testing/test-broker.ts';
import { RawClient } from './raw-client.ts';

const SAFE_DOWNGRADE = 2;

/** The error of a heartbeat that joins, once the coordinator is there, and that of a description. */
async function served(client: RawClient): Promise<[heartbeat: string, describe: string]> {
  for (;;) {
    const { errorCode } = await client.ask(consumerGroupHeartbeatRequest, consumerGroupHeartbeatResponse, 1, {
      groupId: 'g',
      memberId: randomUuid(systemRandom),
      memberEpoch: 0,
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: ['t'],
      topicPartitions: [],
    });
    const heartbeat = errorName(errorCode);
    if (heartbeat === 'COORDINATOR_LOAD_IN_PROGRESS') continue;
    const { groups } = await client.ask(consumerGroupDescribeRequest, consumerGroupDescribeResponse, 1, {
      groupIds: ['g'],
    });
    return [heartbeat, errorName(groups[0].errorCode)];
  }
}

test('consumer groups are served as long as the settings and group.version say so', async () => {
  await using broker = await startTestBroker();
  const client = await RawClient.connect(broker.port);
  const [heartbeat] = await served(client);
  // Nobody has asked for the coordinator, so its topic is not there yet; the protocol itself is.
  assert.notEqual(heartbeat, 'UNSUPPORTED_VERSION');
  const updated = await client.ask(updateFeaturesRequest, updateFeaturesResponse, 1, {
    featureUpdates: [{ feature: 'group.version', maxVersionLevel: 0, upgradeType: SAFE_DOWNGRADE }],
  });
  assert.equal(updated.errorMessage, null);
  assert.deepEqual(await served(client), ['UNSUPPORTED_VERSION', 'UNSUPPORTED_VERSION']);
  client.close();
});

test('without consumer among the protocols there are none', async () => {
  await using broker = await startTestBroker({ configs: { 'group.coordinator.rebalance.protocols': 'classic' } });
  const client = await RawClient.connect(broker.port);
  assert.deepEqual(await served(client), ['UNSUPPORTED_VERSION', 'UNSUPPORTED_VERSION']);
  client.close();
});

test('classic groups cannot be switched off', async () => {
  const configs = { 'group.coordinator.rebalance.protocols': 'consumer' };
  await assert.rejects(startTestBroker({ configs }), /leaves out classic/);
});
