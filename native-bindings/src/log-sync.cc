// A sync is taken together on the owner's thread (which segments, up to which of their versions) and carried out on a
// thread of its own. A segment counts as clean only when a sync that covers its last write has ended, so a second sync
// that starts while the first one runs syncs again and never answers too early.
//
// Syncs are carried out in rounds: a thread takes all that wait, starts the writing of all their data, then waits for
// one after the other, so that the device works on all of them together, the file system's journal commits once for
// many, and one wake-up tells of all. What arrives meanwhile waits for the next round and wakes nobody. Only when a round
// takes long does a second thread go on with what waits: then the device is slow, and threads are cheap beside it.
#include "log-sync.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "log.h"
#include "open-segments.h"
#include "work-pool.h"

namespace millrace {
namespace {

// Rounds that may run together.
constexpr int SYNC_THREADS = 4;
// Logs of one round.
constexpr size_t ROUND_LOGS_MAX = 64;
// A round that has taken this long does not keep others from beginning, and tells at once what it has done.
constexpr int64_t PATIENCE_NS = 2'000'000;

int64_t nowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

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

// Has the kernel start to write what was appended; fdatasync waits for it.
void startWriting(const SyncJob& job) {
  for (const SyncedSegment& entry : job.segments) sync_file_range(entry.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

class SyncRounds {
 public:
  void submit(SyncJob job) {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
    if (running_ > 0 && nowNs() - begunNs_ < PATIENCE_NS) return;
    if (idle_ > 0) wake_.notify_one();
    else if (threads_ < SYNC_THREADS) {
      threads_++;
      std::thread([this] { run(); }).detach();
    }
  }

 private:
  void run() {
    blockSignals();
    std::vector<SyncJob> round;
    std::vector<int> results;
    std::unique_lock lock(mutex_);
    for (;;) {
      idle_++;
      wake_.wait(lock, [this] { return !waiting_.empty(); });
      idle_--;
      running_++;
      begunNs_ = nowNs();
      const size_t count = std::min(waiting_.size(), ROUND_LOGS_MAX);
      round.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.begin() + static_cast<ptrdiff_t>(count)));
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(count));
      lock.unlock();
      carryOutAll(round, results);
      round.clear();
      lock.lock();
      running_--;
    }
  }

  static void carryOutAll(std::vector<SyncJob>& round, std::vector<int>& results) {
    const int64_t begunNs = nowNs();
    if (round.size() > 1)
      for (const SyncJob& job : round) startWriting(job);
    results.clear();
    size_t told = 0;
    const auto tell = [&] {
      for (; told < results.size(); told++) round[told].listener->synced(round[told].token, results[told]);
    };
    for (SyncJob& job : round) {
      results.push_back(carryOut(job));
      if (nowNs() - begunNs > PATIENCE_NS) tell();
    }
    tell();
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  // --- mutex_ ---
  std::vector<SyncJob> waiting_;
  // When the newest round began.
  int64_t begunNs_ = 0;
  int threads_ = 0;
  int idle_ = 0;
  int running_ = 0;
};

// Its threads run until the process ends, so it is never destructed.
SyncRounds& syncRounds() {
  static auto* rounds = new SyncRounds();
  return *rounds;
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
  syncRounds().submit(std::move(job));
  return 0;
}

int syncLogNow(double handle) {
  SyncJob job;
  return gather(handle, job) ? carryOut(job) : WRONG_HANDLE;
}

}  // namespace millrace
