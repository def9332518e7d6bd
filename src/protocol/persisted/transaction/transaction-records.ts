/**
 * The records of the transaction coordinator in __transaction_state by record type, which is the int16 that a key begins with. Any
 * thread.
 */

import type { CoordinatorRecordSchemas } from '../record-framing.ts';
import { transactionLogKey, transactionLogValue } from './transaction-log.ts';

/** In the order of record types. */
export const transactionRecords: readonly CoordinatorRecordSchemas[] = [
  { type: 0, key: transactionLogKey, value: transactionLogValue },
];
