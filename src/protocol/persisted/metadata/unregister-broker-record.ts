/**
 * Type 1: a broker was removed for good.
 */
import { int32, int64, type MessageType, metadataRecord } from '../../schema.ts';

export const unregisterBrokerRecord = metadataRecord({
  apiKey: 1,
  name: 'UnregisterBrokerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    brokerEpoch: int64(),
  },
});
export type UnregisterBrokerRecord = MessageType<typeof unregisterBrokerRecord>;
