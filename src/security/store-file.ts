/** Reading the files of key and trust stores. Control thread. */
import { readFileSync, statSync } from 'node:fs';
import { ConfigError } from '../config/config-error.ts';

/** No store of a broker comes near; a wrong path must not fill the memory. */
export const STORE_FILE_BYTES_MAX = 16 * 1024 * 1024;

/** `setting` is where the path was given. */
export function readStoreFile(path: string, setting: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size <= STORE_FILE_BYTES_MAX) return readFileSync(path);
  } catch (error) {
    throw new ConfigError(
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`,
      `${setting}, and that this user may read the file: ls -l ${path}`,
      'name an existing file',
    );
  }
  throw new ConfigError(
    `${path} is larger than ${STORE_FILE_BYTES_MAX} bytes`,
    setting,
    'name a file that holds keys and certificates only',
  );
}
