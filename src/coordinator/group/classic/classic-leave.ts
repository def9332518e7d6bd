/** LeaveGroup to a classic group: members say good-bye, or an administrator removes static ones. Control thread. */
import { ErrorCode } from '../../../protocol/errors.ts';
import type { LeaveGroupRequest, LeaveGroupResponse } from '../../../protocol/messages/13-leave-group.ts';
import { errorCodeOf } from '../../runtime/append-errors.ts';
import { type Effects, NO_EFFECTS } from '../group-environment.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { ClassicRebalance } from './classic-rebalance.ts';

export type LeavingMember = LeaveGroupRequest['members'][number];
export type LeftMember = LeaveGroupResponse['members'][number];

export interface LeaveOutcome {
  readonly effects: Effects;
  readonly members: LeftMember[];
}

export function classicLeave(
  group: ClassicGroup,
  leaving: readonly LeavingMember[],
  rebalance: ClassicRebalance,
): LeaveOutcome {
  const members = leaving.map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    errorCode: leaveOne(group, member, rebalance),
  }));
  const someLeft = members.some((member) => member.errorCode === ErrorCode.NONE);
  return { members, effects: someLeft ? rebalance.afterRemoval(group, 'members left') : NO_EFFECTS };
}

function leaveOne(group: ClassicGroup, leaving: LeavingMember, rebalance: ClassicRebalance): number {
  const { groupInstanceId } = leaving;
  // An administrator knows the instance, not the member.
  const byInstance = leaving.memberId === '' && groupInstanceId !== null;
  const memberId = byInstance ? (group.staticMemberId(groupInstanceId) ?? '') : leaving.memberId;
  if (group.pendingJoinMembers.has(memberId)) {
    rebalance.endSession(group, memberId);
    group.remove(memberId);
    return ErrorCode.NONE;
  }
  try {
    rebalance.removeMember(group, group.validateMember(memberId, groupInstanceId));
    return ErrorCode.NONE;
  } catch (error) {
    return errorCodeOf(error);
  }
}
