/**
 * Type 17: a broker was fenced or unfenced, went into controlled shutdown, or changed its log directories. Zeros and
 * empty lists mean unchanged.
 */
import { array, int8, int32, int64, type MessageType, metadataRecord, uuid } from '../../schema.ts';

export const brokerRegistrationChangeRecord = metadataRecord({
  apiKey: 17,
  name: 'BrokerRegistrationChangeRecord',
  versions: '0-3',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    brokerEpoch: int64(),
    fenced: int8({ tag: 0 }),
    inControlledShutdown: int8('1+', { tag: 1 }),
    logDirs: array('2+', uuid(), { tag: 2 }),
    cordonedLogDirs: array('3+', uuid(), { nullable: true, default: null, tag: 3 }),
  },
});
export type BrokerRegistrationChangeRecord = MessageType<typeof brokerRegistrationChangeRecord>;
