/** What decides which member of a consumer group gets which partitions. Pure; control thread. */
import type { Uuid } from '../../../base/uuid.ts';
import type { PartitionSet } from './partition-sets.ts';

export interface AssignorMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  /** Topics that exist. */
  readonly topicIds: ReadonlySet<Uuid>;
  /** Its part of the last target, which a good assignor disturbs little. */
  readonly lastTarget: PartitionSet;
}

export interface AssignorInput {
  readonly members: readonly AssignorMember[];
  /** Of every topic that a member wants. */
  readonly partitionCounts: ReadonlyMap<Uuid, number>;
}

export interface PartitionAssignor {
  readonly name: string;
  /** A part for every member; every partition of a wanted topic is in exactly one. */
  assign(input: AssignorInput): Map<string, PartitionSet>;
}
