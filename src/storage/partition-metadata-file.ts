import { type Uuid, uuidToBytes, ZERO_UUID } from '../base/uuid.ts';
import type { FileSpace } from '../native/file-space.ts';
import { StorageError } from './storage-error.ts';
import { isLostText, readTextFile, writeTextFile } from './text-file.ts';

/**
 * `partition.metadata` in a partition's folder: which topic, by id, the folder belongs to.
 *
 *     version: 0
 *     topic_id: <22 characters>
 *
 * Thread: the log's owner.
 */

const pathIn = (folder: string): string => `${folder}/partition.metadata`;

/** The topic id, undefined when there is no file, or nothing in it. Throws a StorageError. */
export function readPartitionMetadata(files: FileSpace, folder: string): Uuid | undefined {
  const path = pathIn(folder);
  const text = readTextFile(files, path);
  if (text === undefined) return undefined;
  const match = /^version:\s+(\d+)\r?\ntopic_id:\s+(\S+)\s*$/.exec(text);
  if (!match && isLostText(text)) return undefined;
  if (!match) throw new StorageError('malformed file', path, 0);
  const topicId = match[2];
  try {
    uuidToBytes(topicId);
  } catch (error) {
    throw new StorageError((error as Error).message, path, 0);
  }
  if (topicId === ZERO_UUID) throw new StorageError('zero topic id', path, 0);
  return topicId;
}

/**
 * Not synced: a folder that a power failure leaves without the file, or with an empty one, gets it again when its log is next
 * opened. Throws a StorageError.
 */
export function writePartitionMetadata(files: FileSpace, folder: string, topicId: Uuid): void {
  writeTextFile(files, pathIn(folder), `version: 0\ntopic_id: ${topicId}`, false);
}
