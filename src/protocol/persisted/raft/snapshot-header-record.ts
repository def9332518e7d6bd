/**
 * Value of control record 3: the first record of a KRaft snapshot.
 */
import { data, int16, int64, type MessageType } from '../../schema.ts';

export const snapshotHeaderRecord = data({
  name: 'SnapshotHeaderRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
    lastContainedLogTimestamp: int64(),
  },
});
export type SnapshotHeaderRecord = MessageType<typeof snapshotHeaderRecord>;
