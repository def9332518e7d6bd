/**
 * DeleteRecords: raises the log start offset. -1 stands for the high watermark. Answered when the followers have
 * followed.
 */
import { array, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const deleteRecordsRequest = request({
  apiKey: 21,
  name: 'DeleteRecordsRequest',
  versions: '0-2',
  flexible: '2+',
  listeners: ['broker'],
  fields: {
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        offset: int64(),
      }),
    }),
    timeoutMs: int32(),
  },
});
export type DeleteRecordsRequest = MessageType<typeof deleteRecordsRequest>;

export const deleteRecordsResponse = response({
  apiKey: 21,
  name: 'DeleteRecordsResponse',
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        lowWatermark: int64(),
        errorCode: int16(),
      }),
    }),
  },
});
export type DeleteRecordsResponse = MessageType<typeof deleteRecordsResponse>;
