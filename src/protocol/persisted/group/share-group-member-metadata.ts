/**
 * A member of a share group (type 10).
 */
import { array, coordinatorKey, coordinatorValue, type MessageType, string } from '../../schema.ts';

export const shareGroupMemberMetadataKey = coordinatorKey({
  apiKey: 10,
  name: 'ShareGroupMemberMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
    memberId: string(),
  },
});
export type ShareGroupMemberMetadataKey = MessageType<typeof shareGroupMemberMetadataKey>;

export const shareGroupMemberMetadataValue = coordinatorValue({
  apiKey: 10,
  name: 'ShareGroupMemberMetadataValue',
  versions: '0',
  flexible: '0+',
  fields: {
    rackId: string({ nullable: true }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
  },
});
export type ShareGroupMemberMetadataValue = MessageType<typeof shareGroupMemberMetadataValue>;
