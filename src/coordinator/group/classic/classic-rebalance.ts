/**
 * How a classic group gets from one generation to the next: who has to join again, how long that is waited for, and who
 * is dropped. Timers `session:`, `join:` and `sync:` belong to this file. Control thread.
 *
 * The first rebalance of an empty group waits `group.initial.rebalance.delay.ms`, and again for as long when somebody
 * came meanwhile, so that a fleet that starts together shares one generation. Later ones wait for all known members.
 */
import { ErrorCode } from '../../../protocol/errors.ts';
import { type Effects, type GroupEnvironment, NO_EFFECTS } from '../group-environment.ts';
import type { ClassicGroup } from './classic-group.ts';
import { type ClassicMember, NO_ASSIGNMENT } from './classic-member.ts';
import { classicGroupRecord } from './classic-records.ts';
import { joinGroupAnswer, joinGroupError, syncGroupAnswer, syncGroupError } from './classic-responses.ts';

/**
 * A new member cannot send heartbeats while its JoinGroup request waits, and a client that gives up is not noticed. So
 * it is dropped after this time, which is longer than clients wait (Kafka: CLASSIC_GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS).
 */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60 * 1000;

export class ClassicRebalance {
  readonly #env: GroupEnvironment;
  readonly #isCurrent: (group: ClassicGroup) => boolean;

  /** `isCurrent` tells whether the group is still the one of its id: a timer may outlive it. */
  constructor(env: GroupEnvironment, isCurrent: (group: ClassicGroup) => boolean) {
    this.#env = env;
    this.#isCurrent = isCurrent;
  }

  /** Starts a rebalance where the state allows one, else looks whether the running one can end. */
  rebalance(group: ClassicGroup, reason: string): Effects {
    return group.canRebalance ? this.prepare(group, reason) : this.completeIfAllJoined(group);
  }

