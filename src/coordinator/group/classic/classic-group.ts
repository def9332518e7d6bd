/**
 * A group of the classic protocol (JoinGroup, SyncGroup): its members, who of them waits, and its state.
 *
 *   Empty --> PreparingRebalance --> CompletingRebalance --> Stable
 *               ^      |  all joined        |  leader's sync durable
 *               |      v                    v
 *               +--- (Empty when the last member left) ---+--- any change of membership ---> PreparingRebalance
 *   any --> Dead
 *
 * Soft state: requests, timers and callbacks change it directly. What has been made durable is `persisted`, which only
 * replay changes; after a restart the group begins again from there. Control thread.
 */
import { inHashTableOrder } from '../../../base/hash-table-order.ts';
import { ErrorCode, KafkaError } from '../../../protocol/errors.ts';
import type { JoinGroupResponse } from '../../../protocol/messages/11-join-group.ts';
import type { SyncGroupResponse } from '../../../protocol/messages/14-sync-group.ts';
import type { GroupMetadataValue } from '../../../protocol/persisted/group/group-metadata.ts';
import { JournaledCell, type UndoLog } from '../../runtime/undo-log.ts';
import { subscribedTopicsOf } from '../consumer-protocol.ts';
import type { Group, OffsetClient, RetentionStart } from '../group.ts';
import { type GroupRecord, groupMetadataTombstone } from '../group-records.ts';
import { ClassicMember, type MemberProtocol } from './classic-member.ts';
import { joinGroupError, syncGroupError } from './classic-responses.ts';

export type ClassicState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

const VALID_PREVIOUS: { readonly [state in ClassicState]: readonly ClassicState[] } = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Empty', 'CompletingRebalance', 'Stable'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead'],
};

export class ClassicGroup implements Group {
  readonly type = 'classic';
  readonly groupId: string;
  /** The newest record of it that was replayed; null for a simple group, which only stores offsets. */
  readonly persisted: JournaledCell<GroupMetadataValue | null>;
  generationId = 0;
  /** 'consumer', 'connect', ...; null for a simple group. */
  protocolType: string | null = null;
  /** The protocol that the members' votes chose for this generation. */
  protocolName: string | null = null;
  leaderId: string | null = null;
  /** Null when no member's subscription could be read. */
  subscribedTopics: ReadonlySet<string> | null = null;
  /** Since when it is in its state; -1 when unknown (records before version 2). */
  stateTimestampMs: number;
  /** The generation whose assignments are being appended; -1 for none. */
  storingGeneration = -1;
  /** A member came while the first rebalance waits for more. */
  newMemberAdded = false;
  /** Ids that were handed out with MEMBER_ID_REQUIRED and have not been used yet. */
  readonly pendingJoinMembers = new Set<string>();
  /** Members who know their generation and have not asked for their assignment yet. */
  readonly pendingSyncMembers = new Set<string>();
  readonly #members = new Map<string, ClassicMember>();
  readonly #staticMembers = new Map<string, string>();
  readonly #supportedBy = new Map<string, number>();
  #awaitingJoin = 0;
  #state: ClassicState = 'Empty';
  #previousState: ClassicState = 'Dead';

  constructor(groupId: string, undo: UndoLog, nowMs: number) {
    this.groupId = groupId;
    this.persisted = new JournaledCell<GroupMetadataValue | null>(undo, null);
    this.stateTimestampMs = nowMs;
  }

  get state(): ClassicState {
    return this.#state;
  }

  get previousState(): ClassicState {
    return this.#previousState;
  }

