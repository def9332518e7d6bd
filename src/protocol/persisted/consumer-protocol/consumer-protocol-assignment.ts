/**
 * What a member of a classic consumer group gets from SyncGroup. An int16 version stands before it. A reader takes a
 * version above its own for its own last one.
 */
import { array, bytes, data, int32, type MessageType, string } from '../../schema.ts';

export const consumerProtocolAssignment = data({
  name: 'ConsumerProtocolAssignment',
  versions: '0-3',
  flexible: 'none',
  fields: {
    assignedPartitions: array({
      topic: string(),
      partitions: array(int32()),
    }),
    userData: bytes({ nullable: true, default: null }),
  },
});
export type ConsumerProtocolAssignment = MessageType<typeof consumerProtocolAssignment>;
