/**
 * Type 4: one config of one resource; a null value removes it.
 */
import { int8, type MessageType, metadataRecord, string } from '../../schema.ts';

export const configRecord = metadataRecord({
  apiKey: 4,
  name: 'ConfigRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    resourceType: int8(),
    resourceName: string(),
    name: string(),
    value: string({ nullable: true }),
  },
});
export type ConfigRecord = MessageType<typeof configRecord>;
