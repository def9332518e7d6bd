/**
 * A member of a classic group: what it said when it joined, and the requests of it that wait. Soft state: only what
 * `classic-records.ts` writes of it survives a restart. Control thread.
 */
import type { JoinGroupResponse } from '../../../protocol/messages/11-join-group.ts';
import type { SyncGroupResponse } from '../../../protocol/messages/14-sync-group.ts';

/** An embedded protocol that a member offers, in its order of preference ('range', 'cooperative-sticky', ...). */
export interface MemberProtocol {
  readonly name: string;
  /** Opaque to the coordinator; a ConsumerProtocolSubscription for consumers. */
  readonly metadata: Uint8Array;
}

export const NO_ASSIGNMENT = new Uint8Array(0);

export interface ClassicMemberFields {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  readonly assignment?: Uint8Array;
}

export class ClassicMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly protocolType: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  protocols: readonly MemberProtocol[];
  assignment: Uint8Array;
  /** Answers the JoinGroup request that waits for the others. */
  awaitingJoin: ((response: JoinGroupResponse) => void) | null = null;
  /** Answers the SyncGroup request that waits for the leader's. */
  awaitingSync: ((response: SyncGroupResponse) => void) | null = null;
  /** Has not yet learnt its generation: it cannot send heartbeats, so waiting does not stand for one. */
  isNew = false;

  constructor(fields: ClassicMemberFields) {
    this.memberId = fields.memberId;
    this.groupInstanceId = fields.groupInstanceId;
    this.clientId = fields.clientId;
    this.clientHost = fields.clientHost;
    this.protocolType = fields.protocolType;
    this.rebalanceTimeoutMs = fields.rebalanceTimeoutMs;
    this.sessionTimeoutMs = fields.sessionTimeoutMs;
    this.protocols = fields.protocols;
    this.assignment = fields.assignment ?? NO_ASSIGNMENT;
  }

  get isStatic(): boolean {
    return this.groupInstanceId !== null;
  }

  /** A request of it is parked here, which proves it alive as well as a heartbeat does. */
  get satisfiesHeartbeat(): boolean {
    return !this.isNew && (this.awaitingJoin !== null || this.awaitingSync !== null);
  }

  metadataOf(protocolName: string): Uint8Array {
    return this.protocols.find((protocol) => protocol.name === protocolName)?.metadata ?? NO_ASSIGNMENT;
  }

  /** Whether it offers the same protocols, in the same order, with the same metadata. */
  offersSame(protocols: readonly MemberProtocol[]): boolean {
    if (protocols.length !== this.protocols.length) return false;
    return protocols.every((protocol, index) => {
      const own = this.protocols[index];
      return protocol.name === own.name && Buffer.compare(protocol.metadata, own.metadata) === 0;
    });
  }

  /** Its first choice among the candidates; null when it offers none of them. */
  vote(candidates: ReadonlySet<string>): string | null {
    return this.protocols.find((protocol) => candidates.has(protocol.name))?.name ?? null;
  }
}
