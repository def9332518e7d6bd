/**
 * Type 10: a delegation token was made or renewed.
 */
import { array, int64, type MessageType, metadataRecord, string } from '../../schema.ts';

export const delegationTokenRecord = metadataRecord({
  apiKey: 10,
  name: 'DelegationTokenRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    owner: string(),
    requester: string(),
    renewers: array(string()),
    issueTimestamp: int64(),
    maxTimestamp: int64(),
    expirationTimestamp: int64(),
    tokenId: string(),
  },
});
export type DelegationTokenRecord = MessageType<typeof delegationTokenRecord>;
