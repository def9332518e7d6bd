// Opening, closing, rolling, cutting and dropping: what the owner does to a log as a whole. See log.h.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "header-walk.h"
#include "log.h"
#include "open-segments.h"
#include "reserved-room.h"
#include "whole-number.h"

namespace millrace {
namespace {

constexpr size_t SEGMENT_NAME_DIGITS = 20;

// Counts the folders that had to be made.
int makeFolder(const std::string& path, uint32_t* made) {
  for (bool retried = false;; retried = true) {
    if (mkdir(path.c_str(), 0755) == 0) {
      (*made)++;
      return 0;
    }
    if (errno == EEXIST) return 0;
    const size_t slash = path.find_last_of('/');
    if (errno != ENOENT || retried || slash == std::string::npos || slash == 0) return -errno;
    if (const int result = makeFolder(path.substr(0, slash), made); result < 0) return result;
  }
}

// The base offset of "<20 digits>.log", -1 for other names and for what no offset can be.
int64_t baseOffsetOf(const char* name) {
  for (size_t at = 0; at < SEGMENT_NAME_DIGITS; at++)
    if (name[at] < '0' || name[at] > '9') return -1;
  if (strcmp(name + SEGMENT_NAME_DIGITS, ".log") != 0) return -1;
  // Digits enough for what 64 bits do not hold; then the greatest comes out, which is no offset either.
  const int64_t value = strtoll(name, nullptr, 10);
  return value < OFFSET_MAX ? value : -1;
}

double modifiedMsOf(const struct stat& info) {
  return static_cast<double>(info.st_mtim.tv_sec) * 1000 + static_cast<double>(info.st_mtim.tv_nsec / 1000000);
}

int listSegments(Log* log) {
  DIR* folder = opendir(log->folder.c_str());
  if (folder == nullptr) return -errno;
  int result = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(folder);
    if (entry == nullptr) {
      // The end, or a folder that cannot be read further: a log without its last segments would be written over.
      result = -errno;
      break;
    }
    const int64_t baseOffset = baseOffsetOf(entry->d_name);
    if (baseOffset < 0) continue;
    struct stat info;
    if (fstatat(dirfd(folder), entry->d_name, &info, 0) < 0) {
      result = -errno;
      break;
    }
    if (!S_ISREG(info.st_mode)) continue;
    Segment* segment = makeSegment(log, baseOffset, info.st_size);
    if (segment == nullptr) {
      result = -ENOMEM;
      break;
    }
    segment->modifiedMs = modifiedMsOf(info);
    segment->reservedTo = roomFound(info);
    log->segments.push_back(segment);
  }
  closedir(folder);
  std::sort(log->segments.begin(), log->segments.end(),
            [](const Segment* a, const Segment* b) { return a->baseOffset < b->baseOffset; });
  return result;
}

int unlinkFiles(const Segment* segment) {
  int first = 0;
  for (const char* suffix : {".log", ".index", ".timeindex"})
    if (unlink(segment->path(suffix).c_str()) < 0 && errno != ENOENT && first == 0) first = -errno;
  return first;
}

// Empties the log's slot and ends its handle. Segments that are still pinned live on by themselves.
void dropLog(Log* log) {
  std::vector<Segment*> segments;
  double handle;
  {
    std::lock_guard lock(log->mutex);
    segments.swap(log->segments);
    for (Segment* segment : segments) segment->member = false;
    std::vector<Segment*>().swap(log->dirty);
    std::vector<Damage>().swap(log->damage);
    std::string().swap(log->folder);
    log->folderVersion = log->folderSyncedVersion = 0;
    log->foldersMade = 0;
    log->open = false;
    handle = log->handle;
    logTable().free(handle);
  }
  for (Segment* segment : segments) unpin(segment);
}

}  // namespace

HandleTable<Log>& logTable() {
  static auto* table = new HandleTable<Log>();
  return *table;
}

Log* ownedLog(double handle) { return logTable().find(handle); }

LockedLog::LockedLog(double handle) : log_(logTable().find(handle)) {
  if (log_ == nullptr) return;
  log_->mutex.lock();
  if (log_->open && log_->handle == handle) return;
  log_->mutex.unlock();
  log_ = nullptr;
}

