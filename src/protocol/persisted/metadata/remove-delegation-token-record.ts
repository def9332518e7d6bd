/**
 * Type 26: a delegation token ended.
 */
import { type MessageType, metadataRecord, string } from '../../schema.ts';

export const removeDelegationTokenRecord = metadataRecord({
  apiKey: 26,
  name: 'RemoveDelegationTokenRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    tokenId: string(),
  },
});
export type RemoveDelegationTokenRecord = MessageType<typeof removeDelegationTokenRecord>;
