import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rm,
  rmSync,
  statSync,
  unlink,
  unlinkSync,
  utimesSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { loadAddon } from './addon.ts';
import { Errno, type FileSpace, type FileStat, type FolderEntry } from './file-space.ts';

/**
 * Files of the operating system through node:fs, with errno values in place of exceptions.
 *
 * Thread: any; the calls block it.
 */

/** Parts of one writev; Linux refuses more than 1024. */
const WRITEV_PARTS_MAX = 1024;

function errnoOf(error: unknown): number {
  const errno = (error as NodeJS.ErrnoException).errno;
  if (typeof errno !== 'number') throw error;
  return errno;
}

function attempt(run: () => void): number {
  try {
    run();
    return 0;
  } catch (error) {
    return errnoOf(error);
  }
}

/** With the folders above it. Node's own way to do so never ends where a folder takes no others, as in /proc. */
function makeFolders(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (
      code === 'ENOENT' &&
      dirname(path) !== path &&
      statSync(dirname(path), { throwIfNoEntry: false }) === undefined
    ) {
      makeFolders(dirname(path));
      makeFolders(path);
    } else if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      throw error;
    }
  }
}

function writeAll(file: number, position: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, position + at);
}

/** writev until all parts are out; the rest of a short write goes out part by part. */
function writeParts(file: number, position: number, parts: readonly Uint8Array[]): void {
  let written = writevSync(file, parts, position);
  let end = 0;
  for (const part of parts) {
    end += part.length;
    if (written >= end) continue;
    const from = part.length - (end - written);
    writeAll(file, position + written, part.subarray(from));
    written = end;
  }
}

/**
 * Who holds a lock file: the process and its start time, so that a reused process id is told apart. Undefined where no such
 * process is left. One that has ended and whose parent has not asked for its status yet (a zombie: for as long as it likes,
 * in a container whose first process asks for none) is not left; one of its threads that still ends is.
 */
