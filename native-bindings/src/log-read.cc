// Look-ups from any thread. Each takes the log's lock for what is in memory, pins the segment, and reads files without
// the lock. See log.h.
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "header-walk.h"
#include "log.h"
#include "open-segments.h"

namespace millrace {
namespace {

// What was appended this recently is taken to be in the page cache without asking.
constexpr int64_t RECENT_BYTES = 16 * 1024 * 1024;

int64_t wholeOffset(double value) {
  if (!(value > 0)) return 0;
  return value >= static_cast<double>(OFFSET_MAX) ? OFFSET_MAX : static_cast<int64_t>(value);
}

// Where the offset index says that a look-up may start. `known` when memory alone told it.
struct Start {
  bool known = false;
  int32_t position = 0;
};

// A segment that is pinned, with what a look-up without the lock needs.
struct Pinned {
  Segment* segment = nullptr;
  int fd = -1;
  int64_t sizeBytes = 0;
  IndexView offsetView;
  int64_t offsetLastKey = 0;

  ~Pinned() {
    if (segment) {
      unpin(segment);
      closeSurplus();
    }
  }

  // (under the lock) Returns 0 or a negative errno.
  int take(Segment* from) {
    if (const int result = from->ensureOpen(); result < 0) return result;
    if (const int result = from->ensureIndexes(); result < 0) return result;
    pin(from);
    segment = from;
    fd = from->fd;
    sizeBytes = from->sizeBytes;
    if (from->openOffsetIndex()) {
      offsetView = from->offsetIndex.view();
      offsetLastKey = from->offsetIndex.lastKey();
    }
    return 0;
  }

  // (under the lock)
  Start startInMemory(int64_t offset) const {
    Start start;
    start.known = segment->offsetIndex.findPending(offset - segment->baseOffset, &start.position);
    if (offsetView.entries == 0) start.known = true;
    return start;
  }

  // (without the lock) A byte position at or before the first batch whose last offset is >= `offset`.
  int64_t startPosition(const Start& start, int64_t offset) const {
    if (start.known) return start.position;
    int32_t position = 0;
    const int result =
        searchIndex<OFFSET_ENTRY_BYTES>(offsetView, offset - segment->baseOffset, offsetLastKey, &position);
    // An index that cannot be read, or is being written anew, costs a longer walk and nothing else.
    return result <= 0 || position < 0 || position >= sizeBytes ? 0 : position;
  }

