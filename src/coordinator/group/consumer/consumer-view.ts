/**
 * A consumer group as it will be when the records of the running operation have been replayed: handlers decide on it
 * without changing the group. Control thread.
 */
import { inHashTableOrder } from '../../../base/hash-table-order.ts';
import type { Uuid } from '../../../base/uuid.ts';
import type { GroupEnvironment } from '../group-environment.ts';
import { groupMetadataHash } from '../metadata-hash.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import type { ConsumerMember } from './consumer-member.ts';
import { NO_PARTITIONS, type PartitionSet } from './partition-sets.ts';

export interface ViewChanges {
  /** The member as it will be. */
  readonly member?: ConsumerMember;
  /** Members who will be gone. */
  readonly without?: ReadonlySet<string>;
  /** The static member in whose place `member` comes, with its target. */
  readonly replacedId?: string;
  /** Matches of expressions that were looked up again; null for those that nobody uses any more. */
  readonly regexes?: ReadonlyMap<string, readonly string[] | null>;
}

export class ConsumerView {
  readonly group: ConsumerGroup;
  readonly #changes: ViewChanges;

  constructor(group: ConsumerGroup, changes: ViewChanges) {
    this.group = group;
    this.#changes = changes;
  }

  *members(): IterableIterator<ConsumerMember> {
    const { member, without, replacedId } = this.#changes;
    for (const each of this.group.members.values()) {
      if (each.memberId === member?.memberId || each.memberId === replacedId || without?.has(each.memberId)) continue;
      yield each;
    }
    if (member) yield member;
  }

  *topicsOf(member: ConsumerMember): IterableIterator<string> {
    yield* member.topicNames;
    if (member.topicRegex === '') return;
    const changed = this.#changes.regexes?.get(member.topicRegex);
    yield* changed ?? this.group.regexes.get(member.topicRegex)?.topics ?? [];
  }

  target(memberId: string): PartitionSet {
    const { member, replacedId } = this.#changes;
    const keptUnder = replacedId !== undefined && memberId === member?.memberId ? replacedId : memberId;
    return this.group.targets.get(keptUnder) ?? NO_PARTITIONS;
  }

  /** Expressions that members use. */
  regexesInUse(): Set<string> {
    const inUse = new Set<string>();
    for (const member of this.members()) if (member.topicRegex !== '') inUse.add(member.topicRegex);
    return inUse;
  }

  /** Changes when one of the wanted topics does; 0 when none of them exists. */
  metadataHash(env: GroupEnvironment): bigint {
    const names = new Set<string>();
    for (const member of this.members()) for (const name of this.topicsOf(member)) names.add(name);
    return groupMetadataHash(names, env.topics);
  }

  /**
   * The assignor that most members ask for; the configured default without a wish. Of equals the one that Kafka meets first in
   * its table, where what nobody but the changed member asks for stands before the others.
   */
  preferredAssignor(env: GroupEnvironment): string {
    const votes = new Map<string, number>();
    for (const { serverAssignor } of this.members()) {
      if (serverAssignor !== null) votes.set(serverAssignor, (votes.get(serverAssignor) ?? 0) + 1);
    }
    const changed = this.#changes.member?.serverAssignor ?? null;
    let winner = env.config.consumer.assignors[0];
    let most = 0;
    if (changed !== null && votes.get(changed) === 1) [winner, most] = [changed, 1];
    for (const [name, count] of inHashTableOrder([...votes], ([name]) => name)) {
      if (count > most) [winner, most] = [name, count];
    }
    return winner;
  }

  /** Topics that exist of those the member wants. */
  topicIdsOf(member: ConsumerMember, env: GroupEnvironment): Set<Uuid> {
    const ids = new Set<Uuid>();
    for (const name of this.topicsOf(member)) {
      const topic = env.topics.byName(name);
      if (topic) ids.add(topic.id);
    }
    return ids;
  }
}
