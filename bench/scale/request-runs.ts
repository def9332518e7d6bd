/** Scale run of requests that carry no records: many members of groups, each with one request under way. */
import { setTimeout as pause } from 'node:timers/promises';
import { ApiKey } from '../../src/protocol/api-keys.ts';
import { decode, encode } from '../../src/protocol/codec.ts';
import { ErrorCode, errorName } from '../../src/protocol/errors.ts';
import { metadataRequest } from '../../src/protocol/messages/03-metadata.ts';
import { offsetCommitRequest } from '../../src/protocol/messages/08-offset-commit.ts';
import { offsetFetchRequest } from '../../src/protocol/messages/09-offset-fetch.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from '../../src/protocol/messages/10-find-coordinator.ts';
import { joinGroupRequest, joinGroupResponse } from '../../src/protocol/messages/11-join-group.ts';
import { heartbeatRequest } from '../../src/protocol/messages/12-heartbeat.ts';
import { syncGroupRequest, syncGroupResponse } from '../../src/protocol/messages/14-sync-group.ts';
import { type Address, createTopics, waitForTopics } from '../load/admin.ts';
import { cpuSeconds } from '../measure/process.ts';
import { formatNumber, median } from '../report/table.ts';
import { RequestClient } from './request-client.ts';
import type { ScaleContext } from './scale-context.ts';

const MEMBERS = 50;
const REQUESTS = 20_000;
const ROUNDS = 3;
const SESSION_MS = 600_000;
const TOPIC = { name: 'requests', partitions: 1 };
/** Oldest versions that brokers still accept. */
const VERSIONS = { find: 0, join: 2, sync: 0, heartbeat: 0, commit: 2, fetch: 1, metadata: 1 } as const;

interface Asked {
  readonly api: number;
  readonly version: number;
  readonly body: Buffer;
}

/** A group of its own, so that no rebalance waits for others. */
class Member {
  readonly client: RequestClient;
  readonly #groupId: string;
  #memberId = '';
  #generationId = -1;

  constructor(client: RequestClient, number: number) {
    this.client = client;
    this.#groupId = `requests-${number}`;
  }

