/**
 * Type 3 of __remote_log_metadata: one tiered segment within a snapshot file, without the ids that the snapshot's
 * header has.
 */
import { array, bool, bytes, int8, int32, int64, type MessageType, metadataRecord, uuid } from '../../schema.ts';

export const remoteLogSegmentMetadataSnapshotRecord = metadataRecord({
  apiKey: 3,
  name: 'RemoteLogSegmentMetadataSnapshotRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    segmentId: uuid(),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: array({
      leaderEpoch: int32(),
      offset: int64(),
    }),
    segmentSizeInBytes: int32(),
    customMetadata: bytes({ nullable: true, default: null }),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool({ tag: 0 }),
  },
});
export type RemoteLogSegmentMetadataSnapshotRecord = MessageType<typeof remoteLogSegmentMetadataSnapshotRecord>;
