/** What every kind of group has to answer, so that offsets and administration need not know which kind it is. */
import type { Uuid } from '../../base/uuid.ts';
import type { OffsetCommitValue } from '../../protocol/persisted/group/offset-commit.ts';
import type { GroupRecord } from './group-records.ts';

export type GroupType = 'classic' | 'consumer' | 'share' | 'streams';

/** Who commits offsets, or fetches them. */
export interface OffsetClient {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly generationIdOrMemberEpoch: number;
  readonly isTransactional: boolean;
  readonly apiVersion: number;
}

/** Throws a KafkaError when the client may not commit an offset of this partition. */
export type PartitionCheck = (topicId: Uuid, partition: number) => void;

/** When the retention time of an offset begins to run; null while it may not expire at all. */
export type RetentionStart = (offset: OffsetCommitValue) => number;

export interface Group {
  readonly type: GroupType;
  readonly groupId: string;
  /** 'consumer' and the like; '' when the group never had members. */
  readonly protocolTypeName: string;
  /** As Kafka spells it: 'Stable'. */
  readonly stateName: string;
  readonly isEmpty: boolean;
  /** Throws a KafkaError when the client may not commit; null: nothing more to check for each partition. */
  validateOffsetCommit(client: OffsetClient): PartitionCheck | null;
  /** Throws a KafkaError when this member may not fetch offsets. */
  validateOffsetFetch(memberId: string | null, memberEpoch: number): void;
  /** Throws a KafkaError when no offset of the group may be deleted. */
  validateOffsetDelete(): void;
  isSubscribedTo(topic: string): boolean;
  /** Null: no offset of it expires now. */
  retentionStart(): RetentionStart | null;
  /** Records that end the group; its offsets are not among them. */
  tombstones(): GroupRecord[];
}
