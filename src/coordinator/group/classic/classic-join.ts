/**
 * JoinGroup to a classic group: new members, members that come back, and new incarnations of static members (KIP-345).
 * The answer waits, in the member, for the end of the join phase. Control thread.
 */
import { ErrorCode } from '../../../protocol/errors.ts';
import type { JoinGroupRequest, JoinGroupResponse } from '../../../protocol/messages/11-join-group.ts';
import { errorCodeOf } from '../../runtime/append-errors.ts';
import { type Effects, type GroupEnvironment, type GroupRequestContext, NO_EFFECTS } from '../group-environment.ts';
import { randomJavaUuid } from '../member-id.ts';
import type { ClassicGroup } from './classic-group.ts';
import { ClassicMember, type MemberProtocol } from './classic-member.ts';
import type { ClassicRebalance } from './classic-rebalance.ts';
import { classicGroupRecord, newClassicGroupRecord } from './classic-records.ts';
import { joinGroupAnswer, joinGroupError } from './classic-responses.ts';

/** A JoinGroup request in one shape for all versions, its bytes copied out of the receive buffer. */
export interface JoinRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly reason: string;
  readonly context: GroupRequestContext;
  readonly respond: (response: JoinGroupResponse) => void;
}

export function toJoinRequest(
  request: JoinGroupRequest,
  context: GroupRequestContext,
  respond: (response: JoinGroupResponse) => void,
): JoinRequest {
  const protocols = new Map<string, MemberProtocol>();
  for (const { name, metadata } of request.protocols) {
    if (!protocols.has(name)) protocols.set(name, { name, metadata: new Uint8Array(metadata) });
  }
  return {
    groupId: request.groupId,
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    protocolType: request.protocolType,
    protocols: [...protocols.values()],
    sessionTimeoutMs: request.sessionTimeoutMs,
    // Version 0 has one time-out for both.
    rebalanceTimeoutMs: context.apiVersion === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
    reason: request.reason ?? 'not given',
    context,
    respond,
  };
}

export class ClassicJoin {
  readonly #env: GroupEnvironment;
  readonly #rebalance: ClassicRebalance;

  constructor(env: GroupEnvironment, rebalance: ClassicRebalance) {
    this.#env = env;
    this.#rebalance = rebalance;
  }

  /** `isNewGroup`: the group was made for this request, and its first record has to be written. */
  join(group: ClassicGroup, request: JoinRequest, isNewGroup: boolean): Effects {
    const effects = this.#join(group, request);
    if (!isNewGroup || effects.records.length > 0) return effects;
    return {
      records: [newClassicGroupRecord(group)],
      onFailed: (error) => this.#rebalance.dissolve(group, error.code),
    };
  }