  isIn(...states: ClassicState[]): boolean {
    return states.includes(this.#state);
  }

  get isEmpty(): boolean {
    return this.#state === 'Empty';
  }

  get isSimple(): boolean {
    return this.protocolType === null && this.isEmpty && this.pendingJoinMembers.size === 0;
  }

  get stateName(): string {
    return this.#state;
  }

  get protocolTypeName(): string {
    return this.protocolType ?? '';
  }

  get usesConsumerProtocol(): boolean {
    return this.protocolType === 'consumer';
  }

  get size(): number {
    return this.#members.size;
  }

  get awaitingJoinCount(): number {
    return this.#awaitingJoin;
  }

  get hasAllMembersJoined(): boolean {
    return this.#members.size === this.#awaitingJoin && this.pendingJoinMembers.size === 0;
  }

  get canRebalance(): boolean {
    return VALID_PREVIOUS.PreparingRebalance.includes(this.#state);
  }

  /** The longest of its members. */
  get rebalanceTimeoutMs(): number {
    let longestMs = 0;
    for (const member of this.#members.values()) longestMs = Math.max(longestMs, member.rebalanceTimeoutMs);
    return longestMs;
  }

  members(): MapIterator<ClassicMember> {
    return this.#members.values();
  }

  member(memberId: string): ClassicMember | undefined {
    return this.#members.get(memberId);
  }

  staticMemberId(groupInstanceId: string): string | undefined {
    return this.#staticMembers.get(groupInstanceId);
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId;
  }

  transitionTo(state: ClassicState, nowMs: number): void {
    if (!VALID_PREVIOUS[state].includes(this.#state)) {
      throw new Error(`group ${this.groupId} cannot go from ${this.#state} to ${state}`);
    }
    this.#previousState = this.#state;
    this.#state = state;
    this.stateTimestampMs = nowMs;
  }

  /** After loading: the state that its record stands for. */
  restoreState(state: 'Empty' | 'Stable', stateTimestampMs: number): void {
    this.#state = state;
    this.stateTimestampMs = stateTimestampMs;
  }

  add(member: ClassicMember, awaitingJoin: ClassicMember['awaitingJoin']): void {
    if (member.groupInstanceId !== null) this.#staticMembers.set(member.groupInstanceId, member.memberId);
    if (this.#members.size === 0) this.protocolType = member.protocolType;
    this.leaderId ??= member.memberId;
    this.#members.set(member.memberId, member);
    this.#countProtocols(member.protocols, 1);
    this.setAwaitingJoin(member, awaitingJoin);
    this.pendingJoinMembers.delete(member.memberId);
  }

  /** Forgets a member, pending or not; the oldest of the others leads if it did. Its requests must be answered before. */
  remove(memberId: string): void {
    const member = this.#members.get(memberId);
    if (member) {
      this.#members.delete(memberId);
      this.#countProtocols(member.protocols, -1);
      if (member.awaitingJoin) this.#awaitingJoin--;
      if (member.groupInstanceId !== null) this.#staticMembers.delete(member.groupInstanceId);
    }
    if (this.isLeader(memberId)) this.leaderId = this.#members.keys().next().value ?? null;
    this.pendingJoinMembers.delete(memberId);
    this.pendingSyncMembers.delete(memberId);
  }

  /** Gives a static member's place to its new incarnation; requests of the old one are fenced. */
  replaceStaticMember(groupInstanceId: string, oldMemberId: string, newMemberId: string): ClassicMember {
    const old = this.#members.get(oldMemberId);
    if (!old) throw new Error(`group ${this.groupId} has no member ${oldMemberId} to replace`);
    this.answerJoin(old, joinGroupError(oldMemberId, ErrorCode.FENCED_INSTANCE_ID));
    this.answerSync(old, syncGroupError(ErrorCode.FENCED_INSTANCE_ID));
    const replacement = new ClassicMember({ ...old, memberId: newMemberId });
    this.#members.delete(oldMemberId);
    this.#members.set(newMemberId, replacement);
    if (this.pendingSyncMembers.delete(oldMemberId)) this.pendingSyncMembers.add(newMemberId);
    if (this.isLeader(oldMemberId)) this.leaderId = newMemberId;
    this.#staticMembers.set(groupInstanceId, newMemberId);
    return replacement;
  }

  updateMember(
    member: ClassicMember,
    changes: {
      readonly protocols: readonly MemberProtocol[];
      readonly rebalanceTimeoutMs: number;
      readonly sessionTimeoutMs: number;
    },
    awaitingJoin: ClassicMember['awaitingJoin'],
  ): void {
    this.#countProtocols(member.protocols, -1);
    member.protocols = changes.protocols;
    this.#countProtocols(member.protocols, 1);
    member.rebalanceTimeoutMs = changes.rebalanceTimeoutMs;
    member.sessionTimeoutMs = changes.sessionTimeoutMs;
    // The client asked again, on another connection; who listens on the old one should not wait for ever.
    if (awaitingJoin) this.answerJoin(member, joinGroupError(member.memberId, ErrorCode.REBALANCE_IN_PROGRESS));
    this.setAwaitingJoin(member, awaitingJoin);
  }

  setAwaitingJoin(member: ClassicMember, awaitingJoin: ClassicMember['awaitingJoin']): void {
    if (member.awaitingJoin) this.#awaitingJoin--;
    if (awaitingJoin) this.#awaitingJoin++;
    member.awaitingJoin = awaitingJoin;
  }

  answerJoin(member: ClassicMember, response: JoinGroupResponse): void {
    const answer = member.awaitingJoin;
    this.setAwaitingJoin(member, null);
    answer?.(response);
  }

  awaitSync(member: ClassicMember, awaitingSync: NonNullable<ClassicMember['awaitingSync']>): void {
    this.answerSync(member, syncGroupError(ErrorCode.REBALANCE_IN_PROGRESS));
    member.awaitingSync = awaitingSync;
  }

  /** Returns whether a request was waiting. */
  answerSync(member: ClassicMember, response: SyncGroupResponse): boolean {
    const answer = member.awaitingSync;
    member.awaitingSync = null;
    answer?.(response);
    return answer !== null;
  }

  /** Keeps the leader if it joined again, else takes the first that did; false when none did. */
  electJoinedLeader(): boolean {
    const leader = this.leaderId === null ? undefined : this.#members.get(this.leaderId);
    if (!leader) return false;
    if (leader.awaitingJoin) return true;
    for (const member of this.#members.values()) {
      if (!member.awaitingJoin) continue;
      this.leaderId = member.memberId;
      return true;
    }
    return false;
  }

  /** Throws UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID when the instance id belongs to a newer incarnation. */
  validateMember(memberId: string, groupInstanceId: string | null): ClassicMember {
    if (groupInstanceId !== null) {
      const ownerId = this.#staticMembers.get(groupInstanceId);
      if (ownerId !== undefined && ownerId !== memberId) throw new KafkaError(ErrorCode.FENCED_INSTANCE_ID);
      if (ownerId === undefined) throw new KafkaError(ErrorCode.UNKNOWN_MEMBER_ID);
    }
    const member = this.#members.get(memberId);
    if (!member) throw new KafkaError(ErrorCode.UNKNOWN_MEMBER_ID);
    return member;
  }

  /** Whether a member with these protocols could be one of the group. An empty group takes any. */
  supports(protocolType: string, protocols: readonly { readonly name: string }[]): boolean {
    if (this.isEmpty) return protocolType !== '' && protocols.length > 0;
    if (this.protocolType !== protocolType) return false;
    // Without a member, where a pending one is awaited, any will do.
    const { size } = this.#members;
    return protocols.some(({ name }) => (this.#supportedBy.get(name) ?? 0) === size);
  }

  /** The protocol that most members prefer among those that all of them offer; of equals the one that Kafka meets first. */
  selectProtocol(): string {
    const candidates = new Set<string>();
    for (const [name, count] of this.#supportedBy) if (count === this.#members.size) candidates.add(name);
    const votes = new Map<string, number>();
    for (const member of this.#members.values()) {
      const choice = member.vote(candidates);
      if (choice === null) throw new Error(`member ${member.memberId} offers no protocol of group ${this.groupId}`);
      votes.set(choice, (votes.get(choice) ?? 0) + 1);
    }
    let winner = '';
    let most = 0;
    for (const [name, count] of inHashTableOrder([...votes], ([name]) => name)) {
      if (count > most) [winner, most] = [name, count];
    }
    return winner;
  }

  /** The join phase is over: to CompletingRebalance with the next generation, or to Empty when nobody is left. */
  startNextGeneration(nowMs: number): void {
    this.generationId++;
    if (this.#members.size === 0) {
      this.protocolName = null;
      this.transitionTo('Empty', nowMs);
    } else {
      this.protocolName = this.selectProtocol();
      this.transitionTo('CompletingRebalance', nowMs);
    }
    this.refreshSubscribedTopics();
    this.pendingSyncMembers.clear();
  }

  refreshSubscribedTopics(): void {
    this.subscribedTopics = this.#readSubscribedTopics();
  }

  /** Unknown subscriptions of consumers count as subscribed: their offsets must not be dropped. */
  isSubscribedTo(topic: string): boolean {
    return this.subscribedTopics?.has(topic) ?? this.usesConsumerProtocol;
  }

  validateOffsetCommit(client: OffsetClient): null {
    const { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId, isTransactional } = client;
    if (this.isIn('Dead')) throw new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    // An administrator, or a consumer that only stores offsets here.
    if (generationId < 0 && this.isEmpty) return null;
    if (generationId >= 0 || memberId !== '' || groupInstanceId !== null) {
      this.validateMember(memberId, groupInstanceId);
      if (generationId !== this.generationId) throw new KafkaError(ErrorCode.ILLEGAL_GENERATION);
    } else if (!isTransactional) {
      throw new KafkaError(ErrorCode.UNKNOWN_MEMBER_ID);
    }
    // Whoever knows this generation has joined it, but may yet lose the partition. Transactions are fenced otherwise.
    if (!isTransactional && this.isIn('CompletingRebalance')) throw new KafkaError(ErrorCode.REBALANCE_IN_PROGRESS);
    return null;
  }

  validateOffsetFetch(): void {
    if (this.isIn('Dead')) throw new KafkaError(ErrorCode.GROUP_ID_NOT_FOUND);
  }

  validateOffsetDelete(): void {
    if (this.isIn('Dead')) throw new KafkaError(ErrorCode.GROUP_ID_NOT_FOUND);
    // Of other protocols it cannot be told which topics are in use.
    if (!this.isEmpty && !this.usesConsumerProtocol) throw new KafkaError(ErrorCode.NON_EMPTY_GROUP);
  }

  /** Consumers: since the group is empty, or, for topics it no longer wants, since the commit. Others: the commit. */
  retentionStart(): RetentionStart | null {
    const sinceCommit: RetentionStart = (offset) => offset.commitTimestamp;
    if (this.protocolType === null) return sinceCommit;
    if (this.isEmpty) return this.stateTimestampMs === -1 ? sinceCommit : () => this.stateTimestampMs;
    const knowsTopics = this.usesConsumerProtocol && this.subscribedTopics !== null;
    return knowsTopics && this.isIn('Stable') ? sinceCommit : null;
  }

  tombstones(): GroupRecord[] {
    return [groupMetadataTombstone(this.groupId)];
  }

  #readSubscribedTopics(): Set<string> | null {
    if (!this.usesConsumerProtocol) return null;
    const topics = new Set<string>();
    if (this.#members.size === 0) return topics;
    if (this.protocolName === null) return null;
    for (const member of this.#members.values()) {
      const subscribed = subscribedTopicsOf(member.metadataOf(this.protocolName));
      if (!subscribed) return null;
      for (const topic of subscribed) topics.add(topic);
    }
    return topics;
  }

  #countProtocols(protocols: readonly MemberProtocol[], by: 1 | -1): void {
    for (const { name } of protocols) {
      const count = (this.#supportedBy.get(name) ?? 0) + by;
      if (count === 0) this.#supportedBy.delete(name);
      else this.#supportedBy.set(name, count);
    }
  }
}
