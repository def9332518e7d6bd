/**
 * Type 22: a user's SCRAM credential was removed.
 */
import { int8, type MessageType, metadataRecord, string } from '../../schema.ts';

export const removeUserScramCredentialRecord = metadataRecord({
  apiKey: 22,
  name: 'RemoveUserScramCredentialRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    mechanism: int8(),
  },
});
export type RemoveUserScramCredentialRecord = MessageType<typeof removeUserScramCredentialRecord>;
