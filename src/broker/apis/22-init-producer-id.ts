/** InitProducerId v0-5: a producer id for an idempotent producer; id and epoch of a transactional one. */
import { initProducerIdRequest, initProducerIdResponse } from '../../protocol/messages/22-init-producer-id.ts';
import { api } from '../api-handler.ts';

export const initProducerId = api(
  initProducerIdRequest,
  initProducerIdResponse,
  (request, { apiVersion }, { transactions }) => transactions.initProducerId(request, apiVersion),
);
