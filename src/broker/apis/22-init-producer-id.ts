/** InitProducerId v0-5 for idempotent producers: a fresh producer id with epoch 0. */
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import { initProducerIdRequest, initProducerIdResponse } from '../../protocol/messages/22-init-producer-id.ts';
import { api } from '../api-handler.ts';

export const initProducerId = api(initProducerIdRequest, initProducerIdResponse, async (request, _, services) => {
  const refuse = (errorCode: number) => ({ errorCode, producerId: -1, producerEpoch: -1 });
  if (request.transactionalId === '') return refuse(ErrorCode.INVALID_REQUEST);
  if (request.transactionalId !== null) return refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  try {
    return { errorCode: ErrorCode.NONE, producerId: await services.producerIds.next(), producerEpoch: 0 };
  } catch (error) {
    if (error instanceof KafkaError) return refuse(error.code);
    throw error;
  }
});
