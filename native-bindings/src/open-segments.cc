// A list of the segments with open descriptors, closed by second chance: one that was used since the last look goes to
// the new end, another is closed if its log can be locked at once and nothing but the log needs it.
//
// Lock order: a log's lock, then this one; the way back only tries.
#include "open-segments.h"

#include <sys/resource.h>

#include <algorithm>
#include <mutex>

#include "log.h"

namespace millrace {
namespace {

// A segment takes up to three descriptors; the rest of the process (sockets) gets the larger share.
constexpr uint64_t OPEN_SEGMENTS_MAX = 8192;
constexpr uint64_t DESCRIPTORS_PER_OPEN_SEGMENT = 6;
constexpr uint64_t OPEN_SEGMENTS_MIN = 16;
// Looks at one call, so that its cost is bounded.
constexpr int LOOKS_MAX = 64;

uint64_t openSegmentsMax() {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return OPEN_SEGMENTS_MIN;
  const uint64_t share = static_cast<uint64_t>(limit.rlim_cur) / DESCRIPTORS_PER_OPEN_SEGMENT;
  return std::clamp(share, OPEN_SEGMENTS_MIN, OPEN_SEGMENTS_MAX);
}

struct OpenList {
  std::mutex mutex;
  Segment* newest = nullptr;
  Segment* oldest = nullptr;
  std::atomic<uint64_t> count{0};
  const uint64_t countMax = openSegmentsMax();

  void push(Segment* segment) {
    segment->older = newest;
    segment->newer = nullptr;
    if (newest) newest->newer = segment;
    else oldest = segment;
    newest = segment;
  }
  void unlink(Segment* segment) {
    (segment->newer ? segment->newer->older : newest) = segment->older;
    (segment->older ? segment->older->newer : oldest) = segment->newer;
  }
};

OpenList& openList() {
  static auto* list = new OpenList();
  return *list;
}

}  // namespace

void noteOpened(Segment* segment) {
  OpenList& list = openList();
  std::lock_guard lock(list.mutex);
  if (segment->listed) return;
  segment->listed = true;
  list.push(segment);
  list.count++;
}

void noteClosed(Segment* segment) {
  OpenList& list = openList();
  std::lock_guard lock(list.mutex);
  if (!segment->listed) return;
  segment->listed = false;
  list.unlink(segment);
  list.count--;
}

void closeSurplus() {
  OpenList& list = openList();
  if (list.count.load(std::memory_order_relaxed) <= list.countMax) return;
  std::lock_guard lock(list.mutex);
  for (int look = 0; look < LOOKS_MAX && list.count > list.countMax && list.oldest; look++) {
    Segment* segment = list.oldest;
    list.unlink(segment);
    bool closed = false;
    if (!segment->usedLately.exchange(false) && segment->log->mutex.try_lock()) {
      if (segment->member && segment->pins.load() == 1 && !segment->isDirty()) {
        segment->closeDescriptors();
        segment->listed = false;
        list.count--;
        closed = true;
      }
      segment->log->mutex.unlock();
    }
    if (!closed) list.push(segment);
  }
}

}  // namespace millrace
