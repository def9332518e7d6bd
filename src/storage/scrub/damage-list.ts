import type { FileSpace } from '../../native/file-space.ts';
import { Errno } from '../../native/file-space.ts';
import type { LogHandle, LogStore } from '../../native/log-store.ts';
import { DAMAGE_STRIDE } from '../../native/log-store.ts';
import { parseCheckpointNumber, readCheckpointLines, writeCheckpointLines } from '../checkpoint-file.ts';
import { StorageError } from '../storage-error.ts';

/**
 * What of a log is known to be damaged: readers are told so instead of being given it, and everything else is served.
 * Kept in `millrace-damage` in the partition's folder, so that a restart does not forget it, in the form of Kafka's
 * checkpoints: segment, first and end position, first and end offset. A segment that is found sound again (it was
 * restored), or is deleted, leaves the list.
 *
 * Thread: the log's owner.
 */
export interface DamagedRange {
  /** Base offset. */
  readonly segment: number;
  /** Bytes of the segment `[fromPosition, toPosition)`. */
  readonly fromPosition: number;
  readonly toPosition: number;
  readonly fromOffset: number;
  readonly toOffset: number;
  /** "crc", "header", or the name of an error of the disk. */
  readonly what: string;
}

export const DAMAGE_FILE = 'millrace-damage';
const FIELDS = 5;

export class DamageList {
  readonly #store: LogStore;
  readonly #log: LogHandle;
  readonly #path: string;
  #ranges: DamagedRange[] = [];

  /** Takes up what the folder says. Throws a StorageError. */
  constructor(store: LogStore, log: LogHandle, folder: string) {
    this.#store = store;
    this.#log = log;
    this.#path = `${folder}/${DAMAGE_FILE}`;
    this.#ranges = read(store.files, this.#path);
    if (this.#ranges.length > 0) this.#tellStore();
  }

  get ranges(): readonly DamagedRange[] {
    return this.#ranges;
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /** What is known of a segment from now on. Returns what was not known before. Throws a StorageError. */
  set(segment: number, ranges: readonly DamagedRange[]): DamagedRange[] {
    const before = this.#ranges.filter((range) => range.segment === segment);
    if (before.length === 0 && ranges.length === 0) return [];
    const isKnown = (range: DamagedRange): boolean =>
      before.some(({ fromOffset, toOffset }) => fromOffset === range.fromOffset && toOffset === range.toOffset);
    const added = ranges.filter((range) => !isKnown(range));
    if (added.length === 0 && ranges.length === before.length) return [];
    const others = this.#ranges.filter((range) => range.segment !== segment);
    this.#ranges = [...others, ...ranges].sort((one, other) => one.fromOffset - other.fromOffset);
    this.#tellStore();
    this.#write();
    return added;
  }

  /** Other segments are gone. Where the file cannot be written it says too much, which does no harm. */
  keepOnly(segments: readonly number[]): void {
    if (this.isEmpty) return;
    const known = new Set(segments);
    const kept = this.#ranges.filter(({ segment }) => known.has(segment));
    if (kept.length === this.#ranges.length) return;
    this.#ranges = kept;
    this.#tellStore();
    try {
      this.#write();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
    }
  }

  #tellStore(): void {
    const list = new Float64Array(this.#ranges.length * DAMAGE_STRIDE);
    this.#ranges.forEach(({ segment, fromPosition, toPosition, fromOffset, toOffset }, at) => {
      list.set([segment, fromPosition, toPosition, fromOffset, toOffset], at * DAMAGE_STRIDE);
    });
    this.#store.setDamage(this.#log, list);
  }

  #write(): void {
    const lines = this.#ranges.map(
      ({ segment, fromPosition, toPosition, fromOffset, toOffset }) =>
        `${segment} ${fromPosition} ${toPosition} ${fromOffset} ${toOffset}`,
    );
    writeCheckpointLines(this.#store.files, this.#path, lines, true);
  }
}

function read(files: FileSpace, path: string): DamagedRange[] {
  if (files.stat(path) === Errno.ENOENT) return [];
  return readCheckpointLines(files, path, FIELDS).map((fields) => {
    const [segment, fromPosition, toPosition, fromOffset, toOffset] = fields.map((field) =>
      parseCheckpointNumber(field, path),
    );
    return { segment, fromPosition, toPosition, fromOffset, toOffset, what: 'known' };
  });
}
