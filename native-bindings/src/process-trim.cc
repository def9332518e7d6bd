// See process-trim.h.
#include "process-trim.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cinttypes>

namespace millrace {

void trimProcess() {
  malloc_trim(0);
  FILE* maps = fopen("/proc/self/maps", "re");
  if (maps == nullptr) return;
  char line[512];
  while (fgets(line, sizeof line, maps)) {
    uintptr_t start, end, inode;
    char rights[5];
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %" SCNuPTR, &start, &end, rights, &inode) != 4) continue;
    // Code of a file, which nobody can have written to: other pages may differ from their file.
    if (inode != 0 && strcmp(rights, "r-xp") == 0) madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTNEED);
  }
  fclose(maps);
}

}  // namespace millrace
