/**
 * Whole state of a share partition (type 0) in __share_group_state.
 */
import {
  array,
  coordinatorKey,
  coordinatorValue,
  int8,
  int16,
  int32,
  int64,
  type MessageType,
  string,
  uuid,
} from '../../schema.ts';

export const shareSnapshotKey = coordinatorKey({
  apiKey: 0,
  name: 'ShareSnapshotKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
});
export type ShareSnapshotKey = MessageType<typeof shareSnapshotKey>;

export const shareSnapshotValue = coordinatorValue({
  apiKey: 0,
  name: 'ShareSnapshotValue',
  versions: '0',
  flexible: '0+',
  fields: {
    snapshotEpoch: int32(),
    stateEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32({ default: -1, tag: 0 }),
    createTimestamp: int64(),
    writeTimestamp: int64(),
    stateBatches: array({
      firstOffset: int64(),
      lastOffset: int64(),
      deliveryState: int8(),
      deliveryCount: int16(),
    }),
  },
});
export type ShareSnapshotValue = MessageType<typeof shareSnapshotValue>;
