import type { Uuid } from '../base/uuid.ts';
import type { FileSpace } from '../native/file-space.ts';
import { StorageError } from './storage-error.ts';
import { readTextFile, writeTextFile } from './text-file.ts';

/**
 * `meta.properties` in a log directory: whose it is. Written when the directory is formatted; a broker with another
 * cluster or node id refuses to start on it.
 *
 *     version=1
 *     cluster.id=<22 characters>
 *     node.id=<number>
 *     directory.id=<22 characters>       (since Kafka 3.7)
 */

export interface MetaProperties {
  readonly clusterId: Uuid;
  readonly nodeId: number;
  readonly directoryId: Uuid | undefined;
}

const pathIn = (directory: string): string => `${directory}/meta.properties`;

/** Undefined when the directory is not formatted. Throws a StorageError. */
export function readMetaProperties(files: FileSpace, directory: string): MetaProperties | undefined {
  const path = pathIn(directory);
  const text = readTextFile(files, path);
  if (text === undefined) return undefined;
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!=:\s][^=:\s]*)\s*[=:]\s*(.*?)\s*$/.exec(line);
    // Java escapes "=", ":" and the like in values.
    if (match) values.set(match[1], match[2].replace(/\\(.)/g, '$1'));
  }
  const version = values.get('version');
  if (version === '0')
    throw new StorageError('version 0: written by a Kafka with ZooKeeper; migrate it first', path, 0);
  if (version !== '1') throw new StorageError(`version ${version} where 1 is expected: not of this release`, path, 0);
  const clusterId = values.get('cluster.id');
  const nodeId = values.get('node.id');
  if (!clusterId) throw new StorageError('no cluster.id', path, 0);
  if (!nodeId || !/^\d+$/.test(nodeId)) throw new StorageError('no node.id', path, 0);
  return { clusterId, nodeId: Number(nodeId), directoryId: values.get('directory.id') };
}

/** Durable when it returns. Throws a StorageError. */
export function writeMetaProperties(files: FileSpace, directory: string, properties: MetaProperties): void {
  const { clusterId, nodeId, directoryId } = properties;
  const lines = ['version=1', `cluster.id=${clusterId}`, `node.id=${nodeId}`];
  if (directoryId !== undefined) lines.push(`directory.id=${directoryId}`);
  writeTextFile(files, pathIn(directory), `${lines.join('\n')}\n`);
}