  /** To PreparingRebalance: whoever waits for an assignment is sent to join again. */
  prepare(group: ClassicGroup, reason: string): Effects {
    if (group.isIn('CompletingRebalance')) this.dropAssignments(group, ErrorCode.REBALANCE_IN_PROGRESS);
    this.#stopWaitingForSync(group);
    const isFirst = group.isEmpty;
    group.transitionTo('PreparingRebalance', this.#env.clock.wallMs());
    const { groupId, generationId, size } = group;
    this.#env.logger.info({ groupId, generationId, members: size, reason }, 'preparing to rebalance');
    if (isFirst) {
      const delayMs = this.#env.config.initialRebalanceDelayMs;
      this.#waitForMoreMembers(group, delayMs, Math.max(group.rebalanceTimeoutMs - delayMs, 0));
      return NO_EFFECTS;
    }
    // Without members there is nobody to wait for: ids that were given out may still come.
    if (group.hasAllMembersJoined || group.size === 0) return this.#completeJoin(group);
    this.#completeJoinAfter(group);
    return NO_EFFECTS;
  }

  /** Ends the join phase if nobody is missing. The first rebalance always waits its time. */
  completeIfAllJoined(group: ClassicGroup): Effects {
    if (!group.isIn('PreparingRebalance') || group.previousState === 'Empty') return NO_EFFECTS;
    return group.hasAllMembersJoined ? this.#completeJoin(group) : NO_EFFECTS;
  }

  /** The member proved that it lives. */
  resetSession(group: ClassicGroup, member: ClassicMember): void {
    this.armSession(group, member.memberId, member.sessionTimeoutMs);
  }

  armNewMember(group: ClassicGroup, memberId: string): void {
    this.armSession(group, memberId, NEW_MEMBER_JOIN_TIMEOUT_MS);
  }

  armSession(group: ClassicGroup, memberId: string, timeoutMs: number): void {
    this.#after(sessionKey(group, memberId), timeoutMs, group, () => this.#expireSession(group, memberId));
  }

  endSession(group: ClassicGroup, memberId: string): void {
    this.#env.timers.cancel(sessionKey(group, memberId));
  }

  /** Removes a member for good; a JoinGroup request of it that waits is told to begin anew. */
  removeMember(group: ClassicGroup, member: ClassicMember): void {
    this.endSession(group, member.memberId);
    group.answerJoin(member, joinGroupError('', ErrorCode.UNKNOWN_MEMBER_ID));
    group.answerSync(member, syncGroupError(ErrorCode.UNKNOWN_MEMBER_ID));
    group.remove(member.memberId);
  }

  /** What the group does about members that are gone. */
  afterRemoval(group: ClassicGroup, reason: string): Effects {
    if (group.isIn('Stable', 'CompletingRebalance')) return this.rebalance(group, reason);
    return this.completeIfAllJoined(group);
  }

  /** The leader's assignments are durable: everybody who waits gets its own. */
  spreadAssignments(group: ClassicGroup, assignments: ReadonlyMap<string, Uint8Array>): void {
    for (const member of group.members()) {
      member.assignment = assignments.get(member.memberId) ?? NO_ASSIGNMENT;
      // While the append ran an expired session was overlooked, because the member waited; from now on it counts again.
      if (group.answerSync(member, syncGroupAnswer(group, member))) this.resetSession(group, member);
    }
    group.transitionTo('Stable', this.#env.clock.wallMs());
  }

  /** Nobody has an assignment any more; who waits for one is told why. */
  dropAssignments(group: ClassicGroup, errorCode: number): void {
    for (const member of group.members()) {
      member.assignment = NO_ASSIGNMENT;
      if (group.answerSync(member, syncGroupError(errorCode))) this.resetSession(group, member);
    }
  }

  /** The member asked for its assignment in time. */
  synced(group: ClassicGroup, memberId: string): void {
    group.pendingSyncMembers.delete(memberId);
    if (group.pendingSyncMembers.size === 0) this.#stopWaitingForSync(group);
  }

  /** The group ends here (not created after all, or led elsewhere): everybody who waits is told why. */
  dissolve(group: ClassicGroup, errorCode: number): void {
    for (const memberId of group.pendingJoinMembers) this.endSession(group, memberId);
    for (const member of group.members()) {
      this.endSession(group, member.memberId);
      group.answerJoin(member, joinGroupError(member.memberId, errorCode));
      group.answerSync(member, syncGroupError(errorCode));
    }
    this.#env.timers.cancel(joinKey(group));
    this.#env.timers.cancel(syncKey(group));
    group.transitionTo('Dead', this.#env.clock.wallMs());
  }

  #waitForMoreMembers(group: ClassicGroup, delayMs: number, remainingMs: number): void {
    this.#after(joinKey(group), delayMs, group, () => {
      if (!group.isIn('PreparingRebalance')) return NO_EFFECTS;
      if (!group.newMemberAdded || remainingMs === 0) return this.#completeJoin(group);
      group.newMemberAdded = false;
      const nextDelayMs = Math.min(this.#env.config.initialRebalanceDelayMs, remainingMs);
      this.#waitForMoreMembers(group, nextDelayMs, Math.max(remainingMs - delayMs, 0));
      return NO_EFFECTS;
    });
  }

  #completeJoinAfter(group: ClassicGroup): void {
    this.#after(joinKey(group), group.rebalanceTimeoutMs, group, () =>
      group.isIn('PreparingRebalance') ? this.#completeJoin(group) : NO_EFFECTS,
    );
  }

  /** Drops dynamic members who did not come back, and starts the next generation with those who did. */
  #completeJoin(group: ClassicGroup): Effects {
    this.#env.timers.cancel(joinKey(group));
    group.newMemberAdded = false;
    for (const member of [...group.members()]) {
      if (!member.awaitingJoin && !member.isStatic) this.removeMember(group, member);
    }
    if (!group.electJoinedLeader() && group.size > 0) {
      // Only static members are left, and none of them came: wait on, until their sessions run out.
      this.#completeJoinAfter(group);
      return NO_EFFECTS;
    }
    group.startNextGeneration(this.#env.clock.wallMs());
    const { groupId, generationId, protocolName, size } = group;
    this.#env.logger.info({ groupId, generationId, protocolName, members: size }, 'generation complete');
    if (group.isEmpty) {
      // Should it fail: a restart brings back members of an older generation, who then time out.
      return { records: [classicGroupRecord(group)] };
    }
    for (const member of group.members()) {
      group.answerJoin(member, joinGroupAnswer(group, member.memberId));
      this.resetSession(group, member);
      member.isNew = false;
      group.pendingSyncMembers.add(member.memberId);
    }
    this.#after(syncKey(group), group.rebalanceTimeoutMs, group, () => this.#expireSync(group, generationId));
    return NO_EFFECTS;
  }

  #expireSession(group: ClassicGroup, memberId: string): Effects {
    if (group.pendingJoinMembers.has(memberId)) {
      group.remove(memberId);
      return this.completeIfAllJoined(group);
    }
    const member = group.member(memberId);
    if (!member || member.satisfiesHeartbeat) return NO_EFFECTS;
    this.#env.logger.info({ groupId: group.groupId, memberId }, 'session of the member expired');
    this.removeMember(group, member);
    return this.afterRemoval(group, `session of ${memberId} expired`);
  }

  #expireSync(group: ClassicGroup, generationId: number): Effects {
    if (group.generationId !== generationId || !group.isIn('CompletingRebalance', 'Stable')) return NO_EFFECTS;
    if (group.pendingSyncMembers.size === 0) return NO_EFFECTS;
    for (const memberId of [...group.pendingSyncMembers]) {
      const member = group.member(memberId);
      if (member) this.removeMember(group, member);
    }
    return this.prepare(group, 'members did not ask for their assignment in time');
  }

  #stopWaitingForSync(group: ClassicGroup): void {
    group.pendingSyncMembers.clear();
    this.#env.timers.cancel(syncKey(group));
  }

  #after(key: string, delayMs: number, group: ClassicGroup, step: () => Effects): void {
    this.#env.timers.schedule(key, delayMs, () =>
      this.#env.submit(key, () => (this.#isCurrent(group) ? step() : NO_EFFECTS)),
    );
  }
}

const sessionKey = (group: ClassicGroup, memberId: string): string =>
  `session:${group.groupId.length}:${group.groupId}:${memberId}`;
const joinKey = (group: ClassicGroup): string => `join:${group.groupId}`;
const syncKey = (group: ClassicGroup): string => `sync:${group.groupId}`;
