/** Clients of the consumer protocol: they hold what they are told to, and give back what they are not. */
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../../../src/protocol/messages/68-consumer-group-heartbeat.ts';
import type { ConsumerGroupDescribeResponse } from '../../../../src/protocol/messages/69-consumer-group-describe.ts';
import type { GroupFixture } from '../group-fixture.ts';

type Request = ConsumerGroupHeartbeatRequest;

export const JOIN: Partial<Request> = {
  memberEpoch: 0,
  rebalanceTimeoutMs: 60_000,
  subscribedTopicNames: ['orders'],
  topicPartitions: [],
};

export function heartbeat(
  fixture: GroupFixture,
  memberId: string,
  request: Partial<Request>,
  apiVersion = 1,
  mayDescribe?: (topic: string) => boolean,
): Promise<ConsumerGroupHeartbeatResponse> {
  return fixture.coordinator.consumerGroupHeartbeat(
    {
      groupId: 'g',
      memberId,
      memberEpoch: 0,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: -1,
      subscribedTopicNames: null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: null,
      ...request,
    },
    { ...fixture.context(apiVersion), mayDescribe },
  );
}

export async function describe(
  fixture: GroupFixture,
  groupId = 'g',
): Promise<ConsumerGroupDescribeResponse['groups'][number]> {
  const request = { groupIds: [groupId], includeAuthorizedOperations: false };
  return (await fixture.coordinator.consumerGroupDescribe(request, fixture.context(1))).groups[0];
}

/** 'orders-0', ... of a response or a client, sorted. */
export function names(
  fixture: GroupFixture,
  topicPartitions: readonly { topicId: string; partitions: readonly number[] }[],
): string[] {
  return topicPartitions
    .flatMap(({ topicId, partitions }) =>
      partitions.map((partition) => `${fixture.topics.byId(topicId)?.name}-${partition}`),
    )
    .sort();
}

/** A well-behaved client, one heartbeat at a time. */
export class ConsumerClient {
  readonly fixture: GroupFixture;
  readonly memberId: string;
  readonly settings: Partial<Request>;
  epoch = 0;
  held: { topicId: string; partitions: number[] }[] = [];
  lastError = 0;

  constructor(fixture: GroupFixture, memberId: string, settings: Partial<Request> = {}) {
    this.fixture = fixture;
    this.memberId = memberId;
    this.settings = settings;
  }

  get names(): string[] {
    return names(this.fixture, this.held);
  }

  async beat(changes: Partial<Request> = {}): Promise<ConsumerGroupHeartbeatResponse> {
    const joins = this.epoch === 0;
    if (joins) this.held = [];
    const { instanceId } = this.settings;
    const request = joins
      ? { ...JOIN, ...this.settings }
      : { memberEpoch: this.epoch, topicPartitions: this.held, instanceId: instanceId ?? null };
    const response = await heartbeat(this.fixture, this.memberId, { ...request, ...changes });
    this.lastError = response.errorCode;
    if (response.errorCode !== 0) return response;
    this.epoch = response.memberEpoch;
    if (response.assignment) this.held = response.assignment.topicPartitions;
    return response;
  }

  leave(memberEpoch = -1): Promise<ConsumerGroupHeartbeatResponse> {
    const instanceId = this.settings.instanceId ?? null;
    return heartbeat(this.fixture, this.memberId, { memberEpoch, instanceId });
  }
}

/** Lets all clients beat, second by second, until nothing changes any more. */
export async function reconcile(fixture: GroupFixture, ...clients: ConsumerClient[]): Promise<void> {
  for (let round = 0; round < 12; round++) {
    for (const client of clients) await client.beat();
    await fixture.advance(500);
  }
}
