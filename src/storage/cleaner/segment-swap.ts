import { offsetFileName, SEGMENT_EXTENSIONS } from '../log-files.ts';
import { deletedPath, makeWayForDeleted, unlinkLater } from '../log-retention.ts';
import type { LogState } from '../log-state.ts';
import { StorageError } from '../storage-error.ts';
import { CLEANED_SUFFIX, type CleanedGroup } from './clean-job.ts';

/**
 * Puts a cleaned segment in the place of its sources, between two appends. Refused when the log is not any more what was
 * cleaned: segments were deleted or cut meanwhile, damage was found (its places are those of the old segments), or the topic
 * is not compacted any more.
 *
 * Thread: the log's owner.
 */
export function swapCleaned(state: LogState, group: CleanedGroup): boolean {
  const { store, segments, files, folder } = state;
  if (!state.config.cleanupCompact || state.fault || !state.damage.isEmpty) return false;
  const bases = group.sources.map(({ baseOffset }) => baseOffset);
  const first = segments.indexOf(bases[0]);
  if (first < 0 || first + bases.length >= segments.length) return false;
  for (const [at, { baseOffset, sizeBytes }] of group.sources.entries())
    if (segments[first + at] !== baseOffset || state.segmentSizeBytes(baseOffset) !== sizeBytes) return false;
  const stat = files.stat(`${folder}/${offsetFileName(bases[0], '.log')}${CLEANED_SUFFIX}`);
  if (typeof stat === 'number' || stat.sizeBytes !== group.sizeBytes) return false;
  for (const baseOffset of bases) makeWayForDeleted(state, baseOffset);
  const result = store.replace(state.handle, bases);
  if (result < 0) {
    // How far it came is for recovery to find out.
    state.fault = new StorageError('cannot replace segments of', folder, result);
    state.logger.error({ partition: state.name, err: state.fault }, 'a cleaned segment could not be put in place');
    return false;
  }
  const paths: string[] = [];
  for (const [at, baseOffset] of bases.entries()) {
    state.forgetSegment(baseOffset);
    const extensions: string[] = [...SEGMENT_EXTENSIONS];
    if (at > 0 && state.snapshots.markDeleted(baseOffset) !== undefined) extensions.push('.snapshot');
    for (const extension of extensions) paths.push(deletedPath(state, baseOffset, extension));
  }
  state.segments = store.segments(state.handle);
  unlinkLater(state, paths);
  return true;
}
