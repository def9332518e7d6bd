/**
 * Value of a commit or abort control record. The int16 version that stands first in the bytes is not part of this
 * schema.
 */
import { data, int32, type MessageType } from '../../schema.ts';

export const endTxnMarker = data({
  name: 'EndTxnMarker',
  versions: '0',
  flexible: 'none',
  fields: {
    coordinatorEpoch: int32(),
  },
});
export type EndTxnMarker = MessageType<typeof endTxnMarker>;
