/**
 * Type 14: one quota of one entity. A null entity name is the default entity.
 */
import { array, bool, float64, type MessageType, metadataRecord, string } from '../../schema.ts';

export const clientQuotaRecord = metadataRecord({
  apiKey: 14,
  name: 'ClientQuotaRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    entity: array({
      entityType: string(),
      entityName: string({ nullable: true }),
    }),
    key: string(),
    value: float64(),
    remove: bool(),
  },
});
export type ClientQuotaRecord = MessageType<typeof clientQuotaRecord>;
