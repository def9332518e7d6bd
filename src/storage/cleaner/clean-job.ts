import type { AbortedTransaction } from '../producer/transaction-index.ts';

/**
 * What a log's owner tells the cleaner of a log, and what it is told in return. Plain data: it goes between threads.
 *
 *     firstDirtyOffset: everything below has been cleaned before      endOffset: nothing from here on may be cleaned yet
 */

/** A closed segment. */
export interface CleanSource {
  readonly baseOffset: number;
  readonly sizeBytes: number;
  readonly offsetIndexEntries: number;
  readonly timeIndexEntries: number;
  readonly modifiedMs: number;
  /** Base offset of the segment behind it. */
  readonly nextBaseOffset: number;
  /** Entries of its transaction index. */
  readonly abortedCount: number;
}

/** What of a producer must not be lost: the batch of its last sequence, or else the marker with its epoch. */
export interface LastProducerRecord {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1 when the producer's epoch has no data. */
  readonly lastDataOffset: number;
}

export interface CleanJob {
  /** "topic-0" */
  readonly name: string;
  readonly folder: string;
  /** From the log's first segment up to the one that holds the last offset below `endOffset`. */
  readonly sources: readonly CleanSource[];
  readonly firstDirtyOffset: number;
  readonly endOffset: number;
  readonly highWatermark: number;
  /** All that overlap the sources, in any order. */
  readonly aborted: readonly AbortedTransaction[];
  readonly lastRecords: readonly LastProducerRecord[];
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
}

/** A new segment, ready to take the place of its sources. */
export interface CleanedGroup {
  readonly sources: readonly { readonly baseOffset: number; readonly sizeBytes: number }[];
  /** Bytes of the new segment, which has the base offset of the first source. */
  readonly sizeBytes: number;
}

export interface CleanResult {
  /** The next cleaning's `firstDirtyOffset`; the old one where the job was given up. */
  readonly cleanedOffset: number;
  readonly isComplete: boolean;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export const CLEANED_SUFFIX = '.cleaned';
