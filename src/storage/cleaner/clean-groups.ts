import { OFFSET_INDEX_ENTRY_BYTES, RELATIVE_OFFSET_MAX, TIME_INDEX_ENTRY_BYTES } from '../segment-roll.ts';
import type { CleanJob, CleanSource } from './clean-job.ts';

/**
 * Which segments are rewritten into one: as many as are sure to fit in a segment's size, indexes and 31 bits of relative
 * offsets. Follows Kafka's Cleaner.groupSegmentsBySize.
 */

/** The sources that begin below `endOffset`, in groups, ascending. */
export function groupSources(job: CleanJob, endOffset: number): CleanSource[][] {
  const groups: CleanSource[][] = [];
  let sizeBytes = 0;
  let offsetIndexBytes = 0;
  let timeIndexBytes = 0;
  for (const source of job.sources) {
    if (source.baseOffset >= endOffset) break;
    sizeBytes += source.sizeBytes;
    offsetIndexBytes += Math.max(0, source.offsetIndexEntries) * OFFSET_INDEX_ENTRY_BYTES;
    timeIndexBytes += Math.max(0, source.timeIndexEntries) * TIME_INDEX_ENTRY_BYTES;
    const group = groups.at(-1);
    const fits =
      group !== undefined &&
      sizeBytes <= job.segmentBytes &&
      offsetIndexBytes <= job.segmentIndexBytes &&
      timeIndexBytes <= job.segmentIndexBytes &&
      (source.sizeBytes === 0 || source.nextBaseOffset - 1 - group[0].baseOffset <= RELATIVE_OFFSET_MAX);
    if (fits) group.push(source);
    else {
      groups.push([source]);
      sizeBytes = source.sizeBytes;
      offsetIndexBytes = Math.max(0, source.offsetIndexEntries) * OFFSET_INDEX_ENTRY_BYTES;
      timeIndexBytes = Math.max(0, source.timeIndexEntries) * TIME_INDEX_ENTRY_BYTES;
    }
  }
  return groups;
}
