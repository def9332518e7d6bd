/**
 * SyncGroup to a classic group: the leader brings everybody's assignment, which is made durable and then handed out.
 * Control thread.
 */
import { ErrorCode, KafkaError } from '../../../protocol/errors.ts';
import type { SyncGroupRequest, SyncGroupResponse } from '../../../protocol/messages/14-sync-group.ts';
import { errorCodeOf } from '../../runtime/append-errors.ts';
import { type Effects, type GroupEnvironment, NO_EFFECTS } from '../group-environment.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { ClassicRebalance } from './classic-rebalance.ts';
import { classicGroupRecord } from './classic-records.ts';
import { syncGroupAnswer, syncGroupError } from './classic-responses.ts';

export class ClassicSync {
  readonly #env: GroupEnvironment;
  readonly #rebalance: ClassicRebalance;

  constructor(env: GroupEnvironment, rebalance: ClassicRebalance) {
    this.#env = env;
    this.#rebalance = rebalance;
  }

  sync(group: ClassicGroup, request: SyncGroupRequest, respond: (response: SyncGroupResponse) => void): Effects {
    try {
      validate(group, request);
    } catch (error) {
      respond(syncGroupError(errorCodeOf(error)));
      return NO_EFFECTS;
    }
    const member = group.member(request.memberId)!;
    if (group.isIn('Stable')) {
      this.#rebalance.synced(group, member.memberId);
      respond(syncGroupAnswer(group, member));
      return NO_EFFECTS;
    }
    group.awaitSync(member, respond);
    this.#rebalance.synced(group, member.memberId);
    return group.isLeader(member.memberId) ? this.#storeAssignments(group, request) : NO_EFFECTS;
  }

  /**
   * A leader that lost patience may come again while its assignments are being written. It then gets those: a second
   * plan for one generation would be what a restart finds, and not what the members were given.
   */
  #storeAssignments(group: ClassicGroup, request: SyncGroupRequest): Effects {
    if (group.storingGeneration === group.generationId) return NO_EFFECTS;
    const assignments = new Map<string, Uint8Array>();
    for (const { memberId, assignment } of request.assignments) assignments.set(memberId, new Uint8Array(assignment));
    const { generationId } = group;
    group.storingGeneration = generationId;
    const stored = (): void => {
      if (group.storingGeneration === generationId) group.storingGeneration = -1;
    };
    // Another member may have joined or left meanwhile: then a newer generation is on its way.
    const isOver = (): boolean => group.generationId !== generationId || !group.isIn('CompletingRebalance');
    return {
      records: [classicGroupRecord(group, assignments)],
      onDurable: () => {
        stored();
        if (!isOver()) this.#rebalance.spreadAssignments(group, assignments);
      },
      onFailed: (error) => {
        stored();
        if (isOver()) return;
        this.#rebalance.dropAssignments(group, error.code);
        this.#env.submit('sync-failed', () =>
          isOver() ? NO_EFFECTS : this.#rebalance.rebalance(group, `storing the assignment failed: ${error.code}`),
        );
      },
    };
  }
}

function validate(group: ClassicGroup, request: SyncGroupRequest): void {
  group.validateMember(request.memberId, request.groupInstanceId);
  if (request.generationId !== group.generationId) throw new KafkaError(ErrorCode.ILLEGAL_GENERATION);
  // Version 5 says which protocol the assignment is for; before, there is nothing to compare.
  const { protocolType, protocolName } = request;
  const differs =
    (protocolType !== null && group.protocolType !== null && protocolType !== group.protocolType) ||
    (protocolName !== null && group.protocolName !== null && protocolName !== group.protocolName);
  if (differs) throw new KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  if (group.isIn('PreparingRebalance')) throw new KafkaError(ErrorCode.REBALANCE_IN_PROGRESS);
}
