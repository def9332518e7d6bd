import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A process whose calls for syncs, for threads and for what a folder holds fail when it is told to: a small library before
 * the system's, compiled by the test. It says of every file system that it is ext4 with nothing waiting to be written, and
 * its syncs take no time but for `fdatasync`, so that the engine prefers to sync a file system as a whole.
 */

const LIBRARY = String.raw`
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

static volatile unsigned char *control;

__attribute__((constructor)) static void begin(void) {
  int fd = open(getenv("FAILING_CALLS"), O_RDWR | O_CLOEXEC);
  control = mmap(0, 64, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

/* Place 0: syncfs; 1: fdatasync, 2: sync_file_range, both of a log with "-1/" in its path; 3: fstatfs;
   4: readdir, of the folder itself; 5: pthread_create; 8: calls of syncfs. */
static int fails(int place, int fd) {
  char name[64], path[4096];
  ssize_t size;
  if (!control[place]) return 0;
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  size = readlink(name, path, sizeof path - 2);
  if (size < 0) return 0;
  strcpy(path + size, "/");
  if (place > 0 && !strstr(path, "-1/")) return 0;
  errno = EIO;
  return 1;
}

int syncfs(int fd) {
  control[8]++;
  return fails(0, fd) ? -1 : 0;
}

int fdatasync(int fd) {
  usleep(200);
  return fails(1, fd) ? -1 : 0;
}

int sync_file_range(int fd, off64_t from, off64_t size, unsigned flags) {
  (void)from, (void)size;
  return !(flags & SYNC_FILE_RANGE_WRITE) && fails(2, fd) ? -1 : 0;
}

int fstatfs(int fd, struct statfs *out) {
  (void)fd;
  memset(out, 0, sizeof *out);
  out->f_type = control[3] ? 0x794c7630 : 0xef53;
  return 0;
}

int uname(struct utsname *out) {
  int (*next)(struct utsname *) = dlsym(RTLD_NEXT, "uname");
  int result = next(out);
  strcpy(out->release, "6.1.0");
  return result;
}

struct dirent *readdir(DIR *folder) {
  struct dirent *(*next)(DIR *) = dlsym(RTLD_NEXT, "readdir");
  return fails(4, dirfd(folder)) ? NULL : next(folder);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
  int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
  return control[5] ? EAGAIN : next(thread, attributes, run, argument);
}

int open(const char *path, int flags, ...) {
  int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
  va_list list;
  va_start(list, flags);
  int mode = va_arg(list, int);
  va_end(list);
  if (strcmp(path, "/proc/meminfo") != 0) return next(path, flags, mode);
  static const char text[] = "Dirty: 0 kB\nWriteback: 0 kB\n";
  int fd = memfd_create("meminfo", MFD_CLOEXEC);
  return write(fd, text, sizeof text - 1) < 0 ? -1 : fd;
}
`;

export const Fault = {
  fileSystem: 0,
  dataOfFile: 1,
  earlierWriteOfFile: 2,
  otherFileSystem: 3,
  folder: 4,
  thread: 5,
} as const;
const SYNCFS_CALLS = 8;

const control = process.env.FAILING_CALLS ? openSync(process.env.FAILING_CALLS, 'r+') : undefined;

/** Whether this process is the one whose calls can fail. */
export const canFail = control !== undefined;

export function setFault(fault: (typeof Fault)[keyof typeof Fault], isOn: boolean): void {
  writeSync(control!, Uint8Array.of(isOn ? 1 : 0), 0, 1, fault);
}

/** How often a file system was synced, modulo 256. */
export function fileSystemSyncs(): number {
  const count = new Uint8Array(1);
  readSync(control!, count, 0, 1, SYNCFS_CALLS);
  return count[0];
}

/** Runs a test file in such a process; returns its output and status. `undefined`: there is no compiler. */
export function runFailing(file: string): { readonly output: string; readonly status: number | null } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-faults-'));
  try {
    const [source, library, state] = ['faults.c', 'faults.so', 'state'].map((name) => join(folder, name));
    writeFileSync(source, LIBRARY);
    writeFileSync(state, new Uint8Array(64));
    const compiled = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { encoding: 'utf8' });
    if (compiled.error) return undefined;
    if (compiled.status !== 0) return { output: compiled.stderr, status: compiled.status };
    const { NODE_TEST_CONTEXT: _, LD_PRELOAD: before = '', ...environment } = process.env;
    const run = spawnSync(process.execPath, ['--test-reporter=spec', file], {
      encoding: 'utf8',
      timeout: 60_000,
      // Behind the runtime of a sanitizer, which must be the first.
      env: { ...environment, LD_PRELOAD: `${before} ${library}`, FAILING_CALLS: state },
    });
    return { output: run.stdout + run.stderr, status: run.status };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
