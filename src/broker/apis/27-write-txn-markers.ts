/**
 * WriteTxnMarkers v1-2: another broker's transaction coordinator, or an administrator (aborting a transaction that was
 * left behind), ends transactions in partitions that this broker leads. A marker may be written twice.
 */
import { ErrorCode } from '../../protocol/errors.ts';
import { writeTxnMarkersRequest, writeTxnMarkersResponse } from '../../protocol/messages/27-write-txn-markers.ts';
import { api } from '../api-handler.ts';

export const writeTxnMarkers = api(writeTxnMarkersRequest, writeTxnMarkersResponse, async (request, _, services) => {
  const { markers: writer, partitions: places } = services;
  const markers = request.markers.map(async ({ topics, transactionResult, ...marker }) => {
    // No batch of a transaction is without a producer; Kafka has no error of its own for it.
    const ofProducer = marker.producerId >= 0 && marker.producerEpoch >= 0;
    const answers = topics.map(async ({ name, partitionIndexes }) => ({
      name,
      partitions: await Promise.all(
        partitionIndexes.map(async (partitionIndex) => {
          const { errorCode } = places.locate(name, partitionIndex);
          if (errorCode !== ErrorCode.NONE) return { partitionIndex, errorCode };
          if (!ofProducer) return { partitionIndex, errorCode: ErrorCode.UNKNOWN_SERVER_ERROR };
          const written = await writer.write(name, partitionIndex, { ...marker, committed: transactionResult });
          return { partitionIndex, errorCode: written };
        }),
      ),
    }));
    return { producerId: marker.producerId, topics: await Promise.all(answers) };
  });
  return { markers: await Promise.all(markers) };
});
