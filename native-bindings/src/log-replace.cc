// Putting a cleaned segment in the place of old ones. See log.h, and LogStore.replace for the order of the renames.
#include <errno.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>

#include "log.h"
#include "open-segments.h"

namespace millrace {
namespace {

// Files that are not there are passed over.
int renameAll(const Segment* segment, const char* from, const char* to) {
  for (const char* suffix : {".txnindex", ".timeindex", ".index", ".log"}) {
    const std::string path = segment->path(suffix);
    if (rename((path + from).c_str(), (path + to).c_str()) < 0 && errno != ENOENT) return -errno;
  }
  return 0;
}

int renameFiles(const std::vector<Segment*>& replaced) {
  if (const int result = renameAll(replaced[0], ".cleaned", ".swap"); result < 0) return result;
  for (const Segment* segment : replaced)
    if (const int result = renameAll(segment, "", ".deleted"); result < 0) return result;
  return renameAll(replaced[0], ".swap", "");
}

}  // namespace

int replaceSegments(double handle, const double* baseOffsets, uint32_t count) {
  Log* log = ownedLog(handle);
  if (log == nullptr) return WRONG_HANDLE;
  const size_t all = log->segments.size();
  size_t first = 0;
  while (first < all && (count == 0 || static_cast<double>(log->segments[first]->baseOffset) != baseOffsets[0])) first++;
  // The active segment cannot be replaced.
  if (count == 0 || first + count >= all) return -ENOENT;
  const auto begin = log->segments.begin() + static_cast<int64_t>(first);
  const std::vector<Segment*> replaced(begin, begin + count);
  for (uint32_t at = 0; at < count; at++)
    if (static_cast<double>(replaced[at]->baseOffset) != baseOffsets[at]) return -ENOENT;
  struct stat info;
  if (stat(replaced[0]->path(".log.cleaned").c_str(), &info) < 0) return -errno;
  Segment* cleaned = makeSegment(log, replaced[0]->baseOffset, info.st_size);
  if (cleaned == nullptr) return -ENOMEM;
  int result;
  {
    // Under the lock, so that no look-up opens a new file by an old segment's name.
    std::lock_guard lock(log->mutex);
    result = renameFiles(replaced);
    if (result == 0) {
      *begin = cleaned;
      log->segments.erase(begin + 1, begin + count);
      log->folderVersion++;
    }
  }
  if (result < 0) retireSegment(log, cleaned);
  else
    for (Segment* segment : replaced) retireSegment(log, segment);
  closeSurplus();
  return result;
}

}  // namespace millrace
