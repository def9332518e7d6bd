/**
 * Type 8: a broker is unfenced. Old: BrokerRegistrationChangeRecord took its place.
 */
import { int32, int64, type MessageType, metadataRecord } from '../../schema.ts';

export const unfenceBrokerRecord = metadataRecord({
  apiKey: 8,
  name: 'UnfenceBrokerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    id: int32(),
    epoch: int64(),
  },
});
export type UnfenceBrokerRecord = MessageType<typeof unfenceBrokerRecord>;
