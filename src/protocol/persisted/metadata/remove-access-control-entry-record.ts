/**
 * Type 19: an ACL was removed, by id.
 */
import { type MessageType, metadataRecord, uuid } from '../../schema.ts';

export const removeAccessControlEntryRecord = metadataRecord({
  apiKey: 19,
  name: 'RemoveAccessControlEntryRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    id: uuid(),
  },
});
export type RemoveAccessControlEntryRecord = MessageType<typeof removeAccessControlEntryRecord>;
