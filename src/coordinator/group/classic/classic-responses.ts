/** Responses of the classic membership APIs, in the shape of all their versions. Control thread. */
import { ErrorCode } from '../../../protocol/errors.ts';
import type { JoinGroupResponse } from '../../../protocol/messages/11-join-group.ts';
import type { HeartbeatResponse } from '../../../protocol/messages/12-heartbeat.ts';
import type { SyncGroupResponse } from '../../../protocol/messages/14-sync-group.ts';
import { type ClassicMember, NO_ASSIGNMENT } from './classic-member.ts';

/** A group's current generation. */
interface Generation {
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leaderId: string | null;
  isLeader(memberId: string): boolean;
  members(): Iterable<ClassicMember>;
}

export function joinGroupError(memberId: string, errorCode: number): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  };
}

/** The current generation as this member should see it: the leader alone learns who the members are. */
export function joinGroupAnswer(group: Generation, memberId: string): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    skipAssignment: false,
    memberId,
    members: group.isLeader(memberId) ? joinedMembers(group) : [],
  };
}

function joinedMembers(group: Generation): JoinGroupResponse['members'] {
  return [...group.members()].map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: member.metadataOf(group.protocolName ?? ''),
  }));
}

export function syncGroupError(errorCode: number): SyncGroupResponse {
  return { throttleTimeMs: 0, errorCode, protocolType: null, protocolName: null, assignment: NO_ASSIGNMENT };
}

export function syncGroupAnswer(group: Generation, member: ClassicMember): SyncGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    assignment: member.assignment,
  };
}

export function heartbeatAnswer(errorCode: number): HeartbeatResponse {
  return { throttleTimeMs: 0, errorCode };
}
