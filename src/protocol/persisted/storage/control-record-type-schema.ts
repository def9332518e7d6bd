/**
 * Key of a control record, behind an int16 version: abort 0, commit 1, leader change 2, snapshot header 3 and footer
 * 4, KRaft version 5, KRaft voters 6.
 */
import { data, int16, type MessageType } from '../../schema.ts';

export const controlRecordTypeSchema = data({
  name: 'ControlRecordTypeSchema',
  versions: '0',
  flexible: 'none',
  fields: {
    type: int16(),
  },
});
export type ControlRecordTypeSchema = MessageType<typeof controlRecordTypeSchema>;