  #join(group: ClassicGroup, request: JoinRequest): Effects {
    const { memberId, respond } = request;
    if (!this.#hasRoom(group, memberId)) {
      const member = group.member(memberId);
      if (member) this.#rebalance.removeMember(group, member);
      else group.remove(memberId);
      respond(joinGroupError('', ErrorCode.GROUP_MAX_SIZE_REACHED));
      return NO_EFFECTS;
    }
    if (!group.supports(request.protocolType, request.protocols)) {
      respond(joinGroupError(memberId, ErrorCode.INCONSISTENT_GROUP_PROTOCOL));
      return NO_EFFECTS;
    }
    return memberId === '' ? this.#joinUnknown(group, request) : this.#joinKnown(group, request);
  }

  /**
   * Known members are always let in again, except in PreparingRebalance, where places go to those who come first: the
   * group may be larger than a limit that was lowered.
   */
  #hasRoom(group: ClassicGroup, memberId: string): boolean {
    const { maxSize } = this.#env.config;
    if (group.isIn('PreparingRebalance')) {
      return group.member(memberId)?.awaitingJoin != null || group.awaitingJoinCount < maxSize;
    }
    return group.isIn('Empty', 'Dead') || group.member(memberId) !== undefined || group.size < maxSize;
  }

  #joinUnknown(group: ClassicGroup, request: JoinRequest): Effects {
    const { groupInstanceId, context } = request;
    const newMemberId = `${groupInstanceId ?? context.clientId}-${randomJavaUuid(this.#env.random)}`;
    if (groupInstanceId !== null) {
      const oldMemberId = group.staticMemberId(groupInstanceId);
      if (oldMemberId === undefined) return this.#addMember(group, request, newMemberId);
      return this.#replaceStaticMember(group, request, oldMemberId, newMemberId);
    }
    // KIP-394: a client that retries after a time-out would otherwise leave a member behind each time.
    if (context.apiVersion < 4) return this.#addMember(group, request, newMemberId);
    group.pendingJoinMembers.add(newMemberId);
    this.#rebalance.armSession(group, newMemberId, request.sessionTimeoutMs);
    request.respond(joinGroupError(newMemberId, ErrorCode.MEMBER_ID_REQUIRED));
    return NO_EFFECTS;
  }

  #joinKnown(group: ClassicGroup, request: JoinRequest): Effects {
    const { memberId, groupInstanceId, respond } = request;
    if (group.pendingJoinMembers.has(memberId)) {
      if (groupInstanceId === null) return this.#addMember(group, request, memberId);
      respond(joinGroupError(memberId, ErrorCode.UNKNOWN_MEMBER_ID));
      return NO_EFFECTS;
    }
    let member: ClassicMember;
    try {
      member = group.validateMember(memberId, groupInstanceId);
    } catch (error) {
      respond(joinGroupError(memberId, errorCodeOf(error)));
      return NO_EFFECTS;
    }
    // The same question again, or a follower who wants to know the generation: no reason to disturb the others. A
    // leader of a stable group does want a rebalance, because what it assigns from may have changed.
    const unchanged = member.offersSame(request.protocols);
    const isCurrent =
      (group.isIn('CompletingRebalance') && unchanged) ||
      (group.isIn('Stable') && unchanged && !group.isLeader(memberId));
    if (isCurrent) {
      respond(joinGroupAnswer(group, memberId));
      return NO_EFFECTS;
    }
    group.updateMember(member, request, respond);
    return this.#rebalance.rebalance(group, `member ${memberId} joins again in ${group.state}: ${request.reason}`);
  }

  #addMember(group: ClassicGroup, request: JoinRequest, memberId: string): Effects {
    const member = new ClassicMember({
      memberId,
      groupInstanceId: request.groupInstanceId,
      clientId: request.context.clientId,
      clientHost: request.context.clientHost,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      sessionTimeoutMs: request.sessionTimeoutMs,
      protocolType: request.protocolType,
      protocols: request.protocols,
    });
    member.isNew = true;
    if (group.isIn('PreparingRebalance') && group.previousState === 'Empty') group.newMemberAdded = true;
    group.add(member, request.respond);
    this.#rebalance.armNewMember(group, memberId);
    return this.#rebalance.rebalance(group, `new member ${memberId}: ${request.reason}`);
  }

  #replaceStaticMember(group: ClassicGroup, request: JoinRequest, oldMemberId: string, newMemberId: string): Effects {
    const old = group.member(oldMemberId)!;
    const before = {
      protocols: old.protocols,
      rebalanceTimeoutMs: old.rebalanceTimeoutMs,
      sessionTimeoutMs: old.sessionTimeoutMs,
    };
    const leaderBefore = group.leaderId ?? '';
    this.#rebalance.endSession(group, oldMemberId);
    const member = group.replaceStaticMember(request.groupInstanceId!, oldMemberId, newMemberId);
    group.updateMember(member, request, request.respond);
    this.#rebalance.resetSession(group, member);
    const reason = `static member ${request.groupInstanceId} came back as ${newMemberId}: ${request.reason}`;
    if (!group.isIn('Stable')) {
      // In CompletingRebalance the leader may already be assigning to the old id.
      return this.#rebalance.rebalance(group, reason);
    }
    if (group.selectProtocol() !== group.protocolName) return this.#rebalance.rebalance(group, reason);
    const { generationId } = group;
    return {
      records: [classicGroupRecord(group)],
      onDurable: () => {
        const isOver = group.generationId !== generationId || !group.isIn('Stable');
        if (!isOver) group.answerJoin(member, this.#unchangedAnswer(group, newMemberId, leaderBefore, request));
      },
      onFailed: (error) => {
        if (group.member(newMemberId) !== member) return;
        group.answerJoin(member, { ...joinGroupError('', error.code), generationId, leader: leaderBefore });
        this.#rebalance.endSession(group, newMemberId);
        const restored = group.replaceStaticMember(request.groupInstanceId!, newMemberId, oldMemberId);
        group.updateMember(restored, before, null);
        this.#rebalance.resetSession(group, restored);
      },
    };
  }

  /**
   * The generation goes on with the new incarnation. If it leads, it must not assign again: version 9 says so, older
   * clients are told of a leader that no longer exists, and take themselves for followers.
   */
  #unchangedAnswer(
    group: ClassicGroup,
    memberId: string,
    leaderBefore: string,
    request: JoinRequest,
  ): JoinGroupResponse {
    const answer = joinGroupAnswer(group, memberId);
    if (request.context.apiVersion < 9) return { ...answer, leader: leaderBefore, members: [] };
    return { ...answer, skipAssignment: group.isLeader(memberId) };
  }
}
