/**
 * A classic group as its record in `__consumer_offsets` (GroupMetadataValue), and back. Control thread.
 */
import type { GroupMetadataValue } from '../../../protocol/persisted/group/group-metadata.ts';
import { type GroupRecord, groupMetadataRecord } from '../group-records.ts';
import type { ClassicGroup } from './classic-group.ts';
import { ClassicMember, NO_ASSIGNMENT } from './classic-member.ts';

/** The group with these assignments instead of those it has; members who are not in the map get none. */
export function classicGroupRecord(group: ClassicGroup, assignments?: ReadonlyMap<string, Uint8Array>): GroupRecord {
  return groupMetadataRecord(group.groupId, {
    protocolType: group.protocolType ?? '',
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateTimestampMs,
    members: [...group.members()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.metadataOf(group.protocolName ?? ''),
      assignment: assignments ? (assignments.get(member.memberId) ?? NO_ASSIGNMENT) : member.assignment,
    })),
  });
}

/** Marks that the group exists: it has had no generation yet. */
export function newClassicGroupRecord(group: ClassicGroup): GroupRecord {
  return groupMetadataRecord(group.groupId, {
    protocolType: '',
    generation: 0,
    protocol: null,
    leader: null,
    currentStateTimestamp: group.stateTimestampMs,
    members: [],
  });
}

/** Gives a group without members the state that its record describes. */
export function restoreClassicGroup(group: ClassicGroup, value: GroupMetadataValue): void {
  group.generationId = value.generation;
  group.protocolType = value.protocolType === '' ? null : value.protocolType;
  group.protocolName = value.protocol;
  for (const member of value.members) {
    const restored = new ClassicMember({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      // Records before version 1 do not have it.
      rebalanceTimeoutMs: member.rebalanceTimeout === -1 ? member.sessionTimeout : member.rebalanceTimeout,
      sessionTimeoutMs: member.sessionTimeout,
      protocolType: value.protocolType,
      protocols: [{ name: value.protocol ?? '', metadata: new Uint8Array(member.subscription) }],
      assignment: new Uint8Array(member.assignment),
    });
    group.add(restored, null);
  }
  group.leaderId = value.leader;
  group.restoreState(value.members.length === 0 ? 'Empty' : 'Stable', value.currentStateTimestamp);
  group.refreshSubscribedTopics();
}
