/** A group coordinator in simulated time, over a log in memory, and short ways to talk to it. */
import { silentLogger } from '../../../src/base/logger.ts';
import { ManualClock } from '../../../src/base/manual-clock.ts';
import { seededRandom } from '../../../src/base/random.ts';
import type { GroupConfig } from '../../../src/coordinator/group/group-config.ts';
import { GroupCoordinator } from '../../../src/coordinator/group/group-coordinator.ts';
import type { GroupRequestContext } from '../../../src/coordinator/group/group-environment.ts';
import type { TopicCatalog, TopicDescription } from '../../../src/coordinator/group/group-ports.ts';
import { encodeBehind } from '../../../src/protocol/codec.ts';
import type { OffsetCommitRequest, OffsetCommitResponse } from '../../../src/protocol/messages/08-offset-commit.ts';
import type { OffsetFetchResponse } from '../../../src/protocol/messages/09-offset-fetch.ts';
import type { JoinGroupRequest, JoinGroupResponse } from '../../../src/protocol/messages/11-join-group.ts';
import type { SyncGroupRequest, SyncGroupResponse } from '../../../src/protocol/messages/14-sync-group.ts';
import { consumerProtocolSubscription } from '../../../src/protocol/persisted/consumer-protocol/consumer-protocol-subscription.ts';
import { MemoryCoordinatorLog } from '../memory-coordinator-log.ts';

/** Kafka's defaults. */
const KAFKA_DEFAULTS: GroupConfig = {
  offsetsTopicPartitions: 50,
  offsetMetadataMaxBytes: 4096,
  offsetsCommitTimeoutMs: 5_000,
  offsetsRetentionMs: 7 * 24 * 60 * 60 * 1000,
  offsetsRetentionCheckIntervalMs: 600_000,
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 1_800_000,
  initialRebalanceDelayMs: 3_000,
  maxSize: 2 ** 31 - 1,
  consumer: {
    sessionTimeoutMs: 45_000,
    heartbeatIntervalMs: 5_000,
    maxSize: 2 ** 31 - 1,
    assignors: ['uniform', 'range'],
    migrationPolicy: 'BIDIRECTIONAL',
    assignmentIntervalMs: 1_000,
    regexRefreshIntervalMs: 600_000,
  },
};

export class FakeTopics implements TopicCatalog {
  readonly #topics = new Map<string, TopicDescription>();

  add(name: string, partitionCount: number, id = Buffer.from(name.padEnd(16, '_').slice(0, 16)).toString('base64url')) {
    this.#topics.set(name, { name, id, partitionCount });
    return id;
  }

  remove(name: string): void {
    this.#topics.delete(name);
  }

  byName(name: string): TopicDescription | null {
    return this.#topics.get(name) ?? null;
  }

  byId(id: string): TopicDescription | null {
    return [...this.#topics.values()].find((topic) => topic.id === id) ?? null;
  }

  names(): Iterable<string> {
    return this.#topics.keys();
  }

  racksOf(): readonly string[] {
    return [];
  }
}

/** Lets everything happen that waits for no timer. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A promise and whether it has an answer yet. */
export class Pending<T> {
  answer: T | null = null;
  waits = true;
  readonly promise: Promise<T>;

  constructor(promise: Promise<T>) {
    this.promise = promise;
    void promise.then((answer) => {
      this.answer = answer;
      this.waits = false;
    });
  }
}

export function subscription(...topics: string[]): Buffer {
  return encodeBehind(consumerProtocolSubscription, { topics }, 0, (writer) => writer.int16(0));
}

export interface FixtureOptions {
  readonly config?: Partial<GroupConfig>;
  readonly seed?: number;
}

export class GroupFixture {
  readonly clock = new ManualClock();
  readonly log = new MemoryCoordinatorLog();
  readonly topics = new FakeTopics();
  readonly random;
  readonly config: GroupConfig;
  coordinator: GroupCoordinator;
  #epoch = 0;

  constructor(options: FixtureOptions = {}) {
    this.config = { ...KAFKA_DEFAULTS, offsetsTopicPartitions: 1, ...options.config };
    this.random = seededRandom(options.seed ?? 1);
    this.topics.add('orders', 8);
    this.topics.add('payments', 4);
    this.coordinator = this.#make();
  }

  static async start(options: FixtureOptions = {}): Promise<GroupFixture> {
    const fixture = new GroupFixture(options);
    await fixture.elect();
    return fixture;
  }

  #make(): GroupCoordinator {
    const { log, topics, config, clock, random } = this;
    return new GroupCoordinator({ log, topics, config, clock, random, logger: silentLogger });
  }

