/**
 * Type 1 of __remote_log_metadata: a tiered segment changed its state.
 */
import { bytes, int8, int32, int64, type MessageType, metadataRecord, string, struct, uuid } from '../../schema.ts';

export const remoteLogSegmentMetadataUpdateRecord = metadataRecord({
  apiKey: 1,
  name: 'RemoteLogSegmentMetadataUpdateRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    remoteLogSegmentId: struct({
      topicIdPartition: struct({
        name: string(),
        id: uuid(),
        partition: int32(),
      }),
      id: uuid(),
    }),
    brokerId: int32(),
    eventTimestampMs: int64(),
    customMetadata: bytes({ nullable: true, default: null }),
    remoteLogSegmentState: int8(),
  },
});
export type RemoteLogSegmentMetadataUpdateRecord = MessageType<typeof remoteLogSegmentMetadataUpdateRecord>;
