/**
 * Type 11: a user's SCRAM credential.
 */
import { bytes, int8, int32, type MessageType, metadataRecord, string } from '../../schema.ts';

export const userScramCredentialRecord = metadataRecord({
  apiKey: 11,
  name: 'UserScramCredentialRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    mechanism: int8(),
    salt: bytes(),
    storedKey: bytes(),
    serverKey: bytes(),
    iterations: int32(),
  },
});
export type UserScramCredentialRecord = MessageType<typeof userScramCredentialRecord>;
