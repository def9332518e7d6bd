// A sync is taken together on the owner's thread (which segments, up to which of their versions) and carried out on a
// thread of its own. A segment counts as clean only when a sync that covers its last write has ended, so a second sync
// that starts while the first one runs syncs again and never answers too early.
//
// Syncs are asked for one by one and begun together: those of one turn of a thread. A few small ones it may carry out
// itself. The others are carried out in rounds: a thread takes all that wait, starts the writing of all their data, then
// waits for one after the other, so that the device works on all of them together, the file system's journal commits once
// for many, and one wake-up tells of all. Where little else waits to be written, several are synced as a file system.
// What arrives meanwhile waits for the next round and wakes nobody. Only when a round takes long does a second thread go
// on with what waits: then the device is slow, and threads are cheap beside it. Where the system gives no thread at all,
// who asks carries everything out.
#include "log-sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include "file-system-sync.h"
#include "log.h"
#include "native-thread.h"
#include "open-segments.h"
#include "whole-number.h"

namespace millrace {
namespace {

// Rounds that may run together.
constexpr int SYNC_THREADS = 4;
// Bytes of a sync that counts as small.
constexpr int64_t SMALL_BYTES = 64 * 1024;
// Logs of one round.
constexpr size_t ROUND_LOGS_MAX = 64;
// What may wait to be written on the whole machine while file systems are synced as a whole, by a round and by the thread
// that asks.
constexpr int64_t UNWRITTEN_BYTES_MAX = 4 * 1024 * 1024;
constexpr int64_t INLINE_UNWRITTEN_BYTES_MAX = 1024 * 1024;
// Logs that the thread that asks syncs as a file system.
constexpr size_t INLINE_LOGS_MAX = 4;
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
  int64_t sizeBytes;
};

void average(std::atomic<int64_t>& of, int64_t ns) {
  const int64_t before = of.load(std::memory_order_relaxed);
  of.store(before == 0 ? ns : before + (ns - before) / 8, std::memory_order_relaxed);
}

// How long small syncs take, to tell whether the next ones may be carried out by the thread that asks for them.
class SyncPace {
 public:
  void setMax(int64_t maxNs) { maxNs_.store(maxNs); }

  void note(int64_t tookNs) {
    average(averageNs_, tookNs);
    noteStall(tookNs);
  }

  void noteStall(int64_t tookNs) {
    if (tookNs > STALL_NS) closedUntilNs_.store(nowNs() + CLOSED_PER_STALL * tookNs, std::memory_order_relaxed);
  }

  // Of a thread that would wait for so many. At most a few in a row: the others share a round.
  bool mayWait(size_t syncs) const {
    const int64_t averageNs = averageNs_.load(std::memory_order_relaxed);
    if (averageNs == 0 || averageNs >= maxNs_.load(std::memory_order_relaxed)) return false;
    const int64_t now = nowNs();
    if (now < closedUntilNs_.load(std::memory_order_relaxed)) return false;
    return syncs + (now - lastEndNs < IN_ROW_NS ? inRow : 0) <= IN_ROW_MAX;
  }

  // A thread has waited for so many.
  void noteWaited(size_t syncs) const {
    const int64_t now = nowNs();
    inRow = syncs + (now - lastEndNs < IN_ROW_NS ? inRow : 0);
    lastEndNs = now;
  }

 private:
  // After a sync that took this long nobody waits for so many times its length, whatever the average.
  static constexpr int64_t STALL_NS = 1'000'000;
  static constexpr int64_t CLOSED_PER_STALL = 6;
  // Syncs so close behind each other are in a row.
  static constexpr int64_t IN_ROW_NS = 20'000;
  static constexpr size_t IN_ROW_MAX = 3;

  static thread_local int64_t lastEndNs;
  static thread_local size_t inRow;

