/**
 * A share group (type 11): its epoch and a hash of the topics it sees.
 */
import { bigint64, coordinatorKey, coordinatorValue, int32, type MessageType, string } from '../../schema.ts';

export const shareGroupMetadataKey = coordinatorKey({
  apiKey: 11,
  name: 'ShareGroupMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
  },
});
export type ShareGroupMetadataKey = MessageType<typeof shareGroupMetadataKey>;

export const shareGroupMetadataValue = coordinatorValue({
  apiKey: 11,
  name: 'ShareGroupMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    metadataHash: bigint64(),
  },
});
export type ShareGroupMetadataValue = MessageType<typeof shareGroupMetadataValue>;
