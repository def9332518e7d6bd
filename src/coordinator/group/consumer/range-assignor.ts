/**
 * Range: of each topic every subscriber gets a range of neighbouring partitions, and members keep their order from topic
 * to topic, so that equal partitions of equally partitioned topics meet in one member, as joins need. Pure.
 */
import type { Uuid } from '../../../base/uuid.ts';
import type { AssignorMember, PartitionAssignor } from './partition-assignor.ts';
import type { PartitionSet } from './partition-sets.ts';

export const rangeAssignor: PartitionAssignor = {
  name: 'range',
  assign({ members, partitionCounts }) {
    const ordered = members.toSorted(byInstanceThenId);
    const assigned = new Map<string, Map<Uuid, Set<number>>>(ordered.map(({ memberId }) => [memberId, new Map()]));
    for (const [topicId, count] of partitionCounts) {
      const subscribers = ordered.filter((member) => member.topicIds.has(topicId));
      const quota = Math.floor(count / subscribers.length);
      const withOneMore = count % subscribers.length;
      let next = 0;
      subscribers.forEach((member, index) => {
        const size = quota + (index < withOneMore ? 1 : 0);
        if (size === 0) return;
        assigned.get(member.memberId)!.set(topicId, new Set(Array.from({ length: size }, (_, at) => next + at)));
        next += size;
      });
    }
    return assigned as Map<string, PartitionSet>;
  },
};

/** Static members first, by instance, so that a restart of theirs changes nothing. */
function byInstanceThenId(a: AssignorMember, b: AssignorMember): number {
  if (a.instanceId !== null && b.instanceId !== null) return a.instanceId < b.instanceId ? -1 : 1;
  if (a.instanceId !== null || b.instanceId !== null) return a.instanceId !== null ? -1 : 1;
  return a.memberId < b.memberId ? -1 : 1;
}