int64_t Log::floorSegment(int64_t offset) const {
  int64_t low = 0;
  int64_t high = static_cast<int64_t>(segments.size());
  // Most look-ups are for the active segment.
  if (high > 0 && segments[high - 1]->baseOffset <= offset) return high - 1;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (segments[middle]->baseOffset <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

Segment* Log::find(int64_t baseOffset) const {
  const int64_t index = floorSegment(baseOffset);
  return index >= 0 && segments[index]->baseOffset == baseOffset ? segments[index] : nullptr;
}

void markDirty(Log* log, Segment* segment) {
  const uint64_t version = segment->writeVersion.load(std::memory_order_relaxed);
  if (segment->syncedVersion.load(std::memory_order_relaxed) == version) {
    // A finished sync leaves its segments in the list until the next one, so look first.
    if (std::find(log->dirty.begin(), log->dirty.end(), segment) == log->dirty.end()) log->dirty.push_back(segment);
  }
  segment->writeVersion.store(version + 1);
  segment->modifiedMs = -1;
}

void retireSegment(Log* log, Segment* segment) {
  {
    std::lock_guard lock(log->mutex);
    segment->member = false;
    std::erase(log->dirty, segment);
  }
  unpin(segment);
}

int writeIndexes(Log* log, Segment* segment, bool closing) {
  if (closing && (!segment->loaded || !segment->indexesUsable())) return 0;
  if (closing) {
    std::lock_guard lock(log->mutex);
    segment->addTimeEntry(log->options.closingTimeEntriesMax());
  }
  const int offsets = segment->offsetIndex.writePending(segment->path(".index"));
  const int times = segment->timeIndex.writePending(segment->path(".timeindex"));
  std::lock_guard lock(log->mutex);
  segment->timeIndexWritten |= segment->timeIndex.hasPending();
  segment->offsetIndex.settlePending(offsets);
  segment->timeIndex.settlePending(times);
  if (closing) {
    segment->offsetIndex.dropBuffer();
    segment->timeIndex.dropBuffer();
  }
  return offsets < 0 ? offsets : times;
}

double openLog(const char* folder, const LogOptions& options) {
  double handle;
  Log* log = logTable().allocate(&handle);
  if (log == nullptr) return -ENOMEM;
  int result;
  {
    std::lock_guard lock(log->mutex);
    log->handle = handle;
    log->open = true;
    log->folder = folder;
    log->options = options;
    result = makeFolder(log->folder, &log->foldersMade);
    if (result == 0) result = listSegments(log);
    // A log without segments is new; its folder may have been made just before by somebody else.
    if (log->segments.empty()) log->foldersMade = std::max(log->foldersMade, 1u);
    if (result == 0 && log->active()) result = log->active()->load();
  }
  if (result < 0) dropLog(log);
  closeSurplus();
  return result < 0 ? result : handle;
}

int setLogOptions(double handle, const LogOptions& options) {
  LockedLog log(handle);
  if (!log) return WRONG_HANDLE;
  log->options = options;
  return 0;
}

int setDamage(double handle, const double* ranges, uint32_t count) {
  LockedLog log(handle);
  if (!log) return WRONG_HANDLE;
  log->damage.clear();
  for (const double* range = ranges; range < ranges + count * DAMAGE_STRIDE; range += DAMAGE_STRIDE)
    log->damage.push_back({whole(range[0]), whole(range[1]), whole(range[2]), whole(range[3]), whole(range[4])});
  return 0;
}

int trimSegment(Log* log, Segment* segment) {
  // What is no batch is left for somebody to look at.
  if (segment->torn || (!segment->preallocated && segment->reservedTo == 0)) return 0;
  {
    std::lock_guard lock(log->mutex);
    if (const int result = segment->ensureOpen(); result < 0) return result;
    pin(segment);
  }
  // Without the lock: nobody who reads has to wait for the file system.
  const int result = ftruncate(segment->fd, segment->sizeBytes) < 0 ? -errno : 0;
  if (result == 0) {
    std::lock_guard lock(log->mutex);
    segment->preallocated = false;
    segment->reservedTo = 0;
    markDirty(log, segment);
  }
  unpin(segment);
  return result;
}

int closeLog(double handle) {
  Log* log = ownedLog(handle);
  if (log == nullptr) return WRONG_HANDLE;
  if (log->active()) {
    writeIndexes(log, log->active(), true);
    trimSegment(log, log->active());
  }
  dropLog(log);
  return 0;
}

int finishIndexes(double handle) {
  Log* log = ownedLog(handle);
  if (log == nullptr) return WRONG_HANDLE;
  Segment* active = log->active();
  if (active == nullptr) return 0;
  writeIndexes(log, active, true);
  std::lock_guard lock(log->mutex);
  active->syncsTimeIndex = active->timeIndexWritten && active->needsTimeIndex();
  return active->syncsTimeIndex ? 1 : 0;
}

int logState(double handle, int64_t segmentBaseOffset, double* out) {
  int result;
  {
    LockedLog log(handle);
    if (!log) return WRONG_HANDLE;
    Segment* segment = segmentBaseOffset < 0 ? log->active() : log->find(segmentBaseOffset);
    if (segment == nullptr) return -ENOENT;
    result = segment->load();
    if (result == 0 && segment->modifiedMs < 0) {
      struct stat info;
      if (stat(segment->path(".log").c_str(), &info) < 0) result = -errno;
      else segment->modifiedMs = modifiedMsOf(info);
    }
    if (result == 0) segment->writeState(out);
  }
  closeSurplus();
  return result;
}

int rollLog(double handle, int64_t baseOffset) {
  Log* log = ownedLog(handle);
  if (log == nullptr) return WRONG_HANDLE;
  if (baseOffset < 0 || baseOffset >= OFFSET_MAX) return -EINVAL;
  Segment* active = log->active();
  if (active && baseOffset <= active->baseOffset)
    return baseOffset == active->baseOffset && active->sizeBytes == 0 ? 0 : -EEXIST;
  if (active) {
    if (const int result = writeIndexes(log, active, true); result < 0) return result;
    if (const int result = trimSegment(log, active); result < 0) return result;
    std::lock_guard lock(log->mutex);
    if (const int result = active->ensureOpen(); result < 0) return result;
    // Its records may be durable, its indexes are not.
    markDirty(log, active);
  }
  Segment* segment = makeSegment(log, baseOffset, 0);
  if (segment == nullptr) return -ENOMEM;
  const int result = segment->create(log->options.preallocateBytes);
  if (result < 0) {
    unlinkFiles(segment);
    retireSegment(log, segment);
    return result;
  }
  {
    std::lock_guard lock(log->mutex);
    if (active) active->dropTail();
    log->segments.push_back(segment);
    log->folderVersion++;
  }
  closeSurplus();
  return 0;
}

int removeSegment(double handle, int64_t segmentBaseOffset) {
  Log* log = ownedLog(handle);
  if (log == nullptr) return WRONG_HANDLE;
  Segment* segment = log->find(segmentBaseOffset);
  if (segment == nullptr) return -ENOENT;
  {
    // Under the lock, so that no look-up opens files by names that they have lost.
    std::lock_guard lock(log->mutex);
    int first = 0;
    for (const char* suffix : {".log", ".index", ".timeindex"}) {
      const std::string from = segment->path(suffix);
      if (rename(from.c_str(), (from + ".deleted").c_str()) < 0 && errno != ENOENT && first == 0) first = -errno;
    }
    if (first < 0) return first;
    std::erase(log->segments, segment);
    log->folderVersion++;
  }
  retireSegment(log, segment);
  return 0;
}

int truncateLog(double handle, int64_t offset) {
  Log* log = ownedLog(handle);
  if (log == nullptr) return WRONG_HANDLE;
  while (log->segments.size() > 1 && log->active()->baseOffset > offset) {
    Segment* dropped = log->active();
    {
      std::lock_guard lock(log->mutex);
      log->segments.pop_back();
      log->folderVersion++;
    }
    const int result = unlinkFiles(dropped);
    retireSegment(log, dropped);
    if (result < 0) return result;
  }
  Segment* active = log->active();
  if (active == nullptr) return 0;
  int result;
  {
    std::lock_guard lock(log->mutex);
    result = active->load();
    if (result == 0) result = active->ensureOpen();
  }
  if (result < 0) return result;
  int64_t position = offset <= active->baseOffset ? 0 : positionOf(handle, active->baseOffset, offset);
  if (position < -1) return static_cast<int>(position);
  if (position < 0) position = active->sizeBytes;
  // Not yet written index entries are needed by nobody else, and the cut works on files.
  writeIndexes(log, active, false);
  std::lock_guard lock(log->mutex);
  result = active->ensureOpen();
  if (result == 0) result = active->cutAt(position);
  markDirty(log, active);
  return result;
}

int resetLog(double handle, int64_t offset) {
  Log* log = ownedLog(handle);
  if (log == nullptr) return WRONG_HANDLE;
  int first = 0;
  std::vector<Segment*> segments;
  {
    std::lock_guard lock(log->mutex);
    segments.swap(log->segments);
    log->folderVersion++;
  }
  for (Segment* segment : segments) {
    const int result = unlinkFiles(segment);
    if (first == 0) first = result;
    retireSegment(log, segment);
  }
  return first < 0 ? first : rollLog(handle, offset);
}

}  // namespace millrace
