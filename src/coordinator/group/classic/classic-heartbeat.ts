/** Heartbeat to a classic group: keeps the session, and tells the member when it must join again. Control thread. */
import { ErrorCode, KafkaError } from '../../../protocol/errors.ts';
import type { HeartbeatRequest } from '../../../protocol/messages/12-heartbeat.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { ClassicRebalance } from './classic-rebalance.ts';

/** The error code of the answer. Throws a KafkaError when the member is not one of this generation. */
export function classicHeartbeat(group: ClassicGroup, request: HeartbeatRequest, rebalance: ClassicRebalance): number {
  const member = group.validateMember(request.memberId, request.groupInstanceId);
  if (request.generationId !== group.generationId) throw new KafkaError(ErrorCode.ILLEGAL_GENERATION);
  rebalance.resetSession(group, member);
  return group.isIn('PreparingRebalance') ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}
