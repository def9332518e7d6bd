/**
 * Groups change their protocol while they run, in rolling restarts: a classic group becomes a consumer group when the
 * first member of the new protocol joins, and a classic one again when the last of them has gone. In between the group
 * is a consumer group with members of both (KIP-848). Control thread.
 */
import { ErrorCode, KafkaError } from '../../../protocol/errors.ts';
import { UndoLog } from '../../runtime/undo-log.ts';
import { ClassicGroup } from '../classic/classic-group.ts';
import { ClassicMember } from '../classic/classic-member.ts';
import type { ClassicRebalance } from '../classic/classic-rebalance.ts';
import { classicGroupRecord } from '../classic/classic-records.ts';
import { joinGroupError, syncGroupError } from '../classic/classic-responses.ts';
import { assignedPartitionsOf, assignmentBytes, subscriptionOf } from '../consumer-protocol.ts';
import type { Group } from '../group.ts';
import type { Effects, GroupEnvironment } from '../group-environment.ts';
import { consumerGroupRecord, consumerMemberRecord, type GroupRecord } from '../group-records.ts';
import { groupMetadataHash } from '../metadata-hash.ts';
import { ConsumerGroup } from './consumer-group.ts';
import {
  type ConsumerMember,
  currentRecord,
  MemberState,
  newConsumerMember,
  subscriptionRecord,
  topicNameSet,
} from './consumer-member.ts';
import { toTopicPartitions } from './partition-sets.ts';

export class GroupMigration {
  readonly #env: GroupEnvironment;
  readonly #rebalance: ClassicRebalance;
  readonly #replace: (group: Group) => void;

  /** `replace` puts a group in the place of the one of its id, to be undone with the records of this operation. */
  constructor(env: GroupEnvironment, rebalance: ClassicRebalance, replace: (group: Group) => void) {
    this.#env = env;
    this.#rebalance = rebalance;
    this.#replace = replace;
  }

  /**
   * A consumer group that stands where the classic group is, for the handler to go on with; the records make it real.
   * Members that wait for their rebalance are sent to join the new one. Throws GROUP_ID_NOT_FOUND when the group cannot
   * change.
   */
  upgrade(classic: ClassicGroup, records: GroupRecord[]): ConsumerGroup {
    const group = new ConsumerGroup(classic.groupId, scratchUndo());
    const { consumer } = this.#env.config;
    const isAllowed = consumer.migrationPolicy === 'BIDIRECTIONAL' || consumer.migrationPolicy === 'UPGRADE';
    if (!isAllowed || !classic.usesConsumerProtocol || classic.size > consumer.maxSize) {
      throw new KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, `group ${classic.groupId} is not a consumer group`);
    }
    const members = [...classic.members()].map((member) => this.#toConsumerMember(classic, member));
    for (const member of classic.members()) {
      classic.answerJoin(member, joinGroupError(member.memberId, ErrorCode.REBALANCE_IN_PROGRESS));
      classic.answerSync(member, syncGroupError(ErrorCode.REBALANCE_IN_PROGRESS));
    }
    const { groupId, generationId: epoch } = classic;
    const topicNames = new Set(members.flatMap((member) => [...member.topicNames]));
    const metadataHash = groupMetadataHash(topicNames, this.#env.topics);
    group.replayGroup(epoch, metadataHash);
    group.replayTarget(epoch, 0);
    records.push(...classic.tombstones(), consumerGroupRecord('consumerGroup', groupId, { epoch, metadataHash }));
    for (const member of members) {
      const topicPartitions = toTopicPartitions(member.assigned);
      group.putMember(member);
      group.replayTargetMember(member.memberId, topicPartitions);
      records.push(
        subscriptionRecord(groupId, member),
        consumerMemberRecord('consumerTargetMember', groupId, member.memberId, { topicPartitions }),
        currentRecord(groupId, member),
      );
    }
    records.push(consumerGroupRecord('consumerTarget', groupId, { assignmentEpoch: epoch, assignmentTimestamp: 0 }));
    this.#env.logger.info({ groupId, members: members.length }, 'classic group becomes a consumer group');
    return group;
  }

  /**
   * Whether the group may become a classic one: only members of that protocol would be left, `joining` new ones among them, and
   * not too many.
   */
  canDowngrade(group: ConsumerGroup, without: ReadonlySet<string>, joining = 0): boolean {
    const { consumer, maxSize } = this.#env.config;
    if (consumer.migrationPolicy !== 'BIDIRECTIONAL' && consumer.migrationPolicy !== 'DOWNGRADE') return false;
    const left = group.size - without.size + joining;
    if (left <= 0 || left > maxSize) return false;
    return [...group.members.values()].every(({ memberId, classic }) => without.has(memberId) || classic !== null);
  }

  /** The rest of the group goes on as a classic group, and begins a rebalance. */
  downgradeWithout(group: ConsumerGroup, without: ReadonlySet<string>): Effects {
    const { classic, effects } = this.#downgrade(group, without, null);
    const started = this.#rebalance.prepare(classic, 'the group went back to the classic protocol');
    return { ...effects, records: [...effects.records, ...started.records] };
  }

  /**
   * With a classic member in the place of the static one that was the last of the new protocol; it takes over what that one had,
   * and there is a rebalance only when it wants something else, or somebody did: `epoch` is the group's with its wish.
   */
  downgradeReplacing(group: ConsumerGroup, replacedId: string, joining: ConsumerMember, epoch: number): Effects {
    const { classic, effects } = this.#downgrade(group, new Set([replacedId]), { member: joining, replacedId });
    if (epoch === group.targetEpoch) return effects;
    const started = this.#rebalance.prepare(
      classic,
      'a member came back with the classic protocol and another subscription',
    );
    return { ...effects, records: [...effects.records, ...started.records] };
  }

