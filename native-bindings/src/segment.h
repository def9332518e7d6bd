// One segment of a log: its three files, and what is known of them in memory.
//
// Lifetime: a Segment lies in a HandleTable slot. Its `pins` count who needs it: the log it is a member of, each plan,
// each sync, each call that works on it without the log's lock. The last one to unpin closes its files and frees the slot.
//
// Threads: fields below "log's lock" are read and changed under `log->mutex` only, except that the owner, who alone
// changes them, may also read them without. Descriptors stay open while there is a pin besides the log's own; without
// one, the oldest-used are closed when more than OPEN_SEGMENTS_MAX are open (open-segments.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "batch.h"
#include "handle-table.h"
#include "index-file.h"

namespace millrace {

struct Log;

// A batch near the end of the active segment, so that reads there need no index and no header.
struct TailBatch {
  int64_t baseOffset;
  int32_t lastOffsetDelta;
  uint32_t position;

  int64_t lastOffset() const { return baseOffset + lastOffsetDelta; }
};
constexpr uint32_t TAIL_BATCHES = 16;

// The last batches appended, oldest overwritten first.
struct Tail {
  TailBatch batches[TAIL_BATCHES];
  uint32_t count = 0;
  uint32_t next = 0;

  void add(const TailBatch& batch) {
    batches[next] = batch;
    next = (next + 1) % TAIL_BATCHES;
    if (count < TAIL_BATCHES) count++;
  }
  // 0 is the oldest.
  const TailBatch& at(uint32_t index) const { return batches[(next + TAIL_BATCHES - count + index) % TAIL_BATCHES]; }
  // Index of the first batch whose last offset is >= `offset`; `count` when there is none.
  uint32_t find(int64_t offset) const {
    uint32_t index = count;
    while (index > 0 && at(index - 1).lastOffset() >= offset) index--;
    return index;
  }
};

struct Segment {
  // Set before the segment is visible and unchanged until it is freed.
  double handle = 0;
  Log* log = nullptr;
  int64_t baseOffset = 0;

  std::atomic<int32_t> pins{0};
  std::atomic<int32_t> plans{0};
  // Raised by each change of the .log file (owner); what a finished sync has covered (any).
  std::atomic<uint64_t> writeVersion{0};
  std::atomic<uint64_t> syncedVersion{0};
  // Size of the file that a finished sync has covered, as far as known: for the guess of how long the next one takes.
  std::atomic<int64_t> syncedSizeBytes{0};
  // Up to where room on the disk was asked for, or found (reserved-room.h); 0: it was not. (owner)
  int64_t reservedTo = 0;

  // --- log's lock ---
  bool member = false;
  bool loaded = false;
  // Bytes that are no batch lie behind the last good one: nothing may be appended before a rebuild and a truncation.
  bool torn = false;
  // The file is larger than the segment.
  bool preallocated = false;
  // The time index was written to since it was last synced, as far as known.
  bool timeIndexWritten = false;
  // The active segment's next sync takes the time index along.
  bool syncsTimeIndex = false;
  int fd = -1;
  // End of the good bytes; before `loaded`, the size of the file.
  int64_t sizeBytes = 0;
  int64_t nextOffset = 0;
  int64_t maxTimestamp = -1;
  int64_t offsetOfMaxTimestamp = 0;
  int64_t firstBatchTimestamp = -1;
  // Of the .log file; below 0: to be asked for.
  double modifiedMs = -1;
  int64_t bytesSinceIndexEntry = 0;
  // Bytes from here on were appended by this process (for the guess of what is in the page cache).
  int64_t appendedFrom = 0;
  OffsetIndexFile offsetIndex;
  TimeIndexFile timeIndex;
  // Only while the segment is active.
  Tail* tail = nullptr;

  // --- open-segments.h's lock ---
  Segment* newer = nullptr;
  Segment* older = nullptr;
  bool listed = false;
  std::atomic<bool> usedLately{false};

  bool indexesUsable() const { return offsetIndex.usable() && timeIndex.usable(); }
  bool isDirty() const { return syncedVersion.load() != writeVersion.load(); }

  // The functions below return 0 or a negative errno. They need the log's lock, or the owner and no reader yet.
  std::string path(const char* suffix) const;
  // With a size for the file, as far as the disk has room for it.
  int create(int64_t preallocateBytes);
  int ensureOpen();
  // Opens what look-ups in the written part of an index need; false when there is no such part.
  bool openOffsetIndex();
  bool openTimeIndex();
  int ensureIndexes();
  // Finds end, next offset and greatest timestamp: from the indexes, then by walking the headers behind their last entries.
  int load();
  // The same from the indexes on, whatever was known.
  int loadFromIndexes();
  // Cuts file and indexes at a batch boundary.
  int cutAt(int64_t position);
  int walkToEnd(int64_t from);
  void forget();
  void noteBatch(const Header& header, int64_t sizeBytes, int64_t indexIntervalBytes, uint32_t indexEntriesMax,
                 uint32_t timeEntriesMax);
  // A time entry for the greatest timestamp so far, if it advances the index.
  void addTimeEntry(uint32_t timeEntriesMax);
  // Whether only the time index leads to the greatest timestamp: a walk from the offset index's end does not meet it.
  bool needsTimeIndex() const;
  void writeState(double* out) const;
  void dropTail();
  void closeDescriptors();
};

// A member of `log`, pinned once for it; nullptr when memory is out.
Segment* makeSegment(Log* log, int64_t baseOffset, int64_t sizeBytes);
HandleTable<Segment>& segmentTable();

inline void pin(Segment* segment) { segment->pins.fetch_add(1, std::memory_order_relaxed); }
// May free the segment.
void unpin(Segment* segment);

// Plans (holds that TypeScript has on a segment, by handle).
inline void hold(Segment* segment) {
  segment->plans.fetch_add(1, std::memory_order_relaxed);
  pin(segment);
}
// The held segment of a handle, nullptr when nobody holds it.
Segment* heldSegment(double file);
// False when the file is not held.
bool releaseHold(double file);

}  // namespace millrace
