/**
 * The records of the share coordinator in __share_group_state by record type, which is the int16 that a key begins with. Any
 * thread.
 */

import type { CoordinatorRecordSchemas } from '../record-framing.ts';
import { shareSnapshotKey, shareSnapshotValue } from './share-snapshot.ts';
import { shareUpdateKey, shareUpdateValue } from './share-update.ts';

/** In the order of record types. */
export const shareRecords: readonly CoordinatorRecordSchemas[] = [
  { type: 0, key: shareSnapshotKey, value: shareSnapshotValue },
  { type: 1, key: shareUpdateKey, value: shareUpdateValue },
];
