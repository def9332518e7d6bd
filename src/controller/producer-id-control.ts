/** AllocateProducerIds: hands blocks of producer ids to brokers. Pure; control thread. */
import { metadataRecord } from '../metadata/metadata-records.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type {
  AllocateProducerIdsRequest,
  AllocateProducerIdsResponse,
} from '../protocol/messages/67-allocate-producer-ids.ts';
import { brokerEpochFault } from './cluster-control.ts';
import type { ControlContext, ControlResult } from './control-context.ts';

/** Ids in one block. */
const PRODUCER_ID_BLOCK_SIZE = 1000;

export function allocateProducerIds(
  request: AllocateProducerIdsRequest,
  context: ControlContext,
): ControlResult<AllocateProducerIdsResponse> {
  const refused = (errorCode: number) => ({
    records: [],
    response: { throttleTimeMs: 0, errorCode, producerIdStart: 0, producerIdLen: 0 },
  });
  const fault = brokerEpochFault(request.brokerId, request.brokerEpoch, context.image);
  if (fault !== ErrorCode.NONE) return refused(fault);
  const producerIdStart = context.image.nextProducerId;
  const nextProducerId = producerIdStart + PRODUCER_ID_BLOCK_SIZE;
  if (!Number.isSafeInteger(nextProducerId)) return refused(ErrorCode.UNKNOWN_SERVER_ERROR);
  const { brokerId, brokerEpoch } = request;
  return {
    records: [metadataRecord('ProducerIdsRecord', { brokerId, brokerEpoch, nextProducerId })],
    response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, producerIdStart, producerIdLen: PRODUCER_ID_BLOCK_SIZE },
  };
}
