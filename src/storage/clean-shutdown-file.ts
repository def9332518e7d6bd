import { Errno, type FileSpace } from '../native/file-space.ts';
import { ensureDone } from './storage-error.ts';
import { readTextFile, writeTextFile } from './text-file.ts';

/**
 * `.kafka_cleanshutdown` in a log directory: its logs were closed in order, so they need no recovery. It is taken away
 * at the start, before the first log is opened. Since KIP-966 it names the broker's epoch.
 *
 *     {"version":0,"brokerEpoch":17}
 */

const pathIn = (directory: string): string => `${directory}/.kafka_cleanshutdown`;

export interface CleanShutdown {
  /** -1 when the file does not say (before Kafka 3.7). */
  readonly brokerEpoch: number;
}

/** Undefined after an unclean stop. */
export function readCleanShutdown(files: FileSpace, directory: string): CleanShutdown | undefined {
  const text = readTextFile(files, pathIn(directory));
  if (text === undefined) return undefined;
  try {
    const { brokerEpoch } = JSON.parse(text) as { brokerEpoch?: unknown };
    return { brokerEpoch: typeof brokerEpoch === 'number' ? brokerEpoch : -1 };
  } catch {
    return { brokerEpoch: -1 };
  }
}

export function writeCleanShutdown(files: FileSpace, directory: string, brokerEpoch: number): void {
  writeTextFile(files, pathIn(directory), JSON.stringify({ version: 0, brokerEpoch }));
}

/** Durable when it returns, so that a crash afterwards is seen as one. */
export function removeCleanShutdown(files: FileSpace, directory: string): void {
  const result = files.unlink(pathIn(directory));
  if (result === Errno.ENOENT) return;
  ensureDone(result, 'cannot remove', pathIn(directory));
  ensureDone(files.syncFolderNow(directory), 'cannot sync', directory);
}
