/**
 * Snapshots of the metadata log: `<20-digit end offset>-<10-digit epoch>.checkpoint`, which stands for the whole log
 * below its end offset, and `bootstrap.checkpoint`, what a fresh log begins with. Pure; control thread.
 *
 *   control batch [SnapshotHeader, (KRaftVersion, KRaftVoters)]  data batches ...  control batch [SnapshotFooter]
 *
 * Offsets in the file count from 0 and mean nothing; the epoch of every batch is the snapshot's.
 */
import {
  type ControlRecord,
  encodeControlBatch,
  encodeRecordBatch,
  type MetadataBatch,
  readBatches,
} from './metadata-batch.ts';
import type { MetadataRecord } from './metadata-records.ts';

export const BOOTSTRAP_CHECKPOINT = 'bootstrap.checkpoint';
/** Records in one batch of a snapshot. */
const SNAPSHOT_BATCH_RECORDS_MAX = 1024;

/** The snapshot holds the effect of all offsets below `endOffset`; `epoch` is that of its last record. */
export interface SnapshotId {
  readonly endOffset: number;
  readonly epoch: number;
}

export function snapshotFileName({ endOffset, epoch }: SnapshotId): string {
  return `${String(endOffset).padStart(20, '0')}-${String(epoch).padStart(10, '0')}.checkpoint`;
}

/** Null for names of other files, unfinished snapshots (`.part`) and deleted ones among them. */
export function parseSnapshotFileName(name: string): SnapshotId | null {
  const match = /^(\d{20})-(\d{10})\.checkpoint$/.exec(name);
  return match && { endOffset: Number(match[1]), epoch: Number(match[2]) };
}

export interface SnapshotHead {
  readonly epoch: number;
  /** Append time of the last record that the snapshot covers; 0 in a bootstrap checkpoint. */
  readonly lastContainedLogTimestampMs: number;
  /** When the snapshot is made. */
  readonly timestampMs: number;
  /** KRaftVersion and KRaftVoters, when the voters stand in the log. */
  readonly controls?: readonly ControlRecord[];
}

/** The parts of a snapshot file in their order. */
export function* encodeSnapshot(records: Iterable<MetadataRecord>, head: SnapshotHead): Generator<Buffer> {
  const { epoch, timestampMs } = head;
  const data = { version: 0, lastContainedLogTimestamp: head.lastContainedLogTimestampMs };
  const controls: ControlRecord[] = [{ type: 'SnapshotHeader', data }, ...(head.controls ?? [])];
  yield encodeControlBatch(controls, { baseOffset: 0, epoch, timestampMs });
  let baseOffset = controls.length;
  let batch: MetadataRecord[] = [];
  for (const record of records) {
    batch.push(record);
    if (batch.length < SNAPSHOT_BATCH_RECORDS_MAX) continue;
    yield encodeRecordBatch(batch, { baseOffset, epoch, timestampMs });
    baseOffset += batch.length;
    batch = [];
  }
  if (batch.length > 0) yield encodeRecordBatch(batch, { baseOffset, epoch, timestampMs });
  baseOffset += batch.length;
  yield encodeControlBatch([{ type: 'SnapshotFooter', data: { version: 0 } }], { baseOffset, epoch, timestampMs });
}

/** The batches of a snapshot file. Throws a RangeError when its header or footer is missing, a ProtocolError when it is damaged. */
export function readSnapshot(bytes: Uint8Array): MetadataBatch[] {
  const batches = [...readBatches(bytes)];
  if (batches.at(0)?.controls[0]?.type !== 'SnapshotHeader') throw new RangeError('metadata snapshot: no header');
  if (batches.at(-1)?.controls.at(-1)?.type !== 'SnapshotFooter') throw new RangeError('metadata snapshot: no footer');
  return batches;
}
