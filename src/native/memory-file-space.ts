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

/** A folder holds files and folders by name. */
type MemoryFolder = Map<string, MemoryFile | MemoryFolder>;

/** First allocation of a file that is written to. */
const FILE_BYTES_MIN = 4096;
/** A file grows by doubling up to this step, then by this step. */
const GROWTH_BYTES_MAX = 16 * 1024 * 1024;

export type FailingCall = 'write' | 'sync' | 'read' | 'rename' | 'open' | 'list';

export class MemoryFileSpace implements FileSpace {
  readonly kind = 'memory';
  readonly #wallMs: () => number;
  readonly #root: MemoryFolder = new Map();
  readonly #locks = new Set<string>();
  readonly #open: (MemoryFile | undefined)[] = [];
  readonly #freeHandles: number[] = [];
  /** Paths under which handles were opened. */
  readonly #paths: string[] = [];
  /** Bytes of all files, beyond which the disk is full. */
  capacityBytes = Number.POSITIVE_INFINITY;
  readonly #failures: { readonly call: FailingCall; readonly errno: number; readonly under: string }[] = [];

  /** `wallMs` gives the time of changes. */
  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  makeFolder(path: string): number {
    let folder = this.#root;
    for (const name of namesOf(path)) {
      let next = folder.get(name);
      if (next === undefined) {
        next = new Map();
        folder.set(name, next);
      }
      if (!(next instanceof Map)) return Errno.EEXIST;
      folder = next;
    }
    return 0;
  }

