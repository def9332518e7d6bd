/**
 * AllocateProducerIds: a broker gets a block of producer ids (Kafka gives 1000 at a time) from the controller.
 */
import { int16, int32, int64, type MessageType, request, response } from '../schema.ts';

export const allocateProducerIdsRequest = request({
  apiKey: 67,
  name: 'AllocateProducerIdsRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
  },
});
export type AllocateProducerIdsRequest = MessageType<typeof allocateProducerIdsRequest>;

export const allocateProducerIdsResponse = response({
  apiKey: 67,
  name: 'AllocateProducerIdsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerIdStart: int64(),
    producerIdLen: int32(),
  },
});
export type AllocateProducerIdsResponse = MessageType<typeof allocateProducerIdsResponse>;