  std::atomic<int64_t> maxNs_{0};
  // 0: not known yet.
  std::atomic<int64_t> averageNs_{0};
  std::atomic<int64_t> closedUntilNs_{0};
};

thread_local int64_t SyncPace::lastEndNs = 0;
thread_local size_t SyncPace::inRow = 0;

SyncPace& syncPace() {
  static auto* pace = new SyncPace();
  return *pace;
}

struct SyncJob {
  std::vector<SyncedSegment> segments;
  // Index files of segments that were rolled since, and those that `finishIndexes` wants.
  std::vector<std::string> indexPaths;
  // The log's, when entries of it have changed, and the parents of folders that were made for it.
  std::vector<std::string> folders;
  Log* log = nullptr;
  double handle = 0;
  uint64_t folderVersion = 0;
  SyncListener* listener = nullptr;
  double token = 0;
};

// What became of the writes of a file whose file system was synced: the kernel keeps for each file what failed, also of
// writes that it began by itself, and tells each descriptor once. `syncfs` tells a descriptor of failures anywhere, so
// whoever asks next with the same one hears nothing of a file that it asks for.
int failedWrites(int fd) { return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE); }

int syncPath(const std::string& path, int flags, bool isOnDisk) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return -errno;
  const int result = (isOnDisk ? failedWrites(fd) : fsync(fd)) < 0 ? -errno : 0;
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
    job.segments.push_back({segment, segment->writeVersion.load(), segment->fd, segment->sizeBytes});
    if (segment == log->active()) continue;
    for (const char* suffix : {".index", ".timeindex"}) job.indexPaths.push_back(segment->path(suffix));
  }
  if (Segment* active = log->active(); active && active->syncsTimeIndex) {
    job.indexPaths.push_back(active->path(".timeindex"));
    active->timeIndexWritten = active->syncsTimeIndex = false;
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

bool isNothing(const SyncJob& job) {
  return job.segments.empty() && job.indexPaths.empty() && job.folders.empty();
}

// Of one segment at most, and few bytes: as quick as the device can be.
bool isSmall(const SyncJob& job) {
  if (isNothing(job)) return true;
  if (job.segments.size() != 1 || !job.indexPaths.empty() || !job.folders.empty()) return false;
  const SyncedSegment& entry = job.segments[0];
  return entry.sizeBytes - entry.segment->syncedSizeBytes.load(std::memory_order_relaxed) <= SMALL_BYTES;
}

// With `isOnDisk` the file system is, and the files are only asked.
int carryOut(SyncJob& job, bool isOnDisk = false) {
  int first = 0;
  const auto note = [&first](int result) {
    if (first == 0) first = result;
  };
  for (const SyncedSegment& entry : job.segments) {
    if ((isOnDisk ? failedWrites(entry.fd) : fdatasync(entry.fd)) < 0) {
      note(-errno);
      continue;
    }
    raise(entry.segment->syncedVersion, entry.version);
    entry.segment->syncedSizeBytes.store(entry.sizeBytes, std::memory_order_relaxed);
  }
  // A segment that was removed or truncated away meanwhile needs no index.
  for (const std::string& path : job.indexPaths)
    if (const int result = syncPath(path, O_RDONLY, isOnDisk); result != -ENOENT) note(result);
  if (!job.folders.empty()) {
    int result = 0;
    for (const std::string& folder : job.folders)
      if (result == 0 && !isOnDisk) result = syncPath(folder, O_RDONLY | O_DIRECTORY, false);
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

// Syncs the file systems of a round as a whole, in place of its files one after the other: one commit and one flush of the
// device for all of them. It writes whatever else is in memory of those file systems too, so there must be little of that;
// and disks differ in what it costs, so both ways are timed.
class FileSystemSync {
 public:
  // `unwrittenBytesMax`: what may wait to be written on the whole machine.
  bool paysFor(const std::vector<SyncJob>& round, int64_t unwrittenBytesMax) {
    if (round.size() < LOGS_MIN || isSilent_.load(std::memory_order_relaxed)) return false;
    std::atomic<int64_t>& wholeNs = wholeNsOf(round.size());
    const int64_t whole = wholeNs.load(std::memory_order_relaxed);
    const int64_t each = eachNs_.load(std::memory_order_relaxed);
    if (each == 0) return false;
    if (whole > each * static_cast<int64_t>(round.size())) {
      // Forgotten bit by bit, so that it is tried again.
      wholeNs.store(whole - whole / 64, std::memory_order_relaxed);
      return false;
    }
    return unwrittenBytes() <= unwrittenBytesMax;
  }

  // False when a file system does not tell enough, could not be synced, or that of a file is not known: the files tell more.
  bool carryOut(const std::vector<SyncJob>& round) {
    const int64_t begunNs = nowNs();
    std::vector<dev_t> done;
    for (const SyncJob& job : round) {
      // Folders and indexes alone have no descriptor to ask.
      if (job.segments.empty() && !isNothing(job)) return false;
      for (const SyncedSegment& entry : job.segments) {
        struct stat found;
        if (fstat(entry.fd, &found) < 0) return false;
        if (std::find(done.begin(), done.end(), found.st_dev) != done.end()) continue;
        const bool tells = tellsFailedWrites(entry.fd);
        if (!tells) isSilent_.store(true, std::memory_order_relaxed);
        if (!tells || syncfs(entry.fd) < 0) return false;
        done.push_back(found.st_dev);
      }
    }
    average(wholeNsOf(round.size()), nowNs() - begunNs);
    return true;
  }

  // Logs that were not synced in this way.
  void noteEach(int64_t tookNs, size_t logs) { average(eachNs_, tookNs / static_cast<int64_t>(logs)); }

 private:
  static constexpr size_t LOGS_MIN = 2;

  // What it takes grows with the logs, but slower: 2 and 3 have an average of their own, 4 to 7, 8 to 15, and more.
  std::atomic<int64_t>& wholeNsOf(size_t logs) {
    const size_t size = static_cast<size_t>(std::bit_width(logs)) - 2;
    return wholeNs_[std::min(size, wholeNs_.size() - 1)];
  }

  // A log lies on a file system that does not tell enough; then it is not tried again.
  std::atomic<bool> isSilent_{false};
  std::array<std::atomic<int64_t>, 4> wholeNs_{};
  std::atomic<int64_t> eachNs_{0};
};

FileSystemSync& fileSystemSync() {
  static auto* sync = new FileSystemSync();
  return *sync;
}

class SyncRounds {
 public:
  void submit(std::vector<SyncJob>& jobs) {
    std::unique_lock lock(mutex_);
    const bool isFirst = threads_ == 0;
    if (isFirst && !addThread()) {
      lock.unlock();
      std::vector<int> results;
      carryOutAll(jobs, results);
      return;
    }
    std::move(jobs.begin(), jobs.end(), std::back_inserter(waiting_));
    if (isFirst || (running_ > 0 && nowNs() - begunNs_ < PATIENCE_NS)) return;
    if (!idle_.empty()) {
      std::condition_variable* woken = idle_.back();
      idle_.pop_back();
      lock.unlock();
      // Without the lock, which the woken thread wants at once.
      woken->notify_one();
    } else if (threads_ < SYNC_THREADS) {
      // Without another one, those that are there go on with what waits.
      (void)addThread();
    }
  }

 private:
  // (under the lock)
  bool addThread() {
    const bool isAdded = startThread("sync", [this] { run(); });
    if (isAdded) threads_++;
    return isAdded;
  }

  void run() {
    std::vector<SyncJob> round;
    std::vector<int> results;
    std::condition_variable woken;
    std::unique_lock lock(mutex_);
    for (;;) {
      if (waiting_.empty()) {
        idle_.push_back(&woken);
        woken.wait(lock, [&] { return std::find(idle_.begin(), idle_.end(), &woken) == idle_.end(); });
        // Another thread may have been quicker.
        if (waiting_.empty()) continue;
      }
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
    const bool areSmall = std::all_of(round.begin(), round.end(), isSmall);
    FileSystemSync& whole = fileSystemSync();
    const bool isOnDisk = whole.paysFor(round, UNWRITTEN_BYTES_MAX) && whole.carryOut(round);
    if (!isOnDisk && round.size() > 1)
      for (const SyncJob& job : round) startWriting(job);
    results.clear();
    size_t told = 0;
    const auto tell = [&] {
      for (; told < results.size(); told++) round[told].listener->synced(round[told].token, results[told]);
    };
    for (SyncJob& job : round) {
      results.push_back(carryOut(job, isOnDisk));
      if (nowNs() - begunNs > PATIENCE_NS) tell();
    }
    const int64_t tookNs = nowNs() - begunNs;
    if (!isOnDisk) whole.noteEach(tookNs, round.size());
    if (!isOnDisk && areSmall) syncPace().note(tookNs / static_cast<int64_t>(round.size()));
    tell();
  }

  std::mutex mutex_;
  // --- mutex_ ---
  std::vector<SyncJob> waiting_;
  // When the newest round began.
  int64_t begunNs_ = 0;
  int threads_ = 0;
  // Threads that sleep; the last to fall asleep, whose caches are warm, is woken first.
  std::vector<std::condition_variable*> idle_;
  int running_ = 0;
};

// Its threads run until the process ends, so it is never destructed.
SyncRounds& syncRounds() {
  static auto* rounds = new SyncRounds();
  return *rounds;
}

// Asked for by this thread and not begun.
thread_local std::vector<SyncJob> asked;

enum class Way { rounds, oneByOne, whole };

Way wayOf(const std::vector<SyncJob>& jobs) {
  if (jobs.size() > INLINE_LOGS_MAX || !std::all_of(jobs.begin(), jobs.end(), isSmall)) return Way::rounds;
  if (jobs.size() > 1 && syncPace().mayWait(1) && fileSystemSync().paysFor(jobs, INLINE_UNWRITTEN_BYTES_MAX))
    return Way::whole;
  return syncPace().mayWait(jobs.size()) ? Way::oneByOne : Way::rounds;
}

// Syncs logs on the calling thread; false when it is left to a round.
bool carryOutHere(std::vector<SyncJob>& jobs, std::vector<int>& results) {
  const Way way = wayOf(jobs);
  if (way == Way::rounds) return false;
  const int64_t begunNs = nowNs();
  // Where that failed, each file tells: a second syncfs would succeed and lie.
  const bool isWhole = way == Way::whole && fileSystemSync().carryOut(jobs);
  for (SyncJob& job : jobs) {
    const int64_t jobBegunNs = nowNs();
    results.push_back(carryOut(job, isWhole));
    if (!isWhole && !isNothing(job)) syncPace().note(nowNs() - jobBegunNs);
  }
  const int64_t tookNs = nowNs() - begunNs;
  if (isWhole) syncPace().noteStall(tookNs);
  else fileSystemSync().noteEach(tookNs, jobs.size());
  syncPace().noteWaited(isWhole ? 1 : jobs.size());
  return true;
}

}  // namespace

int askSync(double handle, double token) {
  SyncJob job;
  if (!gather(handle, job)) return WRONG_HANDLE;
  job.token = token;
  asked.push_back(std::move(job));
  return 0;
}

size_t askedSyncs() { return asked.size(); }

int beginSyncs(SyncListener* listener) {
  static thread_local std::vector<int> results;
  results.clear();
  for (SyncJob& job : asked) job.listener = listener;
  const bool isAnything = !std::all_of(asked.begin(), asked.end(), isNothing);
  const bool isDone = !isAnything || carryOutHere(asked, results);
  if (!isDone) syncRounds().submit(asked);
  const bool haveFailed = std::any_of(results.begin(), results.end(), [](int result) { return result != 0; });
  for (size_t at = 0; at < results.size() && haveFailed; at++) listener->synced(asked[at].token, results[at]);
  asked.clear();
  return isDone && !haveFailed ? SYNCED_INLINE : 0;
}

void setInlineSyncMax(double us) { syncPace().setMax(whole(us * 1000)); }

int syncLogNow(double handle) {
  SyncJob job;
  return gather(handle, job) ? carryOut(job) : WRONG_HANDLE;
}

}  // namespace millrace
