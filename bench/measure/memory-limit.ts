/**
 * Limits the memory of a process, its page cache included, with a control group (version 1 or 2) where this process may
 * make one: the way to show a data set larger than memory without a day of writing. Linux only.
 */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

export interface MemoryLimit {
  bytes: number;
  /** After the process has ended. */
  release(): void;
}

/** Undefined where control groups of memory are not ours to make. What the process already holds stays where it was. */
export function limitMemory(pid: number, bytes: number): MemoryLimit | undefined {
  const second = existsSync(join(ROOT, 'cgroup.controllers'));
  const directory = join(second ? ROOT : join(ROOT, 'memory'), `millrace-bench-${pid}`);
  try {
    mkdirSync(directory);
  } catch {
    return undefined;
  }
  const release = () => {
    try {
      rmdirSync(directory);
    } catch {
      // not empty yet: an empty group costs nothing, and the next boot has none
    }
  };
  try {
    writeFileSync(join(directory, second ? 'memory.max' : 'memory.limit_in_bytes'), String(bytes));
    writeFileSync(join(directory, 'cgroup.procs'), String(pid));
    return { bytes, release };
  } catch {
    release();
    return undefined;
  }
}
