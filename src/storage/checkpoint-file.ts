import type { FileSpace } from '../native/file-space.ts';
import { StorageError } from './storage-error.ts';
import { readTextFile, writeTextFile } from './text-file.ts';

/**
 * Kafka's checkpoint files: a version, a count, and one entry a line. Two kinds of entries:
 *
 *     recovery-point-offset-checkpoint, replication-offset-checkpoint, log-start-offset-checkpoint,
 *     cleaner-offset-checkpoint (one of each in a log directory)     0 \n <count> \n { <topic> <partition> <offset> \n }
 *     leader-epoch-checkpoint (in a partition's folder)              0 \n <count> \n { <epoch> <startOffset> \n }
 *
 * Thread: the owner of the directory or the partition.
 */

const VERSION = '0';

export const CheckpointName = {
  recoveryPoint: 'recovery-point-offset-checkpoint',
  highWatermark: 'replication-offset-checkpoint',
  logStartOffset: 'log-start-offset-checkpoint',
  cleaner: 'cleaner-offset-checkpoint',
} as const;

/** "topic-0" to offset. */
export type OffsetCheckpoint = Map<string, number>;

/**
 * Fields of each entry. Throws a StorageError when the file is not what it should be; [] when there is none. One that is
 * not `durable` may have been lost in a power failure, as a whole or in part: then there is none.
 */
export function readCheckpointLines(files: FileSpace, path: string, fieldCount: number, durable = true): string[][] {
  const text = readTextFile(files, path);
  // Kafka makes the file before it first writes to it.
  if (text === undefined || text === '' || (!durable && isTorn(text))) return [];
  const [version, count, ...lines] = text.split('\n');
  if (version?.trim() !== VERSION) throw new StorageError(`unknown version ${JSON.stringify(version)} of`, path, 0);
  const entries = lines.filter((line) => line !== '').map((line) => line.trim().split(/\s+/));
  if (!/^\d+$/.test(count?.trim() ?? '') || Number(count) !== entries.length)
    throw new StorageError(`${entries.length} entries where ${JSON.stringify(count)} are declared`, path, 0);
  for (const entry of entries)
    if (entry.length !== fieldCount) throw new StorageError(`malformed line "${entry.join(' ')}"`, path, 0);
  return entries;
}

/** What a power failure may leave of a file that was not synced: its beginning, or zeros in place of some of it. */
function isTorn(text: string): boolean {
  if (!text.endsWith('\n') || text.includes('\0')) return true;
  const [, count, ...lines] = text.split('\n');
  return count === '' || lines.length - 1 < Number(count);
}

export function writeCheckpointLines(files: FileSpace, path: string, lines: readonly string[], durable = true): void {
  const text = `${VERSION}\n${lines.length}\n${lines.map((line) => `${line}\n`).join('')}`;
  writeTextFile(files, path, text, durable);
}

export function parseCheckpointNumber(text: string, path: string): number {
  if (!/^-?\d+$/.test(text)) throw new StorageError(`malformed number "${text}"`, path, 0);
  return Number(text);
}

/** Offsets by "<topic>-<partition>"; empty when there is no file. Throws a StorageError. */
export function readOffsetCheckpoint(files: FileSpace, path: string): OffsetCheckpoint {
  const offsets: OffsetCheckpoint = new Map();
  for (const [topic, partition, offset] of readCheckpointLines(files, path, 3))
    offsets.set(`${topic}-${parseCheckpointNumber(partition, path)}`, parseCheckpointNumber(offset, path));
  return offsets;
}

/** Durable when it returns. Throws a StorageError. */
export function writeOffsetCheckpoint(files: FileSpace, path: string, offsets: ReadonlyMap<string, number>): void {
  const lines: string[] = [];
  for (const [name, offset] of offsets) {
    const dash = name.lastIndexOf('-');
    lines.push(`${name.slice(0, dash)} ${name.slice(dash + 1)} ${offset}`);
  }
  writeCheckpointLines(files, path, lines);
}
