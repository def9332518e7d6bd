/** DescribeGroups, ListGroups: what administrators see of groups. Control thread. */
import { ErrorCode } from '../../protocol/errors.ts';
import type { DescribeGroupsResponse } from '../../protocol/messages/15-describe-groups.ts';
import type { ListGroupsRequest, ListGroupsResponse } from '../../protocol/messages/16-list-groups.ts';
import { ClassicGroup } from './classic/classic-group.ts';
import { NO_ASSIGNMENT } from './classic/classic-member.ts';
import type { Group } from './group.ts';

export type DescribedGroup = DescribeGroupsResponse['groups'][number];

/** Of operations that nobody asked for. */
export const NO_AUTHORIZED_OPERATIONS = -0x80000000;

/** Versions before 6 see a group that is not there (or not a classic one) as dead, without an error. */
export function describeClassicGroup(groupId: string, group: Group | undefined, apiVersion: number): DescribedGroup {
  if (!(group instanceof ClassicGroup)) {
    const what = group ? `Group ${groupId} is not a classic group.` : `Group ${groupId} not found.`;
    return apiVersion >= 6 ? noGroup(groupId, ErrorCode.GROUP_ID_NOT_FOUND, what) : noGroup(groupId, ErrorCode.NONE);
  }
  // Until the group is stable, what members offer and what was chosen belong to different generations.
  const stable = group.isIn('Stable');
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: stable ? (group.protocolName ?? '') : '',
    members: [...group.members()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: stable ? member.metadataOf(group.protocolName ?? '') : NO_ASSIGNMENT,
      memberAssignment: member.assignment,
    })),
    authorizedOperations: NO_AUTHORIZED_OPERATIONS,
  };
}

export function noGroup(groupId: string, errorCode: number, errorMessage: string | null = null): DescribedGroup {
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState: errorCode === ErrorCode.NONE || errorCode === ErrorCode.GROUP_ID_NOT_FOUND ? 'Dead' : '',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: NO_AUTHORIZED_OPERATIONS,
  };
}

/** The groups that pass both filters; an empty filter passes all. Names are compared without case. */
export function listGroups(groups: Iterable<Group>, request: ListGroupsRequest): ListGroupsResponse['groups'] {
  const states = new Set(request.statesFilter.map((state) => state.toLowerCase()));
  const types = new Set(request.typesFilter.map((type) => type.toLowerCase()));
  const listed: ListGroupsResponse['groups'] = [];
  for (const group of groups) {
    if (states.size > 0 && !states.has(group.stateName.toLowerCase())) continue;
    if (types.size > 0 && !types.has(group.type)) continue;
    listed.push({
      groupId: group.groupId,
      protocolType: group.protocolTypeName,
      groupState: group.stateName,
      groupType: group.type,
    });
  }
  return listed;
}
