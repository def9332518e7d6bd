// Groups on a whole broker: which kinds it serves, by settings and by the level of group.version, and small batches.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../src/base/random.ts';
import { randomUuid } from '../../src/base/uuid.ts';
import { ErrorCode, errorName } from '../../src/protocol/errors.ts';
import { offsetCommitRequest, offsetCommitResponse } from '../../src/protocol/messages/08-offset-commit.ts';
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
import { TOPIC, TransactionClient } from './transaction-client.ts';

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

test('with small batches commits of many groups are spread over several', async () => {
  await using broker = await startTestBroker({ configs: { 'message.max.bytes': '1024' } });
  const setup = await TransactionClient.connect(broker.port);
  const clients = await Promise.all(Array.from({ length: 60 }, () => RawClient.connect(broker.port)));
  const partition = {
    partitionIndex: 0,
    committedOffset: 1,
    committedLeaderEpoch: -1,
    committedMetadata: 'm'.repeat(40),
  };
  const commit = async (client: RawClient, index: number): Promise<number> => {
    const request = { groupId: `g${index}`, topics: [{ name: TOPIC, partitions: [partition] }] };
    for (;;) {
      const { topics } = await client.ask(offsetCommitRequest, offsetCommitResponse, 8, request);
      const { errorCode } = topics[0].partitions[0];
      if (errorCode !== ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) return errorCode;
    }
  };
  assert.deepEqual(new Set(await Promise.all(clients.map(commit))), new Set([ErrorCode.NONE]));
  for (const client of [setup, ...clients]) client.close();
});
