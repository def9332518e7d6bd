// See file-system-sync.h.
#include "file-system-sync.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <initializer_list>

namespace millrace {
namespace {

constexpr size_t MEMINFO_BYTES = 2048;

bool isKernelNewEnough() {
  utsname system;
  int major = 0;
  int minor = 0;
  if (uname(&system) < 0 || sscanf(system.release, "%d.%d", &major, &minor) != 2) return false;
  return major > 5 || (major == 5 && minor >= 17);
}

}  // namespace

bool tellsFailedWrites(int fd) {
  static const bool isNewEnough = isKernelNewEnough();
  struct statfs system;
  return isNewEnough && fstatfs(fd, &system) == 0 && system.f_type == EXT4_SUPER_MAGIC;
}

int64_t unwrittenBytes() {
  static const int meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
  char text[MEMINFO_BYTES];
  const ssize_t size = pread(meminfo, text, sizeof text - 1, 0);
  if (size <= 0) return INT64_MAX;
  text[size] = 0;
  int64_t sum = 0;
  for (const char* name : {"Dirty:", "Writeback:"}) {
    const char* at = strstr(text, name);
    if (at == nullptr) return INT64_MAX;
    sum += strtoll(at + strlen(name), nullptr, 10) * 1024;
  }
  return sum;
}

}  // namespace millrace