  // (without the lock) Moves the walk to where that position is, unless it stands behind it already, or the index is
  // damaged. Returns 0 or a negative errno.
  int seek(HeaderWalk& walk, const Start& start, int64_t offset) const {
    const int64_t from = walk.position();
    const int64_t position = startPosition(start, offset);
    if (position <= from) return 0;
    walk.moveTo(position);
    const int fits = walk.canLeadTo(offset, segment->baseOffset);
    if (fits == 0) walk.moveTo(from);
    return std::min(fits, 0);
  }
};

int takeSegment(double handle, int64_t segmentBaseOffset, bool loaded, Pinned& pinned, Start* start, int64_t offset) {
  LockedLog log(handle);
  if (!log) return WRONG_HANDLE;
  Segment* segment = log->find(segmentBaseOffset);
  if (segment == nullptr) return -ENOENT;
  if (loaded)
    if (const int result = segment->load(); result < 0) return result;
  if (const int result = pinned.take(segment); result < 0) return result;
  if (start) *start = pinned.startInMemory(offset);
  return 0;
}

// Walks to the first batch whose last offset is >= `offset`. Returns 1, 0 when there is none, or a negative errno.
int walkTo(HeaderWalk& walk, int64_t offset) {
  int result;
  while ((result = walk.look()) > 0 && walk.header().lastOffset() < offset) walk.next();
  return result;
}

bool isCached(int fd, int64_t position) {
  uint8_t byte;
  const iovec part{&byte, 1};
  const ssize_t got = preadv2(fd, &part, 1, position, RWF_NOWAIT);
  // A file system that cannot tell is taken at its best.
  return got >= 0 || errno != EAGAIN;
}

// Where a walk may go in a segment with damage: from `start` on, and before `end`.
struct WalkBounds {
  int64_t start = 0;
  int64_t end = INT64_MAX;
};

// (under the lock) False when the offset itself lies in a damaged range.
bool findBounds(const std::vector<Damage>& damage, int64_t segment, int64_t offset, WalkBounds& bounds) {
  for (const Damage& range : damage) {
    if (offset >= range.fromOffset && offset < range.toOffset) return false;
    if (range.segment != segment) continue;
    if (range.toOffset <= offset) bounds.start = std::max(bounds.start, range.toPosition);
    else bounds.end = std::min(bounds.end, range.fromPosition);
  }
  return true;
}

struct Range {
  int64_t position;
  int64_t end;
  int64_t firstBatchBytes;
  int64_t baseOffset;
};

void writePlan(const Segment* segment, const Range& range, double maxBytes, bool cached, double* out) {
  const double wanted = maxBytes > 0 ? maxBytes : 0;
  out[0] = segment->handle;
  out[1] = static_cast<double>(range.position);
  out[2] = std::min(static_cast<double>(range.end - range.position), wanted);
  out[3] = static_cast<double>(range.firstBatchBytes);
  out[4] = static_cast<double>(range.baseOffset);
  out[5] = static_cast<double>(segment->baseOffset);
  out[6] = cached ? 1 : 0;
}

// Finds the range from the batches that the tail remembers. Returns false when it reaches further back.
bool rangeInTail(const Segment* segment, int64_t offset, int64_t upperOffset, Range& range) {
  const Tail* tail = segment->tail;
  if (tail == nullptr || tail->count == 0 || offset < tail->at(0).baseOffset) return false;
  const uint32_t first = tail->find(offset);
  if (first == tail->count) return false;
  const auto endOf = [&](uint32_t index) {
    return index + 1 < tail->count ? static_cast<int64_t>(tail->at(index + 1).position) : segment->sizeBytes;
  };
  const TailBatch& batch = tail->at(first);
  range.position = batch.position;
  range.firstBatchBytes = endOf(first) - batch.position;
  range.baseOffset = batch.baseOffset;
  range.end = segment->sizeBytes;
  if (upperOffset < segment->nextOffset) {
    const uint32_t upper = tail->find(upperOffset);
    if (upper < tail->count) range.end = tail->at(upper).position;
  }
  return true;
}

// A read of one segment that is being planned: found out under the lock, then followed in the files without it.
struct Look {
  Pinned pinned;
  // The first offset that is wanted of the segment, and the one before which the read ends.
  int64_t offset;
  int64_t upperOffset;
  Start from, upperFrom;
  // The upper offset lies in this segment.
  bool upperInside = false;
  double maxBytes;
  WalkBounds bounds;
  // Bytes from here on are thought to be in the page cache.
  int64_t recentFrom = 0;
  // The walk to the offset stopped at bytes that are no batch.
  bool stuck = false;
  Range range;
};

// Finds the range in the files. Returns 1, 0 when no batch of the segment has the offset or a later one, or a negative
// errno.
int rangeInFiles(Look& look) {
  const Pinned& pinned = look.pinned;
  Range& range = look.range;
  const int64_t walkEnd = std::min(pinned.sizeBytes, look.bounds.end);
  HeaderWalk walk(pinned.fd, look.bounds.start, walkEnd);
  if (const int result = pinned.seek(walk, look.from, look.offset); result < 0) return result;
  const int found = walkTo(walk, look.offset);
  look.stuck = found == 0 && walk.position() < walkEnd;
  if (found <= 0) return found;
  range.position = walk.position();
  range.firstBatchBytes = walk.sizeBytes();
  range.baseOffset = walk.header().baseOffset();
  range.end = walkEnd;
  // The bound matters only if the bytes asked for reach it.
  if (!look.upperInside || look.maxBytes <= 0) return 1;
  if (const int result = pinned.seek(walk, look.upperFrom, look.upperOffset); result < 0) return result;
  if (static_cast<double>(range.position) + look.maxBytes <= static_cast<double>(walk.position())) return 1;
  const int upper = walkTo(walk, look.upperOffset);
  if (upper < 0) return upper;
  range.end = walk.position();
  return 1;
}

// Holds the segment and writes the plan, of one batch at least.
inline int finishPlan(Look& look, Segment* segment, double* out) {
  Range& range = look.range;
  if (range.end <= range.position) range.end = range.position + range.firstBatchBytes;
  // The first page is there: its header was just read.
  const double sizeBytes = std::min(static_cast<double>(range.end - range.position), std::max(look.maxBytes, 1.0));
  const int64_t last = range.position + static_cast<int64_t>(sizeBytes) - 1;
  const bool cached = range.position >= look.recentFrom || isCached(look.pinned.fd, last);
  hold(segment);
  writePlan(segment, range, look.maxBytes, cached, out);
  return planOk;
}

// Beside a plan's status: the range is to be found in the files of a segment that is pinned.
constexpr int LOOK_IN_FILES = planDamaged + 1;

// Finds the segment of an offset, behind the one with the base offset `passed`, and the range where its tail tells it.
// Returns LOOK_IN_FILES, the status of a plan, or a negative error.
int beginLook(double handle, int64_t offset, int64_t passed, Look& look, double* out) {
  LockedLog log(handle);
  if (!log) return WRONG_HANDLE;
  Segment* active = log->active();
  if (active == nullptr || offset < log->segments[0]->baseOffset || offset > active->nextOffset) return planOutOfRange;
  if (offset >= look.upperOffset) return planAtEnd;
  int64_t index = log->floorSegment(std::max(offset, passed));
  if (log->segments[index]->baseOffset <= passed) index++;
  if (index >= static_cast<int64_t>(log->segments.size())) return planAtEnd;
  Segment* segment = log->segments[index];
  look.offset = std::max(offset, segment->baseOffset);
  if (segment == active && look.offset >= segment->nextOffset) return planAtEnd;
  if (!log->damage.empty() && !findBounds(log->damage, segment->baseOffset, look.offset, look.bounds)) return planDamaged;
  if (segment == active && rangeInTail(segment, look.offset, look.upperOffset, look.range)) {
    if (look.range.baseOffset >= look.upperOffset) return planAtEnd;
    if (const int result = segment->ensureOpen(); result < 0) return result;
    return finishPlan(look, segment, out);
  }
  if (const int result = look.pinned.take(segment); result < 0) return result;
  look.upperInside = look.upperOffset < (segment == active ? segment->nextOffset : log->segments[index + 1]->baseOffset);
  look.from = look.pinned.startInMemory(look.offset);
  if (look.upperInside) look.upperFrom = look.pinned.startInMemory(look.upperOffset);
  look.recentFrom = std::max(segment->appendedFrom, segment->sizeBytes - RECENT_BYTES);
  return LOOK_IN_FILES;
}

// The greatest time entry at or before the timestamp tells where the look-up starts; its offset, relative.
int64_t timeStart(Segment* segment, int64_t timestamp, IndexView* view, bool* known) {
  int32_t relativeOffset = 0;
  *known = segment->timeIndex.findPending(timestamp, &relativeOffset);
  if (!*known && segment->openTimeIndex()) *view = segment->timeIndex.view();
  return relativeOffset;
}

}  // namespace

int64_t readFile(int fd, uint8_t* target, int64_t sizeBytes, int64_t position) {
  int64_t done = 0;
  while (done < sizeBytes) {
    const ssize_t got = pread(fd, target + done, sizeBytes - done, position + done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    if (got == 0) break;
    done += got;
  }
  return done;
}

int planRead(double handle, double offsetAsked, double maxBytes, double upperAsked, double* out) {
  if (!(offsetAsked >= 0)) return logTable().isLive(handle) ? planOutOfRange : WRONG_HANDLE;
  const int64_t offset = wholeOffset(offsetAsked);
  // Segments up to here hold neither the offset nor a later one.
  int64_t passed = -1;
  for (;;) {
    Look look;
    look.upperOffset = wholeOffset(upperAsked);
    look.maxBytes = maxBytes;
    if (const int begun = beginLook(handle, offset, passed, look, out); begun != LOOK_IN_FILES) return begun;
    const int found = rangeInFiles(look);
    if (found < 0) return found;
    if (found > 0) return look.range.baseOffset >= look.upperOffset ? planAtEnd : finishPlan(look, look.pinned.segment, out);
    if (look.stuck || look.bounds.end <= look.pinned.sizeBytes) return planDamaged;
    passed = look.pinned.segment->baseOffset;
  }
}

int64_t readPlanned(double file, int64_t position, uint8_t* target, int64_t sizeBytes) {
  Segment* segment = heldSegment(file);
  if (segment == nullptr) return WRONG_HANDLE;
  return readFile(segment->fd, target, sizeBytes, position);
}

int64_t readHeaders(double handle, int64_t segmentBaseOffset, int64_t position, double* out, uint32_t countMax) {
  Pinned pinned;
  if (const int result = takeSegment(handle, segmentBaseOffset, false, pinned, nullptr, 0); result < 0) return result;
  HeaderWalk walk(pinned.fd, position, pinned.sizeBytes);
  uint32_t count = 0;
  while (count < countMax) {
    const int result = walk.look();
    if (result < 0) return result;
    if (result == 0) break;
    walk.header().writeSlots(static_cast<double>(walk.position()), out + count * BATCH_STRIDE);
    count++;
    walk.next();
  }
  return count;
}

int64_t positionOf(double handle, int64_t segmentBaseOffset, int64_t offset) {
  Pinned pinned;
  Start from;
  if (const int result = takeSegment(handle, segmentBaseOffset, false, pinned, &from, offset); result < 0)
    return result;
  HeaderWalk walk(pinned.fd, 0, pinned.sizeBytes);
  if (const int result = pinned.seek(walk, from, offset); result < 0) return result;
  const int found = walkTo(walk, offset);
  return found < 0 ? found : found == 0 ? -1 : walk.position();
}

int64_t positionOfTimestamp(double handle, int64_t segmentBaseOffset, int64_t timestamp) {
  Pinned pinned;
  Start from;
  IndexView timeView;
  int64_t relativeOffset;
  int64_t lastTimestamp;
  bool known;
  if (const int result = takeSegment(handle, segmentBaseOffset, true, pinned, nullptr, 0); result < 0) return result;
  {
    LockedLog log(handle);
    if (!log) return WRONG_HANDLE;
    if (timestamp > pinned.segment->maxTimestamp) return -1;
    relativeOffset = timeStart(pinned.segment, timestamp, &timeView, &known);
    lastTimestamp = pinned.segment->timeIndex.entries() > 0 ? pinned.segment->timeIndex.lastKey() : 0;
  }
  if (!known && timeView.entries > 0) {
    int32_t value = 0;
    const int result = searchIndex<TIME_ENTRY_BYTES>(timeView, timestamp, lastTimestamp, &value);
    // As above.
    if (result > 0) relativeOffset = value;
  }
  const int64_t offset = pinned.segment->baseOffset + relativeOffset;
  {
    LockedLog log(handle);
    if (!log) return WRONG_HANDLE;
    from = pinned.startInMemory(offset);
  }
  HeaderWalk walk(pinned.fd, 0, pinned.sizeBytes);
  int result = pinned.seek(walk, from, offset);
  if (result < 0) return result;
  while ((result = walk.look()) > 0 && walk.header().maxTimestamp() < timestamp) walk.next();
  return result < 0 ? result : result == 0 ? -1 : walk.position();
}

int64_t readSegment(double handle, int64_t segmentBaseOffset, int64_t position, uint8_t* target, int64_t sizeBytes) {
  Pinned pinned;
  if (const int result = takeSegment(handle, segmentBaseOffset, false, pinned, nullptr, 0); result < 0) return result;
  if (position < 0 || position >= pinned.sizeBytes) return 0;
  return readFile(pinned.fd, target, std::min(sizeBytes, pinned.sizeBytes - position), position);
}

}  // namespace millrace
