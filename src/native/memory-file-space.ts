import { Errno, type FileSpace, type FileStat, type FolderEntry } from './file-space.ts';

/**
 * A file system in memory: for embedded brokers that keep nothing, and for tests, which may break it on purpose
 * (`clone` is what a crash leaves, `edit` damages a file, `failWith` makes a kind of call fail).
 *
 * Thread: one. Nothing blocks; `done` callbacks run as microtasks.
 */

interface MemoryFile {
  bytes: Uint8Array;
  sizeBytes: number;
  modifiedMs: number;
}

/** First allocation of a file that is written to. */
const FILE_BYTES_MIN = 4096;
/** A file grows by doubling up to this step, then by this step. */
const GROWTH_BYTES_MAX = 16 * 1024 * 1024;

export type FailingCall = 'write' | 'sync' | 'read' | 'rename' | 'open';

export class MemoryFileSpace implements FileSpace {
  readonly kind = 'memory';
  readonly #wallMs: () => number;
  readonly #files = new Map<string, MemoryFile>();
  readonly #folders = new Set<string>(['/', '.']);
  readonly #locks = new Set<string>();
  readonly #open: (MemoryFile | undefined)[] = [];
  readonly #failures = new Map<FailingCall, number>();

  /** `wallMs` gives the time of changes. */
  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  makeFolder(path: string): number {
    if (this.#files.has(path)) return Errno.EEXIST;
    for (let folder = path; !this.#folders.has(folder); folder = parentOf(folder)) this.#folders.add(folder);
    return 0;
  }

  list(folder: string): FolderEntry[] | number {
    if (!this.#folders.has(folder)) return Errno.ENOENT;
    const prefix = folder.endsWith('/') ? folder : `${folder}/`;
    const entries: FolderEntry[] = [];
    const add = (path: string, isFolder: boolean): void => {
      if (path.startsWith(prefix) && path !== folder && !path.includes('/', prefix.length))
        entries.push({ name: path.slice(prefix.length), isFolder });
    };
    for (const path of this.#folders) add(path, true);
    for (const path of this.#files.keys()) add(path, false);
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  stat(path: string): FileStat | number {
    if (this.#folders.has(path)) return { sizeBytes: 0, modifiedMs: 0, isFolder: true };
    const file = this.#files.get(path);
    if (!file) return Errno.ENOENT;
    return { sizeBytes: file.sizeBytes, modifiedMs: file.modifiedMs, isFolder: false };
  }

  open(path: string, create: boolean): number {
    const failure = this.#failures.get('open');
    if (failure) return failure;
    if (this.#folders.has(path)) return Errno.EISDIR;
    let file = this.#files.get(path);
    if (!file) {
      if (!create || !this.#folders.has(parentOf(path))) return Errno.ENOENT;
      file = { bytes: new Uint8Array(0), sizeBytes: 0, modifiedMs: this.#wallMs() };
      this.#files.set(path, file);
    }
    let handle = this.#open.indexOf(undefined);
    if (handle < 0) handle = this.#open.length;
    this.#open[handle] = file;
    return handle;
  }

  close(file: number): void {
    this.#file(file);
    this.#open[file] = undefined;
  }

  read(file: number, position: number, target: Uint8Array, targetAt: number, sizeBytes: number): number {
    const failure = this.#failures.get('read');
    if (failure) return failure;
    const from = this.#file(file);
    const size = Math.max(0, Math.min(sizeBytes, from.sizeBytes - position));
    if (size > 0) target.set(from.bytes.subarray(position, position + size), targetAt);
    return size;
  }

  write(file: number, position: number, parts: readonly Uint8Array[], count: number): number {
    const into = this.#file(file);
    const failure = this.#failures.get('write');
    let at = position;
    for (let part = 0; part < count; part++) {
      // A failing write leaves half of its first part behind, as a full disk may.
      const bytes = failure ? parts[part].subarray(0, parts[part].length >> 1) : parts[part];
      ensureCapacity(into, at + bytes.length);
      into.bytes.set(bytes, at);
      at += bytes.length;
      if (failure) break;
    }
    into.sizeBytes = Math.max(into.sizeBytes, at);
    into.modifiedMs = this.#wallMs();
    return failure ?? 0;
  }

  truncate(file: number, sizeBytes: number): number {
    const into = this.#file(file);
    ensureCapacity(into, sizeBytes);
    into.bytes.fill(0, Math.min(sizeBytes, into.sizeBytes), Math.max(sizeBytes, into.sizeBytes));
    into.sizeBytes = sizeBytes;
    into.modifiedMs = this.#wallMs();
    return 0;
  }

  sync(file: number, done: (result: number) => void): void {
    const result = this.syncNow(file);
    queueMicrotask(() => done(result));
  }

  syncNow(file: number): number {
    this.#file(file);
    return this.#failures.get('sync') ?? 0;
  }

  syncFolder(path: string, done: (result: number) => void): void {
    const result = this.syncFolderNow(path);
    queueMicrotask(() => done(result));
  }

  syncFolderNow(path: string): number {
    return this.#folders.has(path) ? 0 : Errno.ENOENT;
  }

  readFile(path: string): Uint8Array | number {
    const file = this.#files.get(path);
    return file ? file.bytes.slice(0, file.sizeBytes) : Errno.ENOENT;
  }

  writeFileAtomic(path: string, bytes: Uint8Array): number {
    const failure = this.#failures.get('write');
    if (failure) return failure;
    if (!this.#folders.has(parentOf(path))) return Errno.ENOENT;
    this.#files.set(path, { bytes: bytes.slice(), sizeBytes: bytes.length, modifiedMs: this.#wallMs() });
    return 0;
  }

  rename(from: string, to: string): number {
    const failure = this.#failures.get('rename');
    if (failure) return failure;
    const file = this.#files.get(from);
    if (file) {
      this.#files.delete(from);
      this.#files.set(to, file);
      return 0;
    }
    if (!this.#folders.has(from)) return Errno.ENOENT;
    for (const folder of [...this.#folders]) {
      if (folder !== from && !folder.startsWith(`${from}/`)) continue;
      this.#folders.delete(folder);
      this.#folders.add(to + folder.slice(from.length));
    }
    for (const [path, moved] of [...this.#files]) {
      if (!path.startsWith(`${from}/`)) continue;
      this.#files.delete(path);
      this.#files.set(to + path.slice(from.length), moved);
    }
    return 0;
  }

  unlink(path: string): number {
    return this.#files.delete(path) ? 0 : Errno.ENOENT;
  }

  removeFolder(path: string): number {
    if (!this.#folders.has(path)) return Errno.ENOENT;
    for (const folder of [...this.#folders])
      if (folder === path || folder.startsWith(`${path}/`)) this.#folders.delete(folder);
    for (const file of [...this.#files.keys()]) if (file.startsWith(`${path}/`)) this.#files.delete(file);
    return 0;
  }

  lock(path: string): number {
    if (this.#locks.has(path)) return Errno.EAGAIN;
    this.#locks.add(path);
    return 0;
  }

  unlock(path: string): number {
    return this.#locks.delete(path) ? 0 : Errno.ENOENT;
  }

  /** What another process would find now: the same files, no open handles, no locks. */
  clone(): MemoryFileSpace {
    const copy = new MemoryFileSpace(this.#wallMs);
    for (const folder of this.#folders) copy.#folders.add(folder);
    for (const [path, file] of this.#files)
      copy.#files.set(path, { ...file, bytes: file.bytes.slice(0, file.sizeBytes) });
    return copy;
  }

  /** Replaces a file's bytes with what `change` makes of them. */
  edit(path: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const file = this.#files.get(path);
    if (!file) throw new Error(`no file ${path}`);
    file.bytes = change(file.bytes.slice(0, file.sizeBytes));
    file.sizeBytes = file.bytes.length;
  }

  /** Makes all calls of one kind fail with a negative errno, until 0 is given. */
  failWith(call: FailingCall, errno: number): void {
    if (errno === 0) this.#failures.delete(call);
    else this.#failures.set(call, errno);
  }

  #file(handle: number): MemoryFile {
    const file = this.#open[handle];
    if (!file) throw new Error(`file handle ${handle} is not open`);
    return file;
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash > 0 ? path.slice(0, slash) : slash === 0 ? '/' : '.';
}

function ensureCapacity(file: MemoryFile, sizeBytes: number): void {
  if (sizeBytes <= file.bytes.length) return;
  const step = Math.min(Math.max(file.bytes.length, FILE_BYTES_MIN), GROWTH_BYTES_MAX);
  const grown = new Uint8Array(Math.max(sizeBytes, file.bytes.length + step));
  grown.set(file.bytes);
  file.bytes = grown;
}
