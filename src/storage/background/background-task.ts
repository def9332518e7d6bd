import type { FileSpace } from '../../native/file-space.ts';
import type { Crc32c } from '../../protocol/records/batch-header.ts';
import { type CopyJob, copySegment } from '../move/copy-segment.ts';
import { type ScrubJob, type ScrubResult, scrubSegment } from '../scrub/scrub-segment.ts';
import { ensureDone } from '../storage-error.ts';
import type { PacedSteps } from './paced-steps.ts';

/**
 * Work on files of closed segments that needs no owner: plain data, so that it can go to another thread.
 *
 * Thread: any.
 */
export type BackgroundTask =
  | { readonly kind: 'copy'; readonly job: CopyJob }
  | { readonly kind: 'scrub'; readonly job: ScrubJob }
  | { readonly kind: 'remove'; readonly folder: string };

export interface BackgroundResults {
  /** Bytes copied. */
  readonly copy: number;
  readonly scrub: ScrubResult;
  readonly remove: null;
}

export type BackgroundResult = BackgroundResults[keyof BackgroundResults];

/** The steps throw a StorageError. */
export function backgroundSteps(task: BackgroundTask, files: FileSpace, crc32c: Crc32c): PacedSteps<BackgroundResult> {
  switch (task.kind) {
    case 'copy':
      return copySegment(task.job, files);
    case 'scrub':
      return scrubSegment(task.job, files, crc32c);
    case 'remove':
      return removeFolder(task.folder, files);
  }
}

// biome-ignore lint/correctness/useYield: it is one step.
function* removeFolder(folder: string, files: FileSpace): PacedSteps<null> {
  ensureDone(files.removeFolder(folder), 'cannot remove', folder);
  return null;
}
