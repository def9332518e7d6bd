/**
 * Who is in a consumer group and for how long: sessions, the time members have to give partitions back, and how members
 * are removed. Timers end in operations that look at the group again: it may have become another one. Control thread.
 */
import { consumerSetting } from '../group-config.ts';
import { type Effects, type GroupEnvironment, NO_EFFECTS } from '../group-environment.ts';
import { consumerMemberRecord, type GroupRecord } from '../group-records.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import { type ConsumerMember, MemberState } from './consumer-member.ts';
import type { ConsumerProgress } from './consumer-progress.ts';
import type { GroupMigration } from './group-migration.ts';

export class ConsumerSessions {
  readonly #env: GroupEnvironment;
  readonly #progress: ConsumerProgress;
  readonly #migration: GroupMigration;
  readonly #current: (groupId: string) => ConsumerGroup | null;

  constructor(
    env: GroupEnvironment,
    progress: ConsumerProgress,
    migration: GroupMigration,
    current: (groupId: string) => ConsumerGroup | null,
  ) {
    this.#env = env;
    this.#progress = progress;
    this.#migration = migration;
    this.#current = current;
  }

  /** The member was heard of. Members of the classic protocol bring their own time-out. */
  resetSession(groupId: string, member: ConsumerMember): void {
    const timeoutMs =
      member.classic?.sessionTimeoutMs ?? consumerSetting(this.#env.config, groupId, 'sessionTimeoutMs');
    this.#fenceAfter(
      timerKey('session', groupId, member.memberId),
      timeoutMs,
      groupId,
      member.memberId,
      'session over',
    );
  }

  /** A member that must give partitions back has its rebalance time-out for it, counted from when it was told. */
  watchRevocation(groupId: string, before: ConsumerMember, after: ConsumerMember): void {
    if (before === after || after.classic !== null) return;
    const key = timerKey('revoke', groupId, after.memberId);
    if (after.state !== MemberState.UnrevokedPartitions) {
      this.#env.timers.cancel(key);
      return;
    }
    this.#after(key, after.rebalanceTimeoutMs, () => {
      const group = this.#current(groupId);
      const member = group?.members.get(after.memberId);
      if (!group || !member || member.epoch !== after.epoch || member.state !== after.state) return NO_EFFECTS;
      this.#env.logger.info({ groupId, memberId: after.memberId }, 'member did not give its partitions back in time');
      return this.remove(group, [member]);
    });
  }

  /** A member of the classic protocol has its rebalance time-out to join again, from the first time it is told. */
  expectJoin(groupId: string, member: ConsumerMember): void {
    const key = timerKey('join', groupId, member.memberId);
    if (this.#env.timers.has(key)) return;
    this.#fenceAfter(key, member.rebalanceTimeoutMs, groupId, member.memberId, 'did not join again in time');
  }

  joined(groupId: string, memberId: string): void {
    this.#env.timers.cancel(timerKey('join', groupId, memberId));
  }

  expectSync(groupId: string, member: ConsumerMember): void {
    const key = timerKey('sync', groupId, member.memberId);
    this.#fenceAfter(key, member.rebalanceTimeoutMs, groupId, member.memberId, 'did not sync in time');
  }

  synced(groupId: string, memberId: string): void {
    this.#env.timers.cancel(timerKey('sync', groupId, memberId));
  }

  /** Removes members for good, which moves the group's epoch, or turns it into a classic one. */
  remove(group: ConsumerGroup, members: readonly ConsumerMember[]): Effects {
    const ids = new Set(members.map(({ memberId }) => memberId));
    if (this.#migration.canDowngrade(group, ids)) return this.#migration.downgradeWithout(group, ids);
    const records: GroupRecord[] = [];
    for (const memberId of ids) {
      records.push(...memberTombstones(group.groupId, memberId));
      this.#forget(group.groupId, memberId);
    }
    this.#progress.bumpWithout(group, ids, records);
    return { records, onFailed: () => this.resume(group) };
  }

  /** A classic group became this one. What its members owed to it when it was a consumer group before is forgotten. */
  begin(group: ConsumerGroup): void {
    for (const memberId of group.members.keys()) this.#forget(group.groupId, memberId);
    this.resume(group);
  }

  /** After loading, or when a change could not be written: every member has a session to prove itself in. */
  resume(group: ConsumerGroup): void {
    for (const member of group.members.values()) {
      this.resetSession(group.groupId, member);
      if (member.state === MemberState.UnrevokedPartitions) this.watchRevocation(group.groupId, { ...member }, member);
    }
  }

  #forget(groupId: string, memberId: string): void {
    for (const kind of TIMER_KINDS) this.#env.timers.cancel(timerKey(kind, groupId, memberId));
  }

  #fenceAfter(key: string, timeoutMs: number, groupId: string, memberId: string, reason: string): void {
    this.#after(key, timeoutMs, () => {
      const group = this.#current(groupId);
      const member = group?.members.get(memberId);
      if (!group || !member) return NO_EFFECTS;
      this.#env.logger.info({ groupId, memberId, reason }, 'member removed from the consumer group');
      return this.remove(group, [member]);
    });
  }

  #after(key: string, delayMs: number, step: () => Effects): void {
    this.#env.timers.schedule(key, delayMs, () => this.#env.submit(key, step));
  }
}

export function memberTombstones(groupId: string, memberId: string): GroupRecord[] {
  return [
    consumerMemberRecord('consumerCurrent', groupId, memberId, null),
    consumerMemberRecord('consumerTargetMember', groupId, memberId, null),
    consumerMemberRecord('consumerMember', groupId, memberId, null),
  ];
}

const TIMER_KINDS = ['session', 'revoke', 'join', 'sync'] as const;

const timerKey = (kind: (typeof TIMER_KINDS)[number], groupId: string, memberId: string): string =>
  `consumer-${kind}:${groupId.length}:${groupId}:${memberId}`;
