/** Computes a consumer group's target and what of it changed, as records. Control thread. */
import type { Uuid } from '../../../base/uuid.ts';
import type { GroupEnvironment } from '../group-environment.ts';
import { consumerGroupRecord, consumerMemberRecord, type GroupRecord } from '../group-records.ts';
import type { ConsumerView } from './consumer-view.ts';
import type { PartitionAssignor } from './partition-assignor.ts';
import { type PartitionSet, samePartitions, toTopicPartitions } from './partition-sets.ts';
import { rangeAssignor } from './range-assignor.ts';
import { uniformAssignor } from './uniform-assignor.ts';

export const ASSIGNORS: ReadonlyMap<string, PartitionAssignor> = new Map(
  [uniformAssignor, rangeAssignor].map((assignor) => [assignor.name, assignor]),
);

/** The new target of each member. Appends the records that store it under `epoch`. */
export function computeTarget(
  view: ConsumerView,
  env: GroupEnvironment,
  epoch: number,
  records: GroupRecord[],
): ReadonlyMap<string, PartitionSet> {
  const assignor = ASSIGNORS.get(view.preferredAssignor(env)) ?? uniformAssignor;
  const partitionCounts = new Map<Uuid, number>();
  const members = [...view.members()].map((member) => {
    const topicIds = view.topicIdsOf(member, env);
    for (const topicId of topicIds) partitionCounts.set(topicId, env.topics.byId(topicId)!.partitionCount);
    const { memberId, instanceId } = member;
    return { memberId, instanceId, topicIds, lastTarget: view.target(memberId) };
  });
  const targets = assignor.assign({ members, partitionCounts });
  const { group } = view;
  for (const [memberId, target] of targets) {
    // Looked up in the group itself: who takes another one's place has no record of its own yet.
    const stored = group.targets.get(memberId);
    if (stored && samePartitions(stored, target)) continue;
    records.push(
      consumerMemberRecord('consumerTargetMember', group.groupId, memberId, {
        topicPartitions: toTopicPartitions(target),
      }),
    );
  }
  const assignmentTimestamp = env.clock.wallMs();
  records.push(consumerGroupRecord('consumerTarget', group.groupId, { assignmentEpoch: epoch, assignmentTimestamp }));
  env.logger.info({ groupId: group.groupId, epoch, assignor: assignor.name, members: members.length }, 'new target');
  return targets;
}
