/**
 * Type 29: a controller was removed for good (KIP-1312).
 */
import { int32, type MessageType, metadataRecord } from '../../schema.ts';

export const unregisterControllerRecord = metadataRecord({
  apiKey: 29,
  name: 'UnregisterControllerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    controllerId: int32(),
  },
});
export type UnregisterControllerRecord = MessageType<typeof unregisterControllerRecord>;
