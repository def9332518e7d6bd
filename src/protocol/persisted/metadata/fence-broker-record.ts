/**
 * Type 7: a broker is fenced. Old: BrokerRegistrationChangeRecord took its place.
 */
import { int32, int64, type MessageType, metadataRecord } from '../../schema.ts';

export const fenceBrokerRecord = metadataRecord({
  apiKey: 7,
  name: 'FenceBrokerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    id: int32(),
    epoch: int64(),
  },
});
export type FenceBrokerRecord = MessageType<typeof fenceBrokerRecord>;
