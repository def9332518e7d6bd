/**
 * Changes of a share partition since its last snapshot (type 1) in __share_group_state.
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

export const shareUpdateKey = coordinatorKey({
  apiKey: 1,
  name: 'ShareUpdateKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
});
export type ShareUpdateKey = MessageType<typeof shareUpdateKey>;

export const shareUpdateValue = coordinatorValue({
  apiKey: 1,
  name: 'ShareUpdateValue',
  versions: '0',
  flexible: '0+',
  fields: {
    snapshotEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32({ default: -1, tag: 0 }),
    stateBatches: array({
      firstOffset: int64(),
      lastOffset: int64(),
      deliveryState: int8(),
      deliveryCount: int16(),
    }),
  },
});
export type ShareUpdateValue = MessageType<typeof shareUpdateValue>;
