/**
 * What a member of a classic consumer group sends in JoinGroup: topics it wants, partitions it owns. An int16 version
 * stands before it. A reader takes a version above its own for its own last one. v1 owned partitions, v2 generation,
 * v3 rack.
 */
import { array, bytes, data, int32, type MessageType, string } from '../../schema.ts';

export const consumerProtocolSubscription = data({
  name: 'ConsumerProtocolSubscription',
  versions: '0-3',
  flexible: 'none',
  fields: {
    topics: array(string()),
    userData: bytes({ nullable: true, default: null }),
    ownedPartitions: array(
      '1+',
      {
        topic: string(),
        partitions: array(int32()),
      },
      { ignorable: true },
    ),
    generationId: int32('2+', { default: -1, ignorable: true }),
    rackId: string('3+', { nullable: true, default: null, ignorable: true }),
  },
});
export type ConsumerProtocolSubscription = MessageType<typeof consumerProtocolSubscription>;
