import type { Random } from '../base/random.ts';

/**
 * Kafka's names of files and folders in a log directory.
 *
 *     <topic>-<partition>/                       a partition's log
 *     <topic>-<partition>.<32 hex digits>-delete/    being deleted (the topic cut so that the name has 255 characters)
 *     ... -future/  -stray/                          being moved from another directory; not known to the cluster
 *     00000000000000000042.log .index .timeindex .txnindex    a segment, by its base offset
 *     00000000000000000042.snapshot                  producers as of that offset
 *     *.deleted  *.cleaned  *.swap                   on their way out, being written by compaction, being put in place
 *     *.superseded.deleted                           on its way out, and another one of its name is too
 */

/** A folder name's greatest length on the file systems that Kafka runs on. */
const FOLDER_NAME_LENGTH_MAX = 255;

export const FileSuffix = {
  deleted: '.deleted',
  superseded: '.superseded.deleted',
  cleaned: '.cleaned',
  swap: '.swap',
} as const;

/** The kinds of files that every segment may have. */
export const SEGMENT_EXTENSIONS = ['.log', '.index', '.timeindex', '.txnindex'] as const;

const OFFSET_FILE =
  /^(\d{1,20})\.(log|index|timeindex|txnindex|snapshot)(\.deleted|\.superseded\.deleted|\.cleaned|\.swap)?$/;
const PARTITION_FOLDER = /^(\S+)-(\d+)$/;
const SUFFIXED_FOLDER = /^(\S+)-(\d+)\.(\S+)-(delete|future|stray)$/;

/** "00000000000000000042.log" for (42, '.log') */
export function offsetFileName(offset: number, extension: string): string {
  return String(offset).padStart(20, '0') + extension;
}

export interface OffsetFile {
  readonly name: string;
  readonly offset: number;
  /** "log", "index", "timeindex", "txnindex" or "snapshot" */
  readonly kind: string;
  /** One of FileSuffix, or "" */
  readonly suffix: string;
}

/** What a file's name says; undefined for files that are not named by an offset. */
export function parseOffsetFile(name: string): OffsetFile | undefined {
  const match = OFFSET_FILE.exec(name);
  return match ? { name, offset: Number(match[1]), kind: match[2], suffix: match[3] ?? '' } : undefined;
}

export function partitionFolderName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

export interface PartitionFolder {
  readonly name: string;
  /** For a folder that is being deleted: maybe cut short. */
  readonly topic: string;
  readonly partition: number;
  readonly state: 'online' | 'delete' | 'future' | 'stray';
}

/** What a folder's name says; undefined when it is no partition's. */
export function parsePartitionFolder(name: string): PartitionFolder | undefined {
  const suffixed = SUFFIXED_FOLDER.exec(name);
  if (suffixed) {
    const state = suffixed[4] as PartitionFolder['state'];
    return { name, topic: suffixed[1], partition: Number(suffixed[2]), state };
  }
  const plain = PARTITION_FOLDER.exec(name);
  return plain ? { name, topic: plain[1], partition: Number(plain[2]), state: 'online' } : undefined;
}

/** A new name for a folder that is to go: unique, and no longer than a file system takes. */
export function deletedFolderName(topic: string, partition: number, random: Random): string {
  return suffixedFolderName(topic, partition, random, '-delete');
}

export function strayFolderName(topic: string, partition: number, random: Random): string {
  return suffixedFolderName(topic, partition, random, '-stray');
}

/** Undefined when the topic's name is too long for it: this one has to tell the topic. */
export function futureFolderName(topic: string, partition: number, random: Random): string | undefined {
  const name = suffixedFolderName(topic, partition, random, '-future');
  return name.startsWith(`${topic}-`) ? name : undefined;
}

function suffixedFolderName(topic: string, partition: number, random: Random, suffix: string): string {
  const unique = Buffer.from(random.bytes(16)).toString('hex');
  const tail = `-${partition}.${unique}${suffix}`;
  return topic.slice(0, FOLDER_NAME_LENGTH_MAX - tail.length) + tail;
}
