/**
 * The records of `__consumer_offsets`, in Kafka's bytes: key = int16 type, fields; value = int16 version, fields; a null
 * value is a tombstone. Types that this file does not list are left alone when they are read. Control thread.
 *
 *   0 1  offset of (group, topic, partition)      5   member of a consumer group
 *   2    classic group                            6 7 target assignment: its epoch, a member's part
 *   3    consumer group                           8   what a member owns now
 *   4    its topics, as Kafka 4.0 kept them       16  topics that a regular expression matches
 */
import {
  type ConsumerGroupCurrentMemberAssignmentKey,
  type ConsumerGroupCurrentMemberAssignmentValue,
  consumerGroupCurrentMemberAssignmentKey,
  consumerGroupCurrentMemberAssignmentValue,
} from '../../protocol/persisted/group/consumer-group-current-member-assignment.ts';
import {
  type ConsumerGroupMemberMetadataKey,
  type ConsumerGroupMemberMetadataValue,
  consumerGroupMemberMetadataKey,
  consumerGroupMemberMetadataValue,
} from '../../protocol/persisted/group/consumer-group-member-metadata.ts';
import {
  type ConsumerGroupMetadataKey,
  type ConsumerGroupMetadataValue,
  consumerGroupMetadataKey,
  consumerGroupMetadataValue,
} from '../../protocol/persisted/group/consumer-group-metadata.ts';
import {
  type ConsumerGroupPartitionMetadataKey,
  type ConsumerGroupPartitionMetadataValue,
  consumerGroupPartitionMetadataKey,
  consumerGroupPartitionMetadataValue,
} from '../../protocol/persisted/group/consumer-group-partition-metadata.ts';
import {
  type ConsumerGroupRegularExpressionKey,
  type ConsumerGroupRegularExpressionValue,
  consumerGroupRegularExpressionKey,
  consumerGroupRegularExpressionValue,
} from '../../protocol/persisted/group/consumer-group-regular-expression.ts';
import {
  type ConsumerGroupTargetAssignmentMemberKey,
  type ConsumerGroupTargetAssignmentMemberValue,
  consumerGroupTargetAssignmentMemberKey,
  consumerGroupTargetAssignmentMemberValue,
} from '../../protocol/persisted/group/consumer-group-target-assignment-member.ts';
import {
  type ConsumerGroupTargetAssignmentMetadataKey,
  type ConsumerGroupTargetAssignmentMetadataValue,
  consumerGroupTargetAssignmentMetadataKey,
  consumerGroupTargetAssignmentMetadataValue,
} from '../../protocol/persisted/group/consumer-group-target-assignment-metadata.ts';
import {
  type GroupMetadataKey,
  type GroupMetadataValue,
  groupMetadataKey,
  groupMetadataValue,
} from '../../protocol/persisted/group/group-metadata.ts';
import {
  type OffsetCommitKey,
  type OffsetCommitValue,
  offsetCommitKey,
  offsetCommitValue,
} from '../../protocol/persisted/group/offset-commit.ts';
import {
  coordinatorRecordType,
  coordinatorValueVersion,
  decodeCoordinatorKeyFields,
  decodeCoordinatorValue,
  encodeCoordinatorKey,
  encodeCoordinatorValue,
} from '../../protocol/persisted/record-framing.ts';
import type { Schema } from '../../protocol/schema.ts';
import type { LogRecord } from '../runtime/coordinator-log.ts';
import type { RecordCodec } from '../runtime/coordinator-shard.ts';

interface Of<Kind extends string, Key, Value> {
  readonly kind: Kind;
  readonly key: Key;
  readonly value: Value | null;
  /** In which the value is written; of no meaning for a tombstone and for a record that was read. */
  readonly version: number;
}

export type GroupRecord =
  | Of<'offset', OffsetCommitKey, OffsetCommitValue>
  | Of<'classicGroup', GroupMetadataKey, GroupMetadataValue>
  | Of<'consumerGroup', ConsumerGroupMetadataKey, ConsumerGroupMetadataValue>
  | Of<'consumerPartitions', ConsumerGroupPartitionMetadataKey, ConsumerGroupPartitionMetadataValue>
  | Of<'consumerMember', ConsumerGroupMemberMetadataKey, ConsumerGroupMemberMetadataValue>
  | Of<'consumerTarget', ConsumerGroupTargetAssignmentMetadataKey, ConsumerGroupTargetAssignmentMetadataValue>
  | Of<'consumerTargetMember', ConsumerGroupTargetAssignmentMemberKey, ConsumerGroupTargetAssignmentMemberValue>
  | Of<'consumerCurrent', ConsumerGroupCurrentMemberAssignmentKey, ConsumerGroupCurrentMemberAssignmentValue>
  | Of<'consumerRegex', ConsumerGroupRegularExpressionKey, ConsumerGroupRegularExpressionValue>;

