/**
 * A committed offset under its oldest key (type 0). Read only: Kafka has long written type 1, whose keys and values
 * are the same.
 */
import { coordinatorKey, coordinatorValue, int32, int64, type MessageType, string } from '../../schema.ts';

export const legacyOffsetCommitKey = coordinatorKey({
  apiKey: 0,
  name: 'LegacyOffsetCommitKey',
  versions: '0',
  flexible: 'none',
  fields: {
    group: string(),
    topic: string(),
    partition: int32(),
  },
});
export type LegacyOffsetCommitKey = MessageType<typeof legacyOffsetCommitKey>;

export const legacyOffsetCommitValue = coordinatorValue({
  apiKey: 0,
  name: 'LegacyOffsetCommitValue',
  versions: '0',
  flexible: 'none',
  fields: {
    offset: int64(),
    metadata: string(),
    commitTimestamp: int64(),
  },
});
export type LegacyOffsetCommitValue = MessageType<typeof legacyOffsetCommitValue>;
