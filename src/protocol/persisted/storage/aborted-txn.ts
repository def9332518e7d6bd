/**
 * An entry of a .txnindex file, behind an int16 version: 34 bytes in all.
 */
import { data, int64, type MessageType } from '../../schema.ts';

export const abortedTxn = data({
  name: 'AbortedTxn',
  versions: '0',
  flexible: 'none',
  fields: {
    producerId: int64(),
    firstOffset: int64(),
    lastOffset: int64(),
    lastStableOffset: int64(),
  },
});
export type AbortedTxn = MessageType<typeof abortedTxn>;
