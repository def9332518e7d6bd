// See reserved-room.h.
#include "reserved-room.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include <algorithm>

#include "segment.h"

namespace millrace {
namespace {

// A smaller segment may not grow, and many small ones would take much room together.
constexpr int64_t RESERVING_BYTES_MIN = 4 * 1024 * 1024;
// Taken at a time: a part of what the segment has, up to a bound.
constexpr int64_t RESERVED_PART = 4;
constexpr int64_t RESERVED_BYTES_MAX = 8 * 1024 * 1024;
// With less free on the disk the room is left to who writes first.
constexpr int64_t FREE_BYTES_MIN = int64_t{1} << 30;

// Elsewhere it gains nothing (XFS) or costs (a file system in memory would take its pages).
bool gains(const struct statfs& system) { return system.f_type == EXT4_SUPER_MAGIC; }

}  // namespace

void reserveRoom(Segment* active, int64_t sizeBytes) {
  const int64_t end = active->sizeBytes + sizeBytes;
  if (end <= active->reservedTo || active->preallocated || active->sizeBytes < RESERVING_BYTES_MIN) return;
  const int64_t from = std::max(active->reservedTo, active->sizeBytes);
  const int64_t to = end + std::min(active->sizeBytes / RESERVED_PART, RESERVED_BYTES_MAX);
  active->reservedTo = to;
  struct statfs system;
  if (fstatfs(active->fd, &system) < 0 || !gains(system)) return;
  if (static_cast<int64_t>(system.f_bavail) < FREE_BYTES_MIN / static_cast<int64_t>(system.f_bsize)) return;
  (void)fallocate(active->fd, FALLOC_FL_KEEP_SIZE, from, to - from);
}

int64_t roomFound(const struct stat& file) {
  constexpr int64_t STAT_BLOCK_BYTES = 512;
  const int64_t to = file.st_blocks * STAT_BLOCK_BYTES;
  // The last block of the records is seldom full.
  return to - file.st_size > file.st_blksize ? to : 0;
}

}  // namespace millrace