  #downgrade(
    group: ConsumerGroup,
    without: ReadonlySet<string>,
    joining: { member: ConsumerMember; replacedId: string } | null,
  ): { classic: ClassicGroup; effects: Effects } {
    const classic = new ClassicGroup(group.groupId, this.#env.undo, this.#env.clock.wallMs());
    classic.generationId = group.epoch;
    const targetIdOf = new Map<string, string>();
    const members = [...group.members.values()].filter(({ memberId }) => !without.has(memberId));
    if (joining) {
      members.push(joining.member);
      targetIdOf.set(joining.member.memberId, joining.replacedId);
    }
    for (const member of members) classic.add(toClassicMember(member), null);
    classic.protocolName = classic.selectProtocol();
    classic.refreshSubscribedTopics();
    for (const member of classic.members()) {
      const target = group.target(targetIdOf.get(member.memberId) ?? member.memberId);
      member.assignment = assignmentBytes(target, this.#env.topics, member.metadataOf(classic.protocolName));
    }
    classic.restoreState('Stable', this.#env.clock.wallMs());
    const records = [...group.tombstones(), classicGroupRecord(classic)];
    this.#replace(classic);
    for (const member of classic.members()) this.#rebalance.resetSession(classic, member);
    this.#env.logger.info({ groupId: group.groupId, members: classic.size }, 'consumer group becomes a classic group');
    return { classic, effects: { records, onFailed: (error) => this.#rebalance.dissolve(classic, error.code) } };
  }

  /** Its last assignment is what it owns; whoever has none yet owns nothing. */
  #toConsumerMember(classic: ClassicGroup, member: ClassicMember): ConsumerMember {
    const subscription = subscriptionOf(member.metadataOf(classic.protocolName ?? member.protocols[0].name));
    const assigned = assignedPartitionsOf(member.assignment, this.#env.topics, classic.generationId);
    if (!subscription || !assigned) {
      throw new KafkaError(
        ErrorCode.GROUP_ID_NOT_FOUND,
        `what members of group ${classic.groupId} embed is malformed, or data of an assignor of their own`,
      );
    }
    return {
      ...newConsumerMember(member.memberId),
      instanceId: member.groupInstanceId,
      rackId: subscription.rackId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      topicNames: topicNameSet(subscription.topics),
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      classic: { sessionTimeoutMs: member.sessionTimeoutMs, supportedProtocols: [...member.protocols] },
      epoch: classic.generationId,
      previousEpoch: classic.generationId,
      state: MemberState.Stable,
      assigned,
    };
  }
}

function toClassicMember(member: ConsumerMember): ClassicMember {
  return new ClassicMember({
    memberId: member.memberId,
    groupInstanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    sessionTimeoutMs: member.classic!.sessionTimeoutMs,
    protocolType: 'consumer',
    protocols: member.classic!.supportedProtocols,
  });
}

/** For a group that only a handler sees: nothing of it is ever taken back. */
function scratchUndo(): UndoLog {
  const undo = new UndoLog();
  undo.paused = true;
  return undo;
}