  async join(): Promise<void> {
    await this.#findCoordinator();
    const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }];
    const join = { sessionTimeoutMs: SESSION_MS, rebalanceTimeoutMs: SESSION_MS, protocolType: 'consumer', protocols };
    const joinBody = encode(joinGroupRequest, { groupId: this.#groupId, ...join }, VERSIONS.join);
    const { memberId, generationId } = await untilReady('JoinGroup', async () => {
      const answer = await this.client.ask(ApiKey.JoinGroup, VERSIONS.join, joinBody);
      return decode(joinGroupResponse, answer, 0, VERSIONS.join);
    });
    [this.#memberId, this.#generationId] = [memberId, generationId];
    const assignments = [{ memberId, assignment: Buffer.alloc(0) }];
    const sync = { groupId: this.#groupId, generationId, memberId, assignments };
    const syncBody = encode(syncGroupRequest, sync, VERSIONS.sync);
    await untilReady('SyncGroup', async () => {
      const answer = await this.client.ask(ApiKey.SyncGroup, VERSIONS.sync, syncBody);
      return decode(syncGroupResponse, answer, 0, VERSIONS.sync);
    });
  }

  heartbeat(): Asked {
    const [groupId, memberId, generationId] = [this.#groupId, this.#memberId, this.#generationId];
    const body = encode(heartbeatRequest, { groupId, memberId, generationId }, VERSIONS.heartbeat);
    return { api: ApiKey.Heartbeat, version: VERSIONS.heartbeat, body };
  }

  commit(): Asked {
    const partitions = [{ partitionIndex: 0, committedOffset: 7, committedMetadata: '' }];
    const request = {
      groupId: this.#groupId,
      memberId: this.#memberId,
      generationIdOrMemberEpoch: this.#generationId,
      topics: [{ name: TOPIC.name, partitions }],
    };
    return {
      api: ApiKey.OffsetCommit,
      version: VERSIONS.commit,
      body: encode(offsetCommitRequest, request, VERSIONS.commit),
    };
  }

  fetchOffsets(): Asked {
    const request = { groupId: this.#groupId, topics: [{ name: TOPIC.name, partitionIndexes: [0] }] };
    return {
      api: ApiKey.OffsetFetch,
      version: VERSIONS.fetch,
      body: encode(offsetFetchRequest, request, VERSIONS.fetch),
    };
  }

  metadata(): Asked {
    const body = encode(metadataRequest, { topics: [{ name: TOPIC.name }] }, VERSIONS.metadata);
    return { api: ApiKey.Metadata, version: VERSIONS.metadata, body };
  }

  /** The first one makes the broker create the topic of offsets. */
  async #findCoordinator(): Promise<void> {
    const body = encode(findCoordinatorRequest, { key: this.#groupId }, VERSIONS.find);
    await untilReady('FindCoordinator', async () => {
      const answer = await this.client.ask(ApiKey.FindCoordinator, VERSIONS.find, body);
      return decode(findCoordinatorResponse, answer, 0, VERSIONS.find);
    });
  }
}

/** What a coordinator answers while its partition is created, elected or loaded. */
const NOT_READY: readonly number[] = [
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
];
const READY_MS_MAX = 30_000;
const READY_POLL_MS = 100;

async function untilReady<T extends { errorCode: number }>(what: string, ask: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + READY_MS_MAX;
  for (;;) {
    const answer = await ask();
    if (answer.errorCode === ErrorCode.NONE) return answer;
    if (!NOT_READY.includes(answer.errorCode) || performance.now() > deadlineMs) {
      throw new Error(`${what}: ${errorName(answer.errorCode)}`);
    }
    await pause(READY_POLL_MS);
  }
}

async function connectMembers(address: Address): Promise<Member[]> {
  const members: Member[] = [];
  for (let number = 0; number < MEMBERS; number++) {
    members.push(new Member(await RequestClient.connect(address), number));
  }
  for (const member of members) await member.join();
  return members;
}

/** All members together ask so many times. */
async function askAll(members: readonly Member[], count: number, of: (member: Member) => Asked): Promise<void> {
  let left = count;
  const more = () => left-- > 0;
  await Promise.all(
    members.map(async (member) => {
      const { api, version, body } = of(member);
      const expected = await member.client.ask(api, version, body);
      await member.client.repeat(api, version, body, expected, more);
    }),
  );
}

const KINDS: readonly (readonly [string, (member: Member) => Asked])[] = [
  ['Heartbeat', (member) => member.heartbeat()],
  ['OffsetCommit', (member) => member.commit()],
  ['OffsetFetch', (member) => member.fetchOffsets()],
  ['Metadata', (member) => member.metadata()],
];

export async function requests(context: ScaleContext): Promise<void> {
  const broker = await context.start({ configs: { 'group.initial.rebalance.delay.ms': '0' } });
  const address = { host: broker.host, port: broker.port, tls: false };
  const count = context.scaled(REQUESTS);
  try {
    await createTopics(address, [TOPIC]);
    await waitForTopics(address, [TOPIC]);
    const members = await connectMembers(address);
    for (const [, of] of KINDS) await askAll(members, count, of);
    for (const [name, of] of KINDS) {
      const [cpuUs, rates]: [number[], number[]] = [[], []];
      for (let round = 0; round < ROUNDS; round++) {
        const [cpuBefore, startedMs] = [cpuSeconds(broker.pid), performance.now()];
        await askAll(members, count, of);
        rates.push((count / (performance.now() - startedMs)) * 1000);
        cpuUs.push(((cpuSeconds(broker.pid) - cpuBefore) * 1e6) / count);
      }
      context.fact(
        `${name}, ${MEMBERS} connections: CPU of a request, requests a second`,
        `${formatNumber(median(cpuUs))} us, ${formatNumber(median(rates))}/s`,
      );
    }
    for (const { client } of members) client.close();
  } finally {
    await broker.stop();
  }
}
