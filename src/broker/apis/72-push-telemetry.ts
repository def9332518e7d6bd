/** PushTelemetry v0 (KIP-714): a client's metrics, taken in where they come in time and can be read. */
import { pushTelemetryRequest, pushTelemetryResponse } from '../../protocol/messages/72-push-telemetry.ts';
import { api } from '../api-handler.ts';

export const pushTelemetry = api(pushTelemetryRequest, pushTelemetryResponse, (request, context, { clientMetrics }) =>
  clientMetrics.push(request, context),
);