  async elect(): Promise<void> {
    this.#epoch++;
    for (let partition = 0; partition < this.config.offsetsTopicPartitions; partition++) {
      await this.coordinator.elected(partition, this.#epoch);
    }
  }

  /** The broker's end, and a new one that reads the same log. */
  async restart(): Promise<void> {
    this.coordinator.close();
    await settle();
    this.coordinator = this.#make();
    await this.elect();
  }

  async advance(byMs: number): Promise<void> {
    this.clock.advance(byMs);
    await settle();
  }

  context(apiVersion: number, clientId = 'client'): GroupRequestContext {
    return { apiVersion, clientId, clientHost: '/127.0.0.1' };
  }

  join(request: Partial<JoinGroupRequest> = {}, apiVersion = 9): Promise<JoinGroupResponse> {
    return this.coordinator.joinGroup(
      {
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 60_000,
        memberId: '',
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: subscription('orders') }],
        reason: null,
        ...request,
      },
      this.context(apiVersion),
    );
  }

  /** Joins with the id that the first try is given, as clients do. */
  async joinWithId(
    request: Partial<JoinGroupRequest> = {},
  ): Promise<{ memberId: string; join: Pending<JoinGroupResponse> }> {
    const { memberId } = await this.join(request);
    const join = new Pending(this.join({ ...request, memberId }));
    await settle();
    return { memberId, join };
  }

  sync(
    memberId: string,
    generationId: number,
    assignments: { [memberId: string]: string } = {},
    request: Partial<SyncGroupRequest> = {},
    apiVersion = 5,
  ): Promise<SyncGroupResponse> {
    return this.coordinator.syncGroup(
      {
        groupId: 'g',
        generationId,
        memberId,
        groupInstanceId: null,
        protocolType: 'consumer',
        protocolName: 'range',
        assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) })),
        ...request,
      },
      this.context(apiVersion),
    );
  }

  async heartbeat(memberId: string, generationId: number, groupInstanceId: string | null = null): Promise<number> {
    const request = { groupId: 'g', generationId, memberId, groupInstanceId };
    return (await this.coordinator.heartbeat(request, this.context(4))).errorCode;
  }

  async leave(memberId: string, groupInstanceId: string | null = null): Promise<number> {
    const request = { groupId: 'g', memberId: '', members: [{ memberId, groupInstanceId, reason: null }] };
    const response = await this.coordinator.leaveGroup(request, this.context(5));
    return response.errorCode !== 0 ? response.errorCode : response.members[0].errorCode;
  }

  commit(
    offset: number,
    request: Partial<OffsetCommitRequest> & { topic?: string; partition?: number; metadata?: string } = {},
    apiVersion = 9,
  ): Promise<OffsetCommitResponse> {
    const { topic = 'orders', partition = 0, metadata = '', ...rest } = request;
    return this.coordinator.offsetCommit(
      {
        groupId: 'g',
        generationIdOrMemberEpoch: -1,
        memberId: '',
        groupInstanceId: null,
        retentionTimeMs: -1,
        topics: [
          {
            name: topic,
            topicId: this.topics.byName(topic)?.id ?? 'AAAAAAAAAAAAAAAAAAAAAA',
            partitions: [
              {
                partitionIndex: partition,
                committedOffset: offset,
                committedLeaderEpoch: -1,
                committedMetadata: metadata,
              },
            ],
          },
        ],
        ...rest,
      },
      this.context(apiVersion),
    );
  }

  async commitError(...parameters: Parameters<GroupFixture['commit']>): Promise<number> {
    return (await this.commit(...parameters)).topics[0].partitions[0].errorCode;
  }

  fetchAll(groupId = 'g', requireStable = false): Promise<OffsetFetchResponse> {
    return this.coordinator.offsetFetch(
      {
        groupId: '',
        topics: [],
        groups: [{ groupId, memberId: null, memberEpoch: -1, topics: null }],
        requireStable,
      },
      this.context(8),
    );
  }

  /** The committed offset; -1 when there is none. */
  async committed(topic = 'orders', partition = 0, groupId = 'g'): Promise<number> {
    const [group] = (await this.fetchAll(groupId)).groups;
    const found = group.topics.find((each) => each.name === topic)?.partitions;
    return found?.find((each) => each.partitionIndex === partition)?.committedOffset ?? -1;
  }

  async state(groupId = 'g'): Promise<string> {
    const request = { groups: [groupId], includeAuthorizedOperations: false };
    return (await this.coordinator.describeGroups(request, this.context(5))).groups[0].groupState;
  }

  /** What the shards keep that must survive. */
  async durableState(): Promise<string> {
    return JSON.stringify(await this.coordinator.durableState(), (_, value) => {
      if (value?.type === 'Buffer') return Buffer.from(value.data).toString('hex');
      return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
    });
  }

  /** Members that joined, synced and are stable; the first one leads. */
  async stableGroup(
    count: number,
    request: Partial<JoinGroupRequest> = {},
  ): Promise<{ ids: string[]; generation: number }> {
    const joins = [];
    for (let index = 0; index < count; index++) joins.push(await this.joinWithId(request));
    await this.advance(this.config.initialRebalanceDelayMs);
    await this.advance(this.config.initialRebalanceDelayMs);
    const generation = joins[0].join.answer!.generationId;
    const leader = joins[0].join.answer!.leader;
    const ids = joins.map(({ memberId }) => memberId);
    const assignments = Object.fromEntries(ids.map((id, index) => [id, `part ${index}`]));
    const { protocolType = 'consumer', protocols } = request;
    const protocol = { protocolType, protocolName: protocols?.[0].name ?? 'range' };
    await Promise.all(ids.map((id) => this.sync(id, generation, id === leader ? assignments : {}, protocol)));
    return { ids: [leader, ...ids.filter((id) => id !== leader)], generation };
  }
}
