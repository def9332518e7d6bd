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
    const written = topics.map(async ({ name, partitionIndexes }) => ({
      name,
      partitions: await Promise.all(
        partitionIndexes.map(async (partitionIndex) => {
          const located = places.locate(name, partitionIndex);
          const errorCode =
            located.errorCode === ErrorCode.NONE
              ? await writer.write(name, partitionIndex, { ...marker, committed: transactionResult })
              : located.errorCode;
          return { partitionIndex, errorCode };
        }),
      ),
    }));
    return { producerId: marker.producerId, topics: await Promise.all(written) };
  });
  return { markers: await Promise.all(markers) };
});
