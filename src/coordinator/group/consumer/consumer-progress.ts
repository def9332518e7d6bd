/**
 * What happens to a consumer group when a member says something: its subscription may move the group's epoch, that may
 * call for a new target, and the member takes a step towards it. The one path for heartbeats of the consumer protocol
 * and for JoinGroup of the classic one. Control thread.
 */
import { consumerSetting } from '../group-config.ts';
import type { Effects, GroupEnvironment } from '../group-environment.ts';
import { NO_EFFECTS } from '../group-environment.ts';
import { consumerGroupRecord, consumerRegexRecord, type GroupRecord } from '../group-records.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import {
  type ConsumerMember,
  currentRecord,
  sameNames,
  sameSubscription,
  subscriptionRecord,
} from './consumer-member.ts';
import { ConsumerView } from './consumer-view.ts';
import type { TopicPartitions } from './partition-sets.ts';
import { reconcileMember } from './reconcile-member.ts';
import { computeTarget } from './target-assignment.ts';
import { matchingTopics } from './topic-regex.ts';

export interface Progress {
  readonly group: ConsumerGroup;
  /** As it was; equal to `member` without epochs when it is new. */
  readonly before: ConsumerMember;
  /** With its new subscription. */
  readonly member: ConsumerMember;
  /** The static member whose place it takes. */
  readonly replacedId?: string;
  readonly reported: readonly TopicPartitions[] | null;
  /** Of the principal that asks. */
  readonly mayDescribe?: (topic: string) => boolean;
}

export class ConsumerProgress {
  readonly #env: GroupEnvironment;
  readonly #current: (groupId: string) => ConsumerGroup | null;
  #topicsVersion = 0;

  /** `current` gives the group of an id if it is a consumer group. */
  constructor(env: GroupEnvironment, current: (groupId: string) => ConsumerGroup | null) {
    this.#env = env;
    this.#current = current;
  }

  /** Topics came, went or grew: each group looks at its own again when one of its members is heard of next. */
  topicsChanged(): void {
    this.#topicsVersion++;
  }