export type GroupRecordKind = GroupRecord['kind'];
export type RecordOf<K extends GroupRecordKind> = Extract<GroupRecord, { kind: K }>;
type ValueOf<K extends GroupRecordKind> = NonNullable<RecordOf<K>['value']>;

interface Shape {
  readonly type: number;
  readonly key: Schema;
  readonly value: Schema;
}

const SHAPES: { readonly [K in GroupRecordKind]: Shape } = {
  offset: { type: 1, key: offsetCommitKey, value: offsetCommitValue },
  classicGroup: { type: 2, key: groupMetadataKey, value: groupMetadataValue },
  consumerGroup: { type: 3, key: consumerGroupMetadataKey, value: consumerGroupMetadataValue },
  consumerPartitions: { type: 4, key: consumerGroupPartitionMetadataKey, value: consumerGroupPartitionMetadataValue },
  consumerMember: { type: 5, key: consumerGroupMemberMetadataKey, value: consumerGroupMemberMetadataValue },
  consumerTarget: {
    type: 6,
    key: consumerGroupTargetAssignmentMetadataKey,
    value: consumerGroupTargetAssignmentMetadataValue,
  },
  consumerTargetMember: {
    type: 7,
    key: consumerGroupTargetAssignmentMemberKey,
    value: consumerGroupTargetAssignmentMemberValue,
  },
  consumerCurrent: {
    type: 8,
    key: consumerGroupCurrentMemberAssignmentKey,
    value: consumerGroupCurrentMemberAssignmentValue,
  },
  consumerRegex: {
    type: 16,
    key: consumerGroupRegularExpressionKey,
    value: consumerGroupRegularExpressionValue,
  },
};

const KIND_OF_TYPE = new Map<number, GroupRecordKind>(
  Object.entries(SHAPES).map(([kind, shape]) => [shape.type, kind as GroupRecordKind]),
);
/** The key of old offset commits; its fields and values are those of type 1. */
KIND_OF_TYPE.set(0, 'offset');

export const groupRecordCodec: RecordCodec<GroupRecord> = {
  encode(record) {
    const shape = SHAPES[record.kind];
    const key = encodeCoordinatorKey(shape.key, record.key as object);
    return { key, value: record.value && encodeCoordinatorValue(shape.value, record.value, record.version) };
  },

  decode({ key, value }: LogRecord) {
    const kind = key === null ? undefined : KIND_OF_TYPE.get(coordinatorRecordType(key));
    if (kind === undefined) return null;
    const shape = SHAPES[kind];
    return {
      kind,
      key: decodeCoordinatorKeyFields(shape.key, key!),
      // A copy: the value's byte fields are kept, and must not hold or share the buffer that was read.
      value: value === null ? null : decodeCoordinatorValue(shape.value, new Uint8Array(value)),
      version: value === null ? 0 : coordinatorValueVersion(value),
    } as unknown as GroupRecord;
  },
};

/** As Kafka 4: version 4 with the topic id, or version 1 when the request asked for a retention time of its own. */
export function offsetRecord(key: OffsetCommitKey, value: OffsetCommitValue): RecordOf<'offset'> {
  return { kind: 'offset', key, value, version: value.expireTimestamp === -1 ? 4 : 1 };
}

export function offsetTombstone(key: OffsetCommitKey): RecordOf<'offset'> {
  return { kind: 'offset', key, value: null, version: 0 };
}

export function groupMetadataRecord(groupId: string, value: GroupMetadataValue): RecordOf<'classicGroup'> {
  return { kind: 'classicGroup', key: { group: groupId }, value, version: 3 };
}

export function groupMetadataTombstone(groupId: string): RecordOf<'classicGroup'> {
  return { kind: 'classicGroup', key: { group: groupId }, value: null, version: 0 };
}

type ConsumerGroupKind = 'consumerGroup' | 'consumerPartitions' | 'consumerTarget';
type ConsumerMemberKind = 'consumerMember' | 'consumerTargetMember' | 'consumerCurrent';

/** A consumer group's record; null deletes it. */
export function consumerGroupRecord<K extends ConsumerGroupKind>(
  kind: K,
  groupId: string,
  value: ValueOf<K> | null,
): GroupRecord {
  return { kind, key: { groupId }, value, version: 0 } as unknown as GroupRecord;
}

/** A member's record in a consumer group; null deletes it. */
export function consumerMemberRecord<K extends ConsumerMemberKind>(
  kind: K,
  groupId: string,
  memberId: string,
  value: ValueOf<K> | null,
): GroupRecord {
  return { kind, key: { groupId, memberId }, value, version: 0 } as unknown as GroupRecord;
}

export function consumerRegexRecord(
  groupId: string,
  regularExpression: string,
  value: ConsumerGroupRegularExpressionValue | null,
): GroupRecord {
  return { kind: 'consumerRegex', key: { groupId, regularExpression }, value, version: 0 };
}
