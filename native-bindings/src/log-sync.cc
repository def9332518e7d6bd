// A sync is taken together on the owner's thread (which segments, up to which of their versions) and carried out on the
// pool. A segment counts as clean only when a sync that covers its last write has ended, so a second sync that starts
// while the first one runs syncs again and never answers too early.
#include "log-sync.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "log.h"
#include "open-segments.h"
#include "work-pool.h"

namespace millrace {
namespace {

// Syncs of different logs wait for the same device, so a few threads keep it busy.
constexpr int SYNC_THREADS = 4;

struct SyncedSegment {
  Segment* segment;  // pinned
  uint64_t version;
  int fd;
};

struct SyncJob {
  std::vector<SyncedSegment> segments;
  // Index files of segments that were rolled since.
  std::vector<std::string> indexPaths;
  // The log's, when entries of it have changed, and the parents of folders that were made for it.
  std::vector<std::string> folders;
  Log* log = nullptr;
  double handle = 0;
  uint64_t folderVersion = 0;
  SyncListener* listener = nullptr;
  double token = 0;
};

int syncPath(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return -errno;
  const int result = fsync(fd) < 0 ? -errno : 0;
  close(fd);
  return result;
}

std::string parentOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

void raise(std::atomic<uint64_t>& version, uint64_t to) {
  uint64_t current = version.load();
  while (current < to && !version.compare_exchange_weak(current, to)) {
  }
}

// (owner)
bool gather(double handle, SyncJob& job) {
  Log* log = ownedLog(handle);
  if (log == nullptr) return false;
  job.log = log;
  job.handle = handle;
  std::lock_guard lock(log->mutex);
  std::erase_if(log->dirty, [](const Segment* segment) { return !segment->isDirty(); });
  for (Segment* segment : log->dirty) {
    // Dirty segments keep their descriptors.
    pin(segment);
    job.segments.push_back({segment, segment->writeVersion.load(), segment->fd});
    if (segment == log->active()) continue;
    for (const char* suffix : {".index", ".timeindex"}) job.indexPaths.push_back(segment->path(suffix));
  }
  if (log->folderSyncedVersion != log->folderVersion) {
    job.folders.push_back(log->folder);
    for (uint32_t level = 0; level < log->foldersMade; level++) job.folders.push_back(parentOf(job.folders.back()));
  }
  job.folderVersion = log->folderVersion;
  return true;
}

void noteFolderSynced(const SyncJob& job) {
  std::lock_guard lock(job.log->mutex);
  if (!job.log->open || job.log->handle != job.handle) return;
  job.log->folderSyncedVersion = std::max(job.log->folderSyncedVersion, job.folderVersion);
  job.log->foldersMade = 0;
}

int carryOut(SyncJob& job) {
  int first = 0;
  const auto note = [&first](int result) {
    if (first == 0) first = result;
  };
  for (const SyncedSegment& entry : job.segments) {
    if (fdatasync(entry.fd) < 0) note(-errno);
    else raise(entry.segment->syncedVersion, entry.version);
  }
  // A segment that was removed or truncated away meanwhile needs no index.
  for (const std::string& path : job.indexPaths)
    if (const int result = syncPath(path, O_RDONLY); result != -ENOENT) note(result);
  if (!job.folders.empty()) {
    int result = 0;
    for (const std::string& folder : job.folders)
      if (result == 0) result = syncPath(folder, O_RDONLY | O_DIRECTORY);
    if (result == 0) noteFolderSynced(job);
    // A log that was deleted meanwhile needs none.
    else if (result != -ENOENT) note(result);
  }
  for (const SyncedSegment& entry : job.segments) unpin(entry.segment);
  closeSurplus();
  return first;
}

WorkPool& syncPool() {
  static auto* pool = new WorkPool(SYNC_THREADS);
  return *pool;
}

}  // namespace

int syncLog(double handle, SyncListener* listener, double token) {
  SyncJob job;
  if (!gather(handle, job)) return WRONG_HANDLE;
  job.listener = listener;
  job.token = token;
  if (job.segments.empty() && job.folders.empty()) {
    listener->synced(token, 0);
    return 0;
  }
  syncPool().submit([job = std::move(job)]() mutable {
    const int result = carryOut(job);
    job.listener->synced(job.token, result);
  });
  return 0;
}

int syncLogNow(double handle) {
  SyncJob job;
  return gather(handle, job) ? carryOut(job) : WRONG_HANDLE;
}

}  // namespace millrace