  /** The member and the group's epoch after the step. Appends the records. */
  advance(progress: Progress, records: GroupRecord[]): { member: ConsumerMember; epoch: number } {
    const { group, before, member, replacedId } = progress;
    const isNew = !group.members.has(member.memberId) && replacedId === undefined;
    if (isNew || !sameSubscription(before, member)) records.push(subscriptionRecord(group.groupId, member));
    const namesChanged = !sameNames(before.topicNames, member.topicNames);
    const changed = namesChanged || before.topicRegex !== member.topicRegex;
    const isStale = group.topicsVersionSeen !== this.#topicsVersion;
    const regexes = this.#lookUpRegexes(progress, changed, isStale, records);
    const view = new ConsumerView(group, { member, replacedId, regexes });
    let { epoch } = group;
    if (changed || isStale || regexes.size > 0) {
      epoch = this.#maybeBump(view, namesChanged || matchesOthers(progress, regexes), records);
    }
    const target = this.#target(view, epoch, member.memberId, records);
    const reconciled = reconcileMember(member, {
      ...target,
      isOwned: (topicId, partition) => group.isOwned(topicId, partition),
      reported: progress.reported,
      subscribed: () => view.topicIdsOf(member, this.#env),
      subscriptionChanged: changed,
    });
    if (reconciled !== member || isNew) records.push(currentRecord(group.groupId, reconciled));
    return { member: reconciled, epoch };
  }

  /** Members go: what that means for expressions, epoch and topics. */
  bumpWithout(group: ConsumerGroup, without: ReadonlySet<string>, records: GroupRecord[]): void {
    const view = new ConsumerView(group, { without });
    const inUse = view.regexesInUse();
    for (const regex of group.regexes.keys()) {
      if (!inUse.has(regex)) records.push(consumerRegexRecord(group.groupId, regex, null));
    }
    records.push(
      consumerGroupRecord('consumerGroup', group.groupId, {
        epoch: group.epoch + 1,
        metadataHash: view.metadataHash(this.#env),
      }),
    );
  }

  /** The epoch after the change of subscriptions or topics. */
  #maybeBump(view: ConsumerView, mustBump: boolean, records: GroupRecord[]): number {
    const { group } = view;
    const metadataHash = view.metadataHash(this.#env);
    const bump = mustBump || metadataHash !== group.metadataHash;
    if (!bump) {
      // Only once the hash in the log is known to be this one: a bump that fails must be tried again.
      group.topicsVersionSeen = this.#topicsVersion;
      return group.epoch;
    }
    const epoch = group.epoch + 1;
    records.push(consumerGroupRecord('consumerGroup', group.groupId, { epoch, metadataHash }));
    this.#env.logger.info({ groupId: group.groupId, epoch }, 'consumer group moves to a new epoch');
    return epoch;
  }

  #target(view: ConsumerView, epoch: number, memberId: string, records: GroupRecord[]) {
    const { group } = view;
    const isDue = epoch > group.targetEpoch;
    const waitMs = this.#waitBeforeTargetMs(group);
    if (isDue && waitMs <= 0) {
      return { targetEpoch: epoch, target: computeTarget(view, this.#env, epoch, records).get(memberId)! };
    }
    if (isDue) this.#computeLater(group.groupId, waitMs);
    return { targetEpoch: Math.max(group.targetEpoch, 0), target: view.target(memberId) };
  }

  /** A group whose members come and go is not computed again and again. */
  #waitBeforeTargetMs(group: ConsumerGroup): number {
    if (group.targetTimestampMs === 0) return 0;
    const ageMs = this.#env.clock.wallMs() - group.targetTimestampMs;
    // A clock that went back must not hold the group up.
    return ageMs < 0 ? 0 : consumerSetting(this.#env.config, group.groupId, 'assignmentIntervalMs') - ageMs;
  }

  #computeLater(groupId: string, waitMs: number): void {
    const key = `target:${groupId}`;
    if (this.#env.timers.has(key)) return;
    this.#env.timers.schedule(key, waitMs, () => this.#env.submit(key, () => this.#computeNow(groupId)));
  }

  #computeNow(groupId: string): Effects {
    const group = this.#current(groupId);
    if (!group || group.isEmpty || group.epoch <= group.targetEpoch) return NO_EFFECTS;
    const records: GroupRecord[] = [];
    computeTarget(new ConsumerView(group, {}), this.#env, group.epoch, records);
    return { records };
  }

  /** Looks up what has to be: a new expression now, all of them when topics changed or the last look is long ago. */
  #lookUpRegexes(
    progress: Progress,
    changed: boolean,
    isStale: boolean,
    records: GroupRecord[],
  ): Map<string, readonly string[] | null> {
    const { group, member, replacedId, mayDescribe } = progress;
    const found = new Map<string, readonly string[] | null>();
    if (member.topicRegex === '' && group.regexes.size === 0) return found;
    const inUse = changed || isStale ? new ConsumerView(group, { member, replacedId }).regexesInUse() : null;
    const nowMs = this.#env.clock.wallMs();
    for (const regex of inUse ?? (member.topicRegex === '' ? [] : [member.topicRegex])) {
      const known = group.regexes.get(regex);
      const isOld = known && nowMs - known.timestamp >= this.#env.config.consumer.regexRefreshIntervalMs;
      if (known && !isStale && !isOld) continue;
      const topics = matchingTopics(regex, this.#env.topics.names(), mayDescribe);
      if (known && !isOld && sameNames(known.topics, topics)) continue;
      found.set(regex, topics);
      const value = { topics, version: this.#topicsVersion, timestamp: nowMs };
      records.push(consumerRegexRecord(group.groupId, regex, value));
    }
    for (const regex of inUse ? group.regexes.keys() : []) {
      if (inUse?.has(regex)) continue;
      found.set(regex, null);
      records.push(consumerRegexRecord(group.groupId, regex, null));
    }
    return found;
  }
}

/** Whether an expression brings or takes topics: one that matches nothing yet is no reason for a new epoch. */
function matchesOthers(
  { group, before, member }: Progress,
  regexes: ReadonlyMap<string, readonly string[] | null>,
): boolean {
  const topicsOf = (regex: string): readonly string[] | undefined => group.regexes.get(regex)?.topics;
  if (before.topicRegex !== member.topicRegex && (member.topicRegex === '' || topicsOf(member.topicRegex))) return true;
  return [...regexes].some(([regex, topics]) => topics !== null && !sameNames(topicsOf(regex) ?? [], topics));
}