  list(folder: string): FolderEntry[] | number {
    const failure = this.#failure('list', folder);
    if (failure) return failure;
    const found = this.#find(folder);
    if (!(found instanceof Map)) return found ? Errno.ENOTDIR : Errno.ENOENT;
    const entries = [...found].map(([name, entry]) => ({ name, isFolder: entry instanceof Map }));
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  stat(path: string): FileStat | number {
    const found = this.#find(path);
    if (!found) return Errno.ENOENT;
    if (found instanceof Map) return { sizeBytes: 0, modifiedMs: 0, isFolder: true };
    return { sizeBytes: found.sizeBytes, modifiedMs: found.modifiedMs, isFolder: false };
  }

  open(path: string, create: boolean): number {
    const failure = this.#failure('open', path);
    if (failure) return failure;
    let file = this.#find(path);
    if (file instanceof Map) return Errno.EISDIR;
    if (!file) {
      const folder = create ? this.#folderOf(path) : undefined;
      if (!folder) return Errno.ENOENT;
      file = { bytes: new Uint8Array(0), sizeBytes: 0, modifiedMs: this.#wallMs() };
      folder.set(nameOf(path), file);
    }
    const handle = this.#freeHandles.pop() ?? this.#open.length;
    this.#open[handle] = file;
    this.#paths[handle] = path;
    return handle;
  }

  close(file: number): void {
    this.#file(file);
    this.#open[file] = undefined;
    this.#freeHandles.push(file);
  }

  read(file: number, position: number, target: Uint8Array, targetAt: number, sizeBytes: number): number {
    const from = this.#file(file);
    const failure = this.#failure('read', this.#paths[file]);
    if (failure) return failure;
    const size = Math.max(0, Math.min(sizeBytes, from.sizeBytes - position));
    if (size > 0) target.set(from.bytes.subarray(position, position + size), targetAt);
    return size;
  }

  write(file: number, position: number, parts: readonly Uint8Array[], count: number): number {
    const into = this.#file(file);
    let sizeBytes = 0;
    for (let part = 0; part < count; part++) sizeBytes += parts[part].length;
    const grownBytes = position + sizeBytes - into.sizeBytes;
    const failure = this.#failure('write', this.#paths[file]) || (this.#hasRoom(grownBytes) ? 0 : Errno.ENOSPC);
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
    return failure;
  }

  truncate(file: number, sizeBytes: number): number {
    const into = this.#file(file);
    ensureCapacity(into, sizeBytes);
    into.bytes.fill(0, Math.min(sizeBytes, into.sizeBytes), Math.max(sizeBytes, into.sizeBytes));
    into.sizeBytes = sizeBytes;
    into.modifiedMs = this.#wallMs();
    return 0;
  }

  openFileSystem(): number {
    return Errno.ENOSYS;
  }

  syncFileSystemNow(): number {
    return Errno.ENOSYS;
  }

  unwrittenBytes(): number {
    return 0;
  }

  sync(file: number, done: (result: number) => void): void {
    const result = this.syncNow(file);
    queueMicrotask(() => done(result));
  }

  syncNow(file: number): number {
    this.#file(file);
    return this.#failure('sync', this.#paths[file]);
  }

  syncFolder(path: string, done: (result: number) => void): void {
    const result = this.syncFolderNow(path);
    queueMicrotask(() => done(result));
  }

  syncFolderNow(path: string): number {
    return this.#find(path) instanceof Map ? 0 : Errno.ENOENT;
  }

  readFile(path: string): Uint8Array | number {
    const failure = this.#failure('read', path);
    if (failure) return failure;
    const file = this.#find(path);
    if (file instanceof Map) return Errno.EISDIR;
    return file ? file.bytes.slice(0, file.sizeBytes) : Errno.ENOENT;
  }

  writeFileAtomic(path: string, bytes: Uint8Array): number {
    const failure = this.#failure('write', path);
    if (failure) return failure;
    const folder = this.#folderOf(path);
    if (!folder) return Errno.ENOENT;
    // The old content goes when the new one is there.
    if (!this.#hasRoom(bytes.length)) return Errno.ENOSPC;
    folder.set(nameOf(path), { bytes: bytes.slice(), sizeBytes: bytes.length, modifiedMs: this.#wallMs() });
    return 0;
  }

  rename(from: string, to: string): number {
    const failure = this.#failure('rename', to);
    if (failure) return failure;
    const moved = this.#find(from);
    const folder = this.#folderOf(to);
    if (!moved || !folder) return Errno.ENOENT;
    this.#folderOf(from)!.delete(nameOf(from));
    folder.set(nameOf(to), moved);
    return 0;
  }

  setModified(path: string, modifiedMs: number): number {
    const found = this.#find(path);
    if (!found) return Errno.ENOENT;
    if (found instanceof Map) return Errno.EISDIR;
    found.modifiedMs = modifiedMs;
    return 0;
  }

  unlinkAside(path: string): void {
    this.unlink(path);
  }

  unlink(path: string): number {
    const found = this.#find(path);
    if (!found) return Errno.ENOENT;
    if (found instanceof Map) return Errno.EISDIR;
    this.#folderOf(path)!.delete(nameOf(path));
    return 0;
  }

  removeFolderAside(path: string): void {
    this.removeFolder(path);
  }

  removeFolder(path: string): number {
    if (!(this.#find(path) instanceof Map)) return Errno.ENOENT;
    this.#folderOf(path)!.delete(nameOf(path));
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
    copyFolder(this.#root, copy.#root);
    return copy;
  }

  /** Replaces a file's bytes with what `change` makes of them. */
  edit(path: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const file = this.#find(path);
    if (!file || file instanceof Map) throw new Error(`no file ${path}`);
    file.bytes = change(file.bytes.slice(0, file.sizeBytes));
    file.sizeBytes = file.bytes.length;
  }

  /** Makes all calls of one kind, for paths that begin with `under`, fail with a negative errno, until 0 is given. */
  failWith(call: FailingCall, errno: number, under = ''): void {
    const known = this.#failures.findIndex((failure) => failure.call === call && failure.under === under);
    if (known >= 0) this.#failures.splice(known, 1);
    if (errno !== 0) this.#failures.push({ call, errno, under });
  }

  /** Bytes of all files. */
  get usedBytes(): number {
    return folderBytes(this.#root);
  }

  #hasRoom(grownBytes: number): boolean {
    if (this.capacityBytes === Number.POSITIVE_INFINITY || grownBytes <= 0) return true;
    return this.usedBytes + grownBytes <= this.capacityBytes;
  }

  /** 0 when the call is to succeed. */
  #failure(call: FailingCall, path: string): number {
    if (this.#failures.length === 0) return 0;
    return this.#failures.find((failure) => failure.call === call && path.startsWith(failure.under))?.errno ?? 0;
  }

  #find(path: string): MemoryFile | MemoryFolder | undefined {
    let found: MemoryFile | MemoryFolder | undefined = this.#root;
    for (const name of namesOf(path)) {
      if (!(found instanceof Map)) return undefined;
      found = found.get(name);
    }
    return found;
  }

  #folderOf(path: string): MemoryFolder | undefined {
    const folder = this.#find(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    return folder instanceof Map ? folder : undefined;
  }

  #file(handle: number): MemoryFile {
    const file = this.#open[handle];
    if (!file) throw new Error(`file handle ${handle} is not open`);
    return file;
  }
}

/** "/data/./t-0" and "data/t-0" are the same. */
function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function folderBytes(folder: MemoryFolder): number {
  let sum = 0;
  for (const entry of folder.values()) sum += entry instanceof Map ? folderBytes(entry) : entry.sizeBytes;
  return sum;
}

function copyFolder(from: MemoryFolder, to: MemoryFolder): void {
  for (const [name, entry] of from)
    if (entry instanceof Map) {
      const folder: MemoryFolder = new Map();
      to.set(name, folder);
      copyFolder(entry, folder);
    } else to.set(name, { ...entry, bytes: entry.bytes.slice(0, entry.sizeBytes) });
}

function ensureCapacity(file: MemoryFile, sizeBytes: number): void {
  if (sizeBytes <= file.bytes.length) return;
  const step = Math.min(Math.max(file.bytes.length, FILE_BYTES_MIN), GROWTH_BYTES_MAX);
  const grown = new Uint8Array(Math.max(sizeBytes, file.bytes.length + step));
  grown.set(file.bytes);
  file.bytes = grown;
}
