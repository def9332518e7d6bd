/**
 * Type 15: a broker was given the producer ids up to nextProducerId.
 */
import { int32, int64, type MessageType, metadataRecord } from '../../schema.ts';

export const producerIdsRecord = metadataRecord({
  apiKey: 15,
  name: 'ProducerIdsRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    nextProducerId: int64(),
  },
});
export type ProducerIdsRecord = MessageType<typeof producerIdsRecord>;
