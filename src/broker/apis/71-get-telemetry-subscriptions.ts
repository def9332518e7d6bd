/** GetTelemetrySubscriptions v0 (KIP-714): what the asking client shall push. */
import {
  getTelemetrySubscriptionsRequest,
  getTelemetrySubscriptionsResponse,
} from '../../protocol/messages/71-get-telemetry-subscriptions.ts';
import { api } from '../api-handler.ts';

export const getTelemetrySubscriptions = api(
  getTelemetrySubscriptionsRequest,
  getTelemetrySubscriptionsResponse,
  (request, context, { clientMetrics }) => clientMetrics.getSubscriptions(request, context),
);
