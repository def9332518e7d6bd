/**
 * The record types of __remote_log_metadata by type id. Each record is framed as record-framing.ts says. Any thread.
 */

import type { Schema } from '../../schema.ts';
import { remoteLogSegmentMetadataRecord } from './remote-log-segment-metadata-record.ts';
import { remoteLogSegmentMetadataSnapshotRecord } from './remote-log-segment-metadata-snapshot-record.ts';
import { remoteLogSegmentMetadataUpdateRecord } from './remote-log-segment-metadata-update-record.ts';
import { remotePartitionDeleteMetadataRecord } from './remote-partition-delete-metadata-record.ts';

/** In the order of type ids. */
export const remoteLogMetadataRecords: readonly Schema[] = [
  remoteLogSegmentMetadataRecord,
  remoteLogSegmentMetadataUpdateRecord,
  remotePartitionDeleteMetadataRecord,
  remoteLogSegmentMetadataSnapshotRecord,
];
