/**
 * PushTelemetry: a client's metrics as OTLP, perhaps compressed (KIP-714). Not advertised unless something receives
 * them.
 */
import { bool, bytes, int8, int16, int32, type MessageType, request, response, uuid } from '../schema.ts';

export const pushTelemetryRequest = request({
  apiKey: 72,
  name: 'PushTelemetryRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    terminating: bool(),
    compressionType: int8(),
    metrics: bytes(),
  },
});
export type PushTelemetryRequest = MessageType<typeof pushTelemetryRequest>;

export const pushTelemetryResponse = response({
  apiKey: 72,
  name: 'PushTelemetryResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
});
export type PushTelemetryResponse = MessageType<typeof pushTelemetryResponse>;
