/**
 * BrokerHeartbeat: keeps a broker's registration; asks for unfencing and for controlled shutdown. v1 reports offline
 * log directories, v2 cordoned ones.
 */
import { array, bool, int16, int32, int64, type MessageType, request, response, uuid } from '../schema.ts';

export const brokerHeartbeatRequest = request({
  apiKey: 63,
  name: 'BrokerHeartbeatRequest',
  versions: '0-2',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    currentMetadataOffset: int64(),
    wantFence: bool(),
    wantShutDown: bool(),
    offlineLogDirs: array('1+', uuid(), { tag: 0 }),
    cordonedLogDirs: array('2+', uuid(), { nullable: true, default: null, tag: 1 }),
  },
});
export type BrokerHeartbeatRequest = MessageType<typeof brokerHeartbeatRequest>;

export const brokerHeartbeatResponse = response({
  apiKey: 63,
  name: 'BrokerHeartbeatResponse',
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    isCaughtUp: bool(),
    isFenced: bool({ default: true }),
    shouldShutDown: bool(),
  },
});
export type BrokerHeartbeatResponse = MessageType<typeof brokerHeartbeatResponse>;
