/**
 * The port to where the metadata log is kept. `StoredMetadataLog` (src/controller) stands behind it, over files or over
 * memory. Control thread. Implementations know nothing of records: they keep whole batches and whole snapshots.
 */

import type { SnapshotId } from './metadata-snapshot.ts';
import type { QuorumState } from './quorum-state.ts';

/** The disk is full: nothing was written, and nothing is lost. */
export class MetadataLogFullError extends Error {
  constructor(cause: unknown) {
    super('The disk of the metadata log is full. Make room on it, e.g. by deleting topics.', { cause });
    this.name = 'MetadataLogFullError';
  }
}

export interface MetadataLog {
  /** First offset that the log itself still has; a snapshot covers what lies below. */
  readonly startOffset: number;
  /** Offset after the last record. */
  readonly endOffset: number;
  /** Epoch of the last batch, 0 when there is none. */
  readonly lastEpoch: number;
  /** Bytes of all segments. */
  readonly sizeBytes: number;

  /**
   * Adds whole batches, the first with the base offset `endOffset`. Resolves when they are durable. Rejects with a
   * MetadataLogFullError when the disk has no room for all and nothing was written; what `mustPass` may take the room that
   * is kept back first. Rejects with something else when they may not be durable; then the log takes nothing more, because
   * nobody can tell what is on the disk.
   */
  append(batches: Buffer, epoch: number, lastOffset: number, mustPass?: boolean): Promise<void>;
  /** Whole batches from the one that holds `fromOffset` on. Each piece is valid until the next is asked for. */
  read(fromOffset: number): Iterable<Uint8Array>;
  /** Drops what lies below `offset`, as far as whole segments allow. */
  deleteBefore(offset: number): void;

  /** Ascending. */
  snapshots(): SnapshotEntry[];
  readSnapshot(id: SnapshotId): Uint8Array;
  /** Durable, and there as a whole or not at all. */
  writeSnapshot(id: SnapshotId, parts: Iterable<Uint8Array>): void;
  deleteSnapshot(id: SnapshotId): void;

  /** Null when no election was ever held. */
  readQuorumState(): QuorumState | null;
  writeQuorumState(state: QuorumState): void;
  close(): void;
}

export interface SnapshotEntry extends SnapshotId {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}
