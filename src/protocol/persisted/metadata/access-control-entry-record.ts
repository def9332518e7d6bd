/**
 * Type 18: an ACL was added.
 */
import { int8, type MessageType, metadataRecord, string, uuid } from '../../schema.ts';

export const accessControlEntryRecord = metadataRecord({
  apiKey: 18,
  name: 'AccessControlEntryRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    id: uuid(),
    resourceType: int8(),
    resourceName: string(),
    patternType: int8(),
    principal: string(),
    host: string(),
    operation: int8(),
    permissionType: int8(),
  },
});
export type AccessControlEntryRecord = MessageType<typeof accessControlEntryRecord>;
