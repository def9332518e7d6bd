/**
 * Type 2 of __remote_log_metadata: deletion state of a partition's tiered data.
 */
import { int8, int32, int64, type MessageType, metadataRecord, string, struct, uuid } from '../../schema.ts';

export const remotePartitionDeleteMetadataRecord = metadataRecord({
  apiKey: 2,
  name: 'RemotePartitionDeleteMetadataRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    topicIdPartition: struct({
      name: string(),
      id: uuid(),
      partition: int32(),
    }),
    brokerId: int32(),
    eventTimestampMs: int64(),
    remotePartitionDeleteState: int8(),
  },
});
export type RemotePartitionDeleteMetadataRecord = MessageType<typeof remotePartitionDeleteMetadataRecord>;
