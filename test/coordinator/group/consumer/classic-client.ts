/** A client of the classic protocol, for groups that have members of both. */
import { decode, encodeBehind } from '../../../../src/protocol/codec.ts';
import { ErrorCode } from '../../../../src/protocol/errors.ts';
import type { JoinGroupRequest } from '../../../../src/protocol/messages/11-join-group.ts';
import { consumerProtocolAssignment } from '../../../../src/protocol/persisted/consumer-protocol/consumer-protocol-assignment.ts';
import { consumerProtocolSubscription } from '../../../../src/protocol/persisted/consumer-protocol/consumer-protocol-subscription.ts';
import type { GroupFixture } from '../group-fixture.ts';

/** A consumer of the classic protocol that says what it owns. Of several members its plan gives each one its share. */
export class ClassicClient {
  readonly fixture: GroupFixture;
  readonly instanceId: string | null;
  readonly #userData: Buffer | null;
  memberId = '';
  generation = -1;
  held: number[] = [];

  constructor(fixture: GroupFixture, instanceId: string | null = null, userData: Buffer | null = null) {
    this.fixture = fixture;
    this.instanceId = instanceId;
    this.#userData = userData;
  }

  get names(): string[] {
    return this.held.map((partition) => `orders-${partition}`);
  }

  get request(): Partial<JoinGroupRequest> {
    const ownedPartitions = this.held.length > 0 ? [{ topic: 'orders', partitions: this.held }] : [];
    const metadata = encodeBehind(consumerProtocolSubscription, { topics: ['orders'], ownedPartitions }, 1, (writer) =>
      writer.int16(1),
    );
    const protocols = [{ name: 'cooperative-sticky', metadata }];
    return { memberId: this.memberId, groupInstanceId: this.instanceId, protocols, sessionTimeoutMs: 30_000 };
  }

  async join(): Promise<number> {
    const joined = await this.fixture.join(this.request);
    if (joined.errorCode === ErrorCode.NONE || joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED)
      this.memberId = joined.memberId;
    if (joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED) return this.join();
    if (joined.errorCode !== ErrorCode.NONE) return joined.errorCode;
    this.generation = joined.generationId;
    const assignments = joined.members.map((member) => ({
      memberId: member.memberId,
      assignment: this.#planFor(joined.members.length, joined.members.indexOf(member)),
    }));
    const synced = await this.fixture.sync(
      this.memberId,
      this.generation,
      {},
      { assignments, groupInstanceId: this.instanceId, protocolName: 'cooperative-sticky' },
    );
    if (synced.errorCode === ErrorCode.NONE) this.#take(synced.assignment);
    return synced.errorCode;
  }

  /** Heartbeat, and join again when told to. */
  async beat(): Promise<number> {
    const code = await this.fixture.heartbeat(this.memberId, this.generation, this.instanceId);
    if (code !== ErrorCode.REBALANCE_IN_PROGRESS) return code;
    return this.join();
  }

  #planFor(members: number, index: number): Buffer {
    const length = this.fixture.topics.byName('orders')?.partitionCount ?? 0;
    const partitions = Array.from({ length }, (_, partition) => partition).filter(
      (partition) => partition % members === index,
    );
    const assignedPartitions = [{ topic: 'orders', partitions }];
    const userData = this.#userData;
    return encodeBehind(consumerProtocolAssignment, { assignedPartitions, userData }, 1, (writer) => writer.int16(1));
  }

  #take(assignment: Uint8Array): void {
    this.held =
      assignment.length === 0
        ? []
        : decode(consumerProtocolAssignment, assignment, 2, 1).assignedPartitions.flatMap(
            ({ partitions }) => partitions,
          );
  }
}