function processIdentity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // From the state, the third field of proc(5), on: the process's name before it may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const startTicks = fields[19];
    if (fields[0] === 'Z' && Number(fields[17]) <= 1) return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${pid} ${startTicks} ${boot}`;
  } catch {
    try {
      process.kill(pid, 0);
      return `${pid}`;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM' ? `${pid}` : undefined;
    }
  }
}

class FsFileSpace implements FileSpace {
  readonly kind = 'fs';
  /** Descriptors of lock files, where the system's own locks are to be had. */
  readonly #locks = new Map<string, number>();
  /** Folders that are removed aside, the first one being on its way: a thousand at once would keep other files waiting. */
  readonly #removals: string[] = [];

  makeFolder(path: string): number {
    return attempt(() => makeFolders(path));
  }

  list(folder: string): FolderEntry[] | number {
    try {
      const entries = readdirSync(folder, { withFileTypes: true });
      return entries
        .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
        .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    } catch (error) {
      return errnoOf(error);
    }
  }

  stat(path: string): FileStat | number {
    try {
      // What is not there is asked for thousands of times at a start, and an exception costs ten times the call.
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats === undefined) return Errno.ENOENT;
      return { sizeBytes: stats.size, modifiedMs: stats.mtimeMs, isFolder: stats.isDirectory() };
    } catch (error) {
      return errnoOf(error);
    }
  }

  open(path: string, create: boolean): number {
    try {
      return openSync(path, constants.O_RDWR | (create ? constants.O_CREAT : 0), 0o644);
    } catch (error) {
      return errnoOf(error);
    }
  }

  close(file: number): void {
    closeSync(file);
  }

  read(file: number, position: number, target: Uint8Array, targetAt: number, sizeBytes: number): number {
    try {
      let done = 0;
      while (done < sizeBytes) {
        const got = readSync(file, target, targetAt + done, sizeBytes - done, position + done);
        if (got === 0) break;
        done += got;
      }
      return done;
    } catch (error) {
      return errnoOf(error);
    }
  }

  write(file: number, position: number, parts: readonly Uint8Array[], count: number): number {
    try {
      if (count === 1) {
        writeAll(file, position, parts[0]);
        return 0;
      }
      for (let at = 0; at < count; at += WRITEV_PARTS_MAX) {
        const slice = parts.slice(at, Math.min(count, at + WRITEV_PARTS_MAX));
        writeParts(file, position, slice);
        for (const part of slice) position += part.length;
      }
      return 0;
    } catch (error) {
      return errnoOf(error);
    }
  }

  truncate(file: number, sizeBytes: number): number {
    return attempt(() => ftruncateSync(file, sizeBytes));
  }

  sync(file: number, done: (result: number) => void): void {
    fdatasync(file, (error) => done(error ? (error.errno ?? Errno.EIO) : 0));
  }

  syncNow(file: number): number {
    return attempt(() => fdatasyncSync(file));
  }

  syncFolder(path: string, done: (result: number) => void): void {
    let folder: number;
    try {
      folder = openSync(path, constants.O_RDONLY);
    } catch (error) {
      const result = errnoOf(error);
      queueMicrotask(() => done(result));
      return;
    }
    fsync(folder, (error) => {
      closeSync(folder);
      done(error ? (error.errno ?? Errno.EIO) : 0);
    });
  }

  syncFolderNow(path: string): number {
    return attempt(() => {
      const folder = openSync(path, constants.O_RDONLY);
      try {
        fsyncSync(folder);
      } finally {
        closeSync(folder);
      }
    });
  }

  openFileSystem(folder: string): number {
    const loaded = loadAddon();
    if (!loaded) return Errno.ENOSYS;
    try {
      const file = openSync(folder, constants.O_RDONLY);
      if (loaded.addon.tellsFailedWrites(file)) return file;
      closeSync(file);
      return Errno.ENOSYS;
    } catch (error) {
      return errnoOf(error);
    }
  }

  syncFileSystemNow(file: number): number {
    return loadAddon()?.addon.syncFileSystem(file) ?? Errno.ENOSYS;
  }

  unwrittenBytes(): number {
    return loadAddon()?.addon.unwrittenBytes() ?? Number.POSITIVE_INFINITY;
  }

  readFile(path: string): Uint8Array | number {
    try {
      if (statSync(path, { throwIfNoEntry: false }) === undefined) return Errno.ENOENT;
      return readFileSync(path);
    } catch (error) {
      return errnoOf(error);
    }
  }

  writeFileAtomic(path: string, bytes: Uint8Array, durable = true): number {
    const temporary = `${path}.tmp`;
    const result = attempt(() => {
      const file = openSync(temporary, 'w', 0o644);
      try {
        writeAll(file, 0, bytes);
        if (durable) fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
    });
    // What was written of it takes room that may be wanted badly.
    if (result < 0) attempt(() => unlinkSync(temporary));
    return result < 0 || !durable ? result : this.syncFolderNow(dirname(path));
  }

  rename(from: string, to: string): number {
    return attempt(() => renameSync(from, to));
  }

  setModified(path: string, modifiedMs: number): number {
    return attempt(() => utimesSync(path, modifiedMs / 1000, modifiedMs / 1000));
  }

  unlink(path: string): number {
    return attempt(() => unlinkSync(path));
  }

  unlinkAside(path: string): void {
    unlink(path, () => {});
  }

  removeFolder(path: string): number {
    return attempt(() => rmSync(path, { recursive: true }));
  }

  removeFolderAside(path: string): void {
    this.#removals.push(path);
    if (this.#removals.length === 1) this.#removeNext();
  }

  #removeNext(): void {
    rm(this.#removals[0], { recursive: true, force: true }, () => {
      const next = this.#removals.pop();
      if (this.#removals.length === 0) return;
      this.#removals[0] = next!;
      this.#removeNext();
    });
  }

  lock(path: string): number {
    const mine = processIdentity(process.pid) ?? `${process.pid}`;
    try {
      // Kafka leaves its empty lock file behind; an empty or foreign content names no live process and is taken over.
      const holder = readFileSync(path, 'latin1').trim();
      const pid = Number.parseInt(holder, 10);
      if (holder === mine || (pid > 0 && processIdentity(pid) === holder)) return Errno.EAGAIN;
    } catch (error) {
      const result = errnoOf(error);
      if (result !== Errno.ENOENT) return result;
    }
    const content = Buffer.from(`${mine}\n`);
    // What Java's programs look at. Not every file system has such locks; who holds it is then told by the content alone.
    const descriptor = loadAddon()?.addon.lockFile(path) ?? Errno.EINVAL;
    if (descriptor === Errno.EAGAIN) return Errno.EAGAIN;
    if (descriptor < 0) return this.writeFileAtomic(path, content);
    const result = attempt(() => {
      ftruncateSync(descriptor);
      writeSync(descriptor, content, 0, content.length, 0);
    });
    // A lock that is not told of would keep its own process away at the next try (a full disk is tried twice).
    if (result < 0) closeSync(descriptor);
    else this.#locks.set(path, descriptor);
    return result;
  }

  unlock(path: string): number {
    const result = this.unlink(path);
    const descriptor = this.#locks.get(path);
    if (descriptor !== undefined) closeSync(descriptor);
    this.#locks.delete(path);
    return result;
  }
}

export const fsFileSpace: FileSpace = new FsFileSpace();
