// Open logs of the process, by handle, and what can be done with them: the native half of src/native/log-store.ts,
// whose comments say what each function does.
//
// Threads: functions marked (owner) belong to the one thread that owns the log, those marked (any) to every thread. The
// lock of a log is held for look-ups in memory and for publishing, never while file data is read or written, except when
// a reader is the first to open an old segment.
//
// Functions return 0 or a negative errno unless they say otherwise. WRONG_* are the caller's mistakes (thrown).
#pragma once

#include <algorithm>
#include <climits>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "segment.h"

namespace millrace {

// Offsets are doubles in JavaScript, exact below 2^53.
constexpr int64_t OFFSET_MAX = 9007199254740992;

constexpr int WRONG_HANDLE = INT_MIN;
constexpr int WRONG_MEMORY = INT_MIN + 1;
constexpr int WRONG_BATCH = INT_MIN + 2;
constexpr int WRONG_NO_SEGMENT = INT_MIN + 3;

struct LogOptions {
  int64_t indexIntervalBytes;
  int64_t indexBytesMax;
  // A new segment's file gets this size at once; 0: it grows.
  int64_t preallocateBytes;

  // Entries that the indexes may have. Of the time index one less: the closing entry of a roll must always find a place.
  uint32_t offsetEntriesMax() const { return entriesMax(OFFSET_ENTRY_BYTES); }
  uint32_t timeEntriesMax() const { return std::max(entriesMax(TIME_ENTRY_BYTES), 1u) - 1; }
  uint32_t closingTimeEntriesMax() const { return entriesMax(TIME_ENTRY_BYTES); }

 private:
  uint32_t entriesMax(int64_t entryBytes) const {
    return static_cast<uint32_t>(std::clamp<int64_t>(indexBytesMax / entryBytes, 0, INT32_MAX));
  }
};

// A damaged part of a closed segment: nothing of it is given to readers.
struct Damage {
  int64_t segment;
  int64_t fromPosition;
  int64_t toPosition;
  int64_t fromOffset;
  int64_t toOffset;
};

struct Log {
  std::mutex mutex;
  // --- mutex ---
  double handle = 0;
  bool open = false;
  std::string folder;
  LogOptions options{};
  // Ascending by base offset; the last one is active.
  std::vector<Segment*> segments;
  // Those with bytes that no finished sync covers, as far as the owner knows (superset).
  std::vector<Segment*> dirty;
  // Ascending.
  std::vector<Damage> damage;
  // Changes of the folder's entries, and how many of them are synced.
  uint64_t folderVersion = 0;
  uint64_t folderSyncedVersion = 0;
  // Folders that were made for this log, from its own upwards, and whose entries in their parents are not synced yet.
  uint32_t foldersMade = 0;

  Segment* active() const { return segments.empty() ? nullptr : segments.back(); }
  // Index of the last segment whose base offset is <= `offset`, -1 when there is none.
  int64_t floorSegment(int64_t offset) const;
  Segment* find(int64_t baseOffset) const;
};

HandleTable<Log>& logTable();
// The log of an owner's call; nullptr when the handle is not open.
Log* ownedLog(double handle);

// Locks a log for a look-up from any thread.
class LockedLog {
 public:
  explicit LockedLog(double handle);
  ~LockedLog() {
    if (log_) log_->mutex.unlock();
  }
  LockedLog(const LockedLog&) = delete;
  LockedLog& operator=(const LockedLog&) = delete;
  explicit operator bool() const { return log_ != nullptr; }
  Log* operator->() const { return log_; }

 private:
  Log* log_;
};

constexpr uint32_t APPEND_STRIDE = 6;
constexpr uint32_t DAMAGE_STRIDE = 5;
enum PlanStatus : int { planOk = 0, planAtEnd = 1, planOutOfRange = 2, planDamaged = 3 };

struct SegmentScan {
  int64_t validBytes;
  int64_t nextOffset;
  BatchFault fault;
  int64_t batches;
};

// log-open.cc, log-replace.cc (owner)
double openLog(const char* folder, const LogOptions& options);
int setLogOptions(double handle, const LogOptions& options);
int setDamage(double handle, const double* ranges, uint32_t count);
int closeLog(double handle);
// 1 when the next sync takes the time index along, else 0.
int finishIndexes(double handle);
int logState(double handle, int64_t segmentBaseOffset, double* out);
int rollLog(double handle, int64_t baseOffset);
int removeSegment(double handle, int64_t segmentBaseOffset);
int replaceSegments(double handle, const double* baseOffsets, uint32_t count);
int truncateLog(double handle, int64_t offset);
int resetLog(double handle, int64_t offset);

// log-append.cc (owner)
int appendBatches(double handle, int32_t partitionLeaderEpoch, const double* list, uint32_t count, double* out);

// log-rebuild.cc (owner)
int rebuildSegment(double handle, int64_t segmentBaseOffset, SegmentScan* scan);

// log-read.cc (any)
int planRead(double handle, double offset, double maxBytes, double upperOffset, double* out);
int64_t readHeaders(double handle, int64_t segmentBaseOffset, int64_t position, double* out, uint32_t countMax);
int64_t positionOf(double handle, int64_t segmentBaseOffset, int64_t offset);
int64_t positionOfTimestamp(double handle, int64_t segmentBaseOffset, int64_t timestamp);
int64_t readSegment(double handle, int64_t segmentBaseOffset, int64_t position, uint8_t* target, int64_t sizeBytes);
int64_t readPlanned(double file, int64_t position, uint8_t* target, int64_t sizeBytes);

// Bytes read, fewer at the end of the file, or a negative errno.
int64_t readFile(int fd, uint8_t* target, int64_t sizeBytes, int64_t position);
// Marks a segment as changed. (owner)
void markDirty(Log* log, Segment* segment);
// Takes the segment away from its log (already removed from `segments`); may free it. (owner)
void retireSegment(Log* log, Segment* segment);
// Gives back what a file has beyond its segment: size, or room on the disk. (owner)
int trimSegment(Log* log, Segment* segment);
// Adds the closing time entry where `closing`, and writes pending entries of both indexes. (owner)
int writeIndexes(Log* log, Segment* segment, bool closing);

}  // namespace millrace
