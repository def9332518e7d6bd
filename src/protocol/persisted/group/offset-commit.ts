/**
 * A committed offset (type 1): group, topic and partition to offset, epoch and metadata. Value v1 carries an expiry,
 * v3 the leader epoch, v4 (flexible) the topic id; Kafka picks the least version that holds the value.
 */
import { coordinatorKey, coordinatorValue, int32, int64, type MessageType, string, uuid } from '../../schema.ts';

export const offsetCommitKey = coordinatorKey({
  apiKey: 1,
  name: 'OffsetCommitKey',
  versions: '0',
  flexible: 'none',
  fields: {
    group: string(),
    topic: string(),
    partition: int32(),
  },
});
export type OffsetCommitKey = MessageType<typeof offsetCommitKey>;

export const offsetCommitValue = coordinatorValue({
  apiKey: 1,
  name: 'OffsetCommitValue',
  versions: '0-4',
  flexible: '4+',
  fields: {
    offset: int64(),
    leaderEpoch: int32('3+', { default: -1, ignorable: true }),
    metadata: string(),
    commitTimestamp: int64(),
    expireTimestamp: int64('1', { default: -1, ignorable: true }),
    topicId: uuid('4+', { tag: 0, ignorable: true }),
  },
});
export type OffsetCommitValue = MessageType<typeof offsetCommitValue>;
