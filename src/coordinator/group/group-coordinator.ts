/**
 * The group coordinator's service: what the broker calls. Control thread.
 *
 *   request -> apis/NN -> GroupCoordinator -> CoordinatorRuntime -> GroupShard -> records -> CoordinatorLog -> response
 *
 * Wiring, by the composition root:
 *
 *   const groups = new GroupCoordinator({
 *     log,       // CoordinatorLog (../runtime/coordinator-log.ts) over the partitions of __consumer_offsets
 *     topics,    // TopicCatalog (./group-ports.ts), from the newest metadata image
 *     config,    // GroupConfig (./group-config.ts); read at each use
 *     clock, random, logger,
 *   });
 *   groups.partitionFor(groupId): number                 // for FindCoordinator: whose leader coordinates the group
 *   groups.elected(partition, leaderEpoch): Promise<void>   // a partition of __consumer_offsets is led here; loads it
 *   groups.resigned(partition, leaderEpoch | null): void    // it is led elsewhere, or deleted (null)
 *   groups.topicsDeleted([{ name, id }]): Promise<void>     // drops offsets of topics that are gone
 *   groups.topicsChanged(): void                            // topics or partitions were added: consumer groups look again
 *   groups.close(): void
 *
 * One method for each API takes the decoded request and a GroupRequestContext { apiVersion, clientId, clientHost,
 * mayDescribe? } (./group-environment.ts), and resolves with the decoded response; none rejects, errors are in the response:
 *
 *   joinGroup(JoinGroupRequest) syncGroup(SyncGroupRequest) heartbeat(HeartbeatRequest) leaveGroup(LeaveGroupRequest)
 *   offsetCommit(OffsetCommitRequest) offsetFetch(OffsetFetchRequest) offsetDelete(OffsetDeleteRequest)
 *   txnOffsetCommit(TxnOffsetCommitRequest)
 *   consumerGroupHeartbeat(ConsumerGroupHeartbeatRequest) consumerGroupDescribe(ConsumerGroupDescribeRequest)
 *   describeGroups(DescribeGroupsRequest) listGroups(ListGroupsRequest) deleteGroups(DeleteGroupsRequest)
 *
 * and completeTransaction(partition, EndTransactionMarker): Promise<void> writes a marker that WriteTxnMarkers has for a
 * partition of __consumer_offsets (rejects with a KafkaError); markers must not be appended behind the coordinator's
 * back, or its pending offsets would never come true.
 *
 * Left to the caller: authorization (leave out groups and topics that the principal may not see and merge their errors
 * into the response), `authorizedOperations`, throttle times. Unknown topics and partitions are refused here.
 * Requests' byte fields are copied, so their buffer may be reused once the call returns.
 */
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import { ZERO_UUID } from '../../base/uuid.ts';
import { ErrorCode, errorMessage, type KafkaError } from '../../protocol/errors.ts';
import type { OffsetCommitRequest, OffsetCommitResponse } from '../../protocol/messages/08-offset-commit.ts';
import type { OffsetFetchRequest, OffsetFetchResponse } from '../../protocol/messages/09-offset-fetch.ts';
import type { JoinGroupRequest, JoinGroupResponse } from '../../protocol/messages/11-join-group.ts';
import type { HeartbeatRequest, HeartbeatResponse } from '../../protocol/messages/12-heartbeat.ts';
import type { LeaveGroupRequest, LeaveGroupResponse } from '../../protocol/messages/13-leave-group.ts';
import type { SyncGroupRequest, SyncGroupResponse } from '../../protocol/messages/14-sync-group.ts';
import type { DescribeGroupsRequest, DescribeGroupsResponse } from '../../protocol/messages/15-describe-groups.ts';
import type { ListGroupsRequest, ListGroupsResponse } from '../../protocol/messages/16-list-groups.ts';
import type { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from '../../protocol/messages/28-txn-offset-commit.ts';
import type { DeleteGroupsRequest, DeleteGroupsResponse } from '../../protocol/messages/42-delete-groups.ts';
import type { OffsetDeleteRequest, OffsetDeleteResponse } from '../../protocol/messages/47-offset-delete.ts';
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../protocol/messages/68-consumer-group-heartbeat.ts';
import type {
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeResponse,
} from '../../protocol/messages/69-consumer-group-describe.ts';
import { errorCodeOf } from '../runtime/append-errors.ts';
import type { CoordinatorLog, EndTransactionMarker } from '../runtime/coordinator-log.ts';
import { CoordinatorRuntime } from '../runtime/coordinator-runtime.ts';
import { partitionForId } from '../runtime/partition-for-id.ts';
import { toJoinRequest } from './classic/classic-join.ts';
import { heartbeatAnswer, joinGroupError, syncGroupError } from './classic/classic-responses.ts';
import { noConsumerGroup } from './consumer/consumer-describe.ts';
import { heartbeatError } from './consumer/consumer-heartbeat.ts';
import type { GroupConfig } from './group-config.ts';
import { noGroup } from './group-describe.ts';
import type { GroupRequestContext } from './group-environment.ts';
import type { TopicCatalog, TopicDescription } from './group-ports.ts';
import { type GroupRecord, groupRecordCodec } from './group-records.ts';
import { GroupShard } from './group-shard.ts';
import { anyExists, refuseCommit } from './offsets/offset-commit.ts';
import { type FetchedGroup, type FetchOptions, type GroupToFetch, refuseFetch } from './offsets/offset-fetch.ts';

export interface GroupCoordinatorOptions {
  readonly log: CoordinatorLog;
  readonly topics: TopicCatalog;
  readonly config: GroupConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class GroupCoordinator {
  readonly #config: GroupConfig;
  readonly #topics: TopicCatalog;
  readonly #runtime: CoordinatorRuntime<GroupShard, GroupRecord>;

  constructor(options: GroupCoordinatorOptions) {
    this.#config = options.config;
    this.#topics = options.topics;
    this.#runtime = new CoordinatorRuntime<GroupShard, GroupRecord>({
      name: 'group',
      log: options.log,
      codec: groupRecordCodec,
      clock: options.clock,
      logger: options.logger,
      createShard: (services) => new GroupShard(services, options),
      writeTimeoutMs: () => options.config.offsetsCommitTimeoutMs,
    });
  }

  /** The partition of `__consumer_offsets` that keeps the group. */
  partitionFor(groupId: string): number {
    return partitionForId(groupId, this.#config.offsetsTopicPartitions);
  }

  /** Resolves when the partition's first load is over. */
  elected(partition: number, leaderEpoch: number): Promise<void> {
    return this.#runtime.elected(partition, leaderEpoch);
  }

  resigned(partition: number, leaderEpoch: number | null): void {
    this.#runtime.resigned(partition, leaderEpoch);
  }

  topicsDeleted(topics: readonly Pick<TopicDescription, 'name' | 'id'>[]): Promise<void> {
    return this.#runtime.writeAll('topics-deleted', (shard) => shard.onTopicsDeleted(topics));
  }

  topicsChanged(): void {
    void this.#runtime.writeAll('topics-changed', (shard) => {
      shard.onTopicsChanged();
      return { records: [], response: undefined, immediate: true };
    });
  }

  close(): void {
    this.#runtime.close();
  }

  /** All durable state, in a form that can be compared. For tests. */
  durableState(): Promise<unknown[]> {
    return this.#runtime.readAll((shard) => shard.durableState());
  }

  joinGroup(request: JoinGroupRequest, context: GroupRequestContext): Promise<JoinGroupResponse> {
    const { groupId, memberId, sessionTimeoutMs } = request;
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#config;
    return new Promise((resolve) => {
      const respond = (response: JoinGroupResponse): void => {
        // Before version 7 the name cannot be null.
        const protocolName = context.apiVersion < 7 ? (response.protocolName ?? '') : response.protocolName;
        resolve({ ...response, protocolName });
      };
      const refuse = (errorCode: number): void => respond(joinGroupError(memberId, errorCode));
      if (groupId === '') return refuse(ErrorCode.INVALID_GROUP_ID);
      if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
        return refuse(ErrorCode.INVALID_SESSION_TIMEOUT);
      }
      const join = toJoinRequest(request, context, respond);
      this.#runtime
        .write(this.partitionFor(groupId), (shard) => shard.joinGroup(join))
        .catch((error) => respond(joinGroupError('', errorCodeOf(error))));
    });
  }

  syncGroup(request: SyncGroupRequest, context: GroupRequestContext): Promise<SyncGroupResponse> {
    return new Promise((resolve) => {
      const refuse = (errorCode: number): void => resolve(syncGroupError(errorCode));
      // From version 5 on a member must say what the assignments are for.
      if (context.apiVersion >= 5 && (request.protocolType === null || request.protocolName === null)) {
        return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
      }
      if (request.groupId === '') return refuse(ErrorCode.INVALID_GROUP_ID);
      this.#runtime
        .write(this.partitionFor(request.groupId), (shard) => shard.syncGroup(request, resolve))
        .catch((error) => refuse(errorCodeOf(error)));
    });
  }

  async heartbeat(request: HeartbeatRequest, _context: GroupRequestContext): Promise<HeartbeatResponse> {
    if (request.groupId === '') return heartbeatAnswer(ErrorCode.INVALID_GROUP_ID);
    try {
      const partition = this.partitionFor(request.groupId);
      return heartbeatAnswer(await this.#runtime.write(partition, (shard) => shard.heartbeat(request)));
    } catch (error) {
      const code = errorCodeOf(error);
      // Sessions begin anew after loading: no reason to alarm the member.
      return heartbeatAnswer(code === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.NONE : code);
    }
  }

  async leaveGroup(request: LeaveGroupRequest, context: GroupRequestContext): Promise<LeaveGroupResponse> {
    const answer = (errorCode: number, members: LeaveGroupResponse['members'] = []): LeaveGroupResponse => ({
      throttleTimeMs: 0,
      errorCode,
      members,
    });
    if (request.groupId === '') return answer(ErrorCode.INVALID_GROUP_ID);
    // Before version 3 there is one member, and its error is that of the whole request.
    const isBatch = context.apiVersion >= 3;
    const leaving = isBatch ? request.members : [{ memberId: request.memberId, groupInstanceId: null, reason: null }];
    try {
      const partition = this.partitionFor(request.groupId);
      const left = await this.#runtime.write(partition, (shard) => shard.leaveGroup(request.groupId, leaving));
      return isBatch ? answer(ErrorCode.NONE, left) : answer(left[0].errorCode);
    } catch (error) {
      const errorCode = errorCodeOf(error);
      if (!isBatch || errorCode !== ErrorCode.UNKNOWN_MEMBER_ID) return answer(errorCode);
      const members = leaving.map(({ memberId, groupInstanceId }) => ({ memberId, groupInstanceId, errorCode }));
      return answer(ErrorCode.NONE, members);
    }
  }

  async consumerGroupHeartbeat(
    request: ConsumerGroupHeartbeatRequest,
    context: GroupRequestContext,
  ): Promise<ConsumerGroupHeartbeatResponse> {
    try {
      const partition = this.partitionFor(request.groupId);
      return await this.#runtime.write(partition, (shard) => shard.consumerHeartbeat(request, context));
    } catch (error) {
      return heartbeatError(errorCodeOf(error), (error as KafkaError).message);
    }
  }

  async offsetCommit(request: OffsetCommitRequest, context: GroupRequestContext): Promise<OffsetCommitResponse> {
    const byTopicId = context.apiVersion >= 10;
    const refuse = (errorCode: number): OffsetCommitResponse => ({
      throttleTimeMs: 0,
      topics: refuseCommit(this.#topics, request.topics, byTopicId, errorCode),
    });
    if (!anyExists(this.#topics, request.topics, byTopicId)) return refuse(ErrorCode.NONE);
    try {
      const partition = this.partitionFor(request.groupId);
      const topics = await this.#runtime.write(partition, (shard) => shard.commitOffsets(request, context));
      return { throttleTimeMs: 0, topics };
    } catch (error) {
      return refuse(errorCodeOf(error));
    }
  }

  async txnOffsetCommit(
    request: TxnOffsetCommitRequest,
    context: GroupRequestContext,
  ): Promise<TxnOffsetCommitResponse> {
    const byTopicId = context.apiVersion >= 6;
    const refuse = (errorCode: number): TxnOffsetCommitResponse => ({
      throttleTimeMs: 0,
      topics: refuseCommit(this.#topics, request.topics, byTopicId, errorCode),
    });
    if (request.groupId === '') return refuse(ErrorCode.INVALID_GROUP_ID);
    // From version 5 on asking the coordinator begins the transaction: not for partitions that do not exist.
    if (!anyExists(this.#topics, request.topics, byTopicId)) return refuse(ErrorCode.NONE);
    try {
      const topics = await this.#runtime.writeTransactional(
        this.partitionFor(request.groupId),
        request,
        context.apiVersion,
        (shard) => shard.commitTransactionalOffsets(request, context),
      );
      return { throttleTimeMs: 0, topics };
    } catch (error) {
      // Producers before version 2 take a loading coordinator for a fatal error.
      const isOldLoading = context.apiVersion < 2 && errorCodeOf(error) === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
      return refuse(isOldLoading ? ErrorCode.COORDINATOR_NOT_AVAILABLE : errorCodeOf(error));
    }
  }

  /** Writes the marker that ends a producer's transaction in this partition, and makes its offsets count, or not. */
  completeTransaction(partition: number, marker: EndTransactionMarker): Promise<void> {
    return this.#runtime.endTransaction(partition, marker);
  }

  async offsetFetch(request: OffsetFetchRequest, context: GroupRequestContext): Promise<OffsetFetchResponse> {
    const { apiVersion } = context;
    const options = { byTopicId: apiVersion >= 10, requireStable: request.requireStable };
    if (apiVersion >= 8) {
      const groups = await Promise.all(request.groups.map((group) => this.#fetchGroup(group, options, apiVersion)));
      return { throttleTimeMs: 0, topics: [], errorCode: ErrorCode.NONE, groups };
    }
    const topics = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null;
    const group = { groupId: request.groupId, memberId: null, memberEpoch: -1, topics };
    const fetched = await this.#fetchGroup(group, options, apiVersion);
    return { throttleTimeMs: 0, topics: fetched.topics, errorCode: fetched.errorCode, groups: [] };
  }

  async #fetchGroup(group: GroupToFetch, options: FetchOptions, apiVersion: number): Promise<FetchedGroup> {
    try {
      return await this.#runtime.read(this.partitionFor(group.groupId), (shard) => shard.fetchOffsets(group, options));
    } catch (error) {
      return refuseFetch(group, errorCodeOf(error), apiVersion);
    }
  }

  async offsetDelete(request: OffsetDeleteRequest, _context: GroupRequestContext): Promise<OffsetDeleteResponse> {
    if (request.groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID, throttleTimeMs: 0, topics: [] };
    try {
      const partition = this.partitionFor(request.groupId);
      const topics = await this.#runtime.write(partition, (shard) => shard.deleteOffsets(request));
      return { errorCode: ErrorCode.NONE, throttleTimeMs: 0, topics };
    } catch (error) {
      return { errorCode: errorCodeOf(error), throttleTimeMs: 0, topics: [] };
    }
  }

  async consumerGroupDescribe(
    request: ConsumerGroupDescribeRequest,
    _context: GroupRequestContext,
  ): Promise<ConsumerGroupDescribeResponse> {
    const describe = async (groupId: string): Promise<ConsumerGroupDescribeResponse['groups'][number]> => {
      if (groupId === '') return noConsumerGroup(groupId, ErrorCode.INVALID_GROUP_ID, null);
      try {
        return await this.#runtime.read(this.partitionFor(groupId), (shard) => shard.describeConsumerGroup(groupId));
      } catch (error) {
        // A coordinator that cannot answer says no more than the code, as in Kafka.
        return noConsumerGroup(groupId, errorCodeOf(error), null);
      }
    };
    return { throttleTimeMs: 0, groups: await Promise.all(request.groupIds.map(describe)) };
  }

  async describeGroups(request: DescribeGroupsRequest, context: GroupRequestContext): Promise<DescribeGroupsResponse> {
    const describe = async (groupId: string): Promise<DescribeGroupsResponse['groups'][number]> => {
      try {
        const partition = this.partitionFor(groupId);
        return await this.#runtime.read(partition, (shard) => shard.describeGroup(groupId, context.apiVersion));
      } catch (error) {
        return noGroup(groupId, errorCodeOf(error));
      }
    };
    return { throttleTimeMs: 0, groups: await Promise.all(request.groups.map(describe)) };
  }

  /** The groups of all partitions that are led here; an error while one of them loads. */
  async listGroups(request: ListGroupsRequest, _context: GroupRequestContext): Promise<ListGroupsResponse> {
    try {
      const groups = await this.#runtime.readAll((shard) => shard.listGroups(request));
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, groups: groups.flat() };
    } catch (error) {
      return { throttleTimeMs: 0, errorCode: errorCodeOf(error), groups: [] };
    }
  }

  async deleteGroups(request: DeleteGroupsRequest, context: GroupRequestContext): Promise<DeleteGroupsResponse> {
    const deleteOne = async (groupId: string): Promise<DeleteGroupsResponse['results'][number]> => {
      let errorCode: number;
      try {
        errorCode = await this.#runtime.write(this.partitionFor(groupId), (shard) => shard.deleteGroup(groupId));
      } catch (error) {
        errorCode = errorCodeOf(error);
      }
      const hasMessage = context.apiVersion >= 3 && errorCode !== ErrorCode.NONE;
      return { groupId, errorCode, errorMessage: hasMessage ? errorMessage(errorCode) : null };
    };
    return { throttleTimeMs: 0, results: await Promise.all([...new Set(request.groupsNames)].map(deleteOne)) };
  }
}
