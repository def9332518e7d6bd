/**
 * Value of control record 4: the last record of a KRaft snapshot.
 */
import { data, int16, type MessageType } from '../../schema.ts';

export const snapshotFooterRecord = data({
  name: 'SnapshotFooterRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
  },
});
export type SnapshotFooterRecord = MessageType<typeof snapshotFooterRecord>;
