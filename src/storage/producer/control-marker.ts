import { RecordBatchView } from '../../protocol/records/batch-header.ts';
import { ControlRecordType, controlRecordType, parseEndTxnMarker } from '../../protocol/records/control-records.ts';
import { RecordReader } from '../../protocol/records/record-reader.ts';
import type { TransactionMarker } from './producer-state.ts';

/**
 * The transaction marker in a control batch with a producer id. Undefined for batches that compaction has emptied, and
 * for control records that are no markers. Throws a ProtocolError for markers that do not parse.
 */
export function readTransactionMarker(
  bytes: Uint8Array,
  offset: number,
  baseOffset: number,
  transactionVersion: number,
): TransactionMarker | undefined {
  const batch = new RecordBatchView(bytes, offset);
  if (batch.recordsCount === 0) return undefined;
  const record = new RecordReader(batch).next();
  const type = controlRecordType(record?.key ?? null);
  if (type !== ControlRecordType.abort && type !== ControlRecordType.commit) return undefined;
  if (!record?.value) return undefined;
  return {
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    coordinatorEpoch: parseEndTxnMarker(record.value).coordinatorEpoch,
    aborted: type === ControlRecordType.abort,
    offset: baseOffset,
    timestamp: record.timestamp,
    transactionVersion,
  };
}
