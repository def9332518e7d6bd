/**
 * BrokerRegistration: a broker presents itself to the controller and gets its epoch. v1 says whether it migrates from
 * ZooKeeper (never), v2 log directories, v3 the broker's previous epoch, v4 may list features whose least level is 0.
 */
import {
  array,
  bool,
  int16,
  int32,
  int64,
  type MessageType,
  request,
  response,
  string,
  uint16,
  uuid,
} from '../schema.ts';

export const brokerRegistrationRequest = request({
  apiKey: 62,
  name: 'BrokerRegistrationRequest',
  versions: '0-4',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    brokerId: int32(),
    clusterId: string(),
    incarnationId: uuid(),
    listeners: array({
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
    isMigratingZkBroker: bool('1+'),
    logDirs: array('2+', uuid(), { ignorable: true }),
    previousBrokerEpoch: int64('3+', { default: -1, ignorable: true }),
  },
});
export type BrokerRegistrationRequest = MessageType<typeof brokerRegistrationRequest>;

export const brokerRegistrationResponse = response({
  apiKey: 62,
  name: 'BrokerRegistrationResponse',
  versions: '0-4',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    brokerEpoch: int64({ default: -1 }),
  },
});
export type BrokerRegistrationResponse = MessageType<typeof brokerRegistrationResponse>;
