/**
 * GetTelemetrySubscriptions: which metrics a client shall push (KIP-714). Not advertised unless something receives the
 * metrics. A zero client instance id asks for a new one.
 */
import { array, bool, int8, int16, int32, type MessageType, request, response, string, uuid } from '../schema.ts';

export const getTelemetrySubscriptionsRequest = request({
  apiKey: 71,
  name: 'GetTelemetrySubscriptionsRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    clientInstanceId: uuid(),
  },
});
export type GetTelemetrySubscriptionsRequest = MessageType<typeof getTelemetrySubscriptionsRequest>;

export const getTelemetrySubscriptionsResponse = response({
  apiKey: 71,
  name: 'GetTelemetrySubscriptionsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    acceptedCompressionTypes: array(int8()),
    pushIntervalMs: int32(),
    telemetryMaxBytes: int32(),
    deltaTemporality: bool(),
    requestedMetrics: array(string()),
  },
});
export type GetTelemetrySubscriptionsResponse = MessageType<typeof getTelemetrySubscriptionsResponse>;
