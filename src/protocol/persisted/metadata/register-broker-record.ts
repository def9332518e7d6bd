/**
 * Type 0: a broker registered. v1 in controlled shutdown, v2 migrating from ZooKeeper, v3 log directories, v4 cordoned
 * log directories.
 */
import {
  array,
  bool,
  int16,
  int32,
  int64,
  type MessageType,
  metadataRecord,
  string,
  uint16,
  uuid,
} from '../../schema.ts';

export const registerBrokerRecord = metadataRecord({
  apiKey: 0,
  name: 'RegisterBrokerRecord',
  versions: '0-4',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    isMigratingZkBroker: bool('2+'),
    incarnationId: uuid(),
    brokerEpoch: int64(),
    endPoints: array({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: array({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
    rack: string({ nullable: true }),
    fenced: bool({ default: true }),
    inControlledShutdown: bool('1+'),
    logDirs: array('3+', uuid(), { tag: 0 }),
    cordonedLogDirs: array('4+', uuid(), { nullable: true, default: null, tag: 1 }),
  },
});
export type RegisterBrokerRecord = MessageType<typeof registerBrokerRecord>;
