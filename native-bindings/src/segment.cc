// See segment.h.
#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "header-walk.h"
#include "log.h"
#include "open-segments.h"

namespace millrace {

HandleTable<Segment>& segmentTable() {
  static auto* table = new HandleTable<Segment>();
  return *table;
}

Segment* makeSegment(Log* log, int64_t baseOffset, int64_t sizeBytes) {
  double handle;
  Segment* segment = segmentTable().allocate(&handle);
  if (segment == nullptr) return nullptr;
  segment->handle = handle;
  segment->log = log;
  segment->baseOffset = baseOffset;
  segment->pins.store(1);
  segment->member = true;
  segment->sizeBytes = sizeBytes;
  segment->appendedFrom = sizeBytes;
  segment->forget();
  return segment;
}

void unpin(Segment* segment) {
  if (segment->pins.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  noteClosed(segment);
  segment->closeDescriptors();
  segment->offsetIndex.reset();
  segment->timeIndex.reset();
  segment->dropTail();
  segment->plans.store(0);
  segment->writeVersion.store(0);
  segment->syncedVersion.store(0);
  segment->syncedSizeBytes.store(0);
  segment->member = segment->loaded = segment->torn = segment->preallocated = false;
  segment->timeIndexWritten = segment->syncsTimeIndex = false;
  segment->bytesSinceIndexEntry = segment->reservedTo = 0;
  segment->modifiedMs = -1;
  segmentTable().free(segment->handle);
}

Segment* heldSegment(double file) {
  Segment* segment = segmentTable().find(file);
  return segment && segment->plans.load(std::memory_order_relaxed) > 0 ? segment : nullptr;
}

bool releaseHold(double file) {
  Segment* segment = segmentTable().find(file);
  if (segment == nullptr) return false;
  int32_t plans = segment->plans.load(std::memory_order_relaxed);
  do {
    if (plans <= 0) return false;
  } while (!segment->plans.compare_exchange_weak(plans, plans - 1, std::memory_order_relaxed));
  unpin(segment);
  return true;
}

std::string Segment::path(const char* suffix) const {
  char name[64];
  snprintf(name, sizeof name, "/%020lld%s", static_cast<long long>(baseOffset), suffix);
  return log->folder + name;
}

int Segment::create(int64_t preallocateBytes) {
  fd = open(path(".log").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return -errno;
  noteOpened(this);
  if (const int result = offsetIndex.create(path(".index")); result < 0) return result;
  if (const int result = timeIndex.create(path(".timeindex")); result < 0) return result;
  // A disk without room for all of it is no reason not to begin.
  if (preallocateBytes > 0)
    preallocated = fallocate(fd, 0, 0, preallocateBytes) == 0 ||
                   (errno == EOPNOTSUPP && ftruncate(fd, preallocateBytes) == 0);
  loaded = true;
  return 0;
}

int Segment::ensureOpen() {
  usedLately.store(true, std::memory_order_relaxed);
  if (fd >= 0) return 0;
  fd = open(path(".log").c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return -errno;
  noteOpened(this);
  return 0;
}

int Segment::ensureIndexes() {
  if (!offsetIndex.loaded()) {
    if (const int result = offsetIndex.load(path(".index")); result < 0) return result;
    // An entry that cannot be right makes the file unusable.
    if (offsetIndex.entries() > 0 &&
        (offsetIndex.lastKey() < 0 || offsetIndex.lastValue() <= 0 || offsetIndex.lastValue() >= sizeBytes))
      offsetIndex.disuse();
  }
  if (!timeIndex.loaded()) {
    if (const int result = timeIndex.load(path(".timeindex")); result < 0) return result;
    if (timeIndex.entries() > 0 && timeIndex.lastValue() < 0) timeIndex.disuse();
  }
  return 0;
}

bool Segment::openOffsetIndex() {
  if (!offsetIndex.usable() || offsetIndex.view().entries == 0) return false;
  if (!offsetIndex.openForReading(path(".index"))) return false;
  noteOpened(this);
  return true;
}

bool Segment::openTimeIndex() {
  if (!timeIndex.usable() || timeIndex.view().entries == 0) return false;
  if (!timeIndex.openForReading(path(".timeindex"))) return false;
  noteOpened(this);
  return true;
}

void Segment::forget() {
  nextOffset = baseOffset;
  maxTimestamp = -1;
  offsetOfMaxTimestamp = baseOffset;
  firstBatchTimestamp = -1;
}

int Segment::load() {
  if (loaded) return 0;
  if (const int result = ensureOpen(); result < 0) return result;
  if (const int result = ensureIndexes(); result < 0) return result;
  if (const int result = loadFromIndexes(); result < 0) return result;
  loaded = true;
  return 0;
}

int Segment::loadFromIndexes() {
  forget();
  int64_t from = 0;
  if (offsetIndex.entries() > 0) {
    HeaderWalk last(fd, offsetIndex.lastValue(), sizeBytes);
    const int fits = last.canLeadTo(baseOffset + offsetIndex.lastKey(), baseOffset);
    if (fits < 0) return fits;
    if (fits == 0) offsetIndex.disuse();
  }
  if (indexesUsable()) {
    if (offsetIndex.entries() > 0) from = offsetIndex.lastValue();
    if (timeIndex.entries() > 0) {
      maxTimestamp = timeIndex.lastKey();
      offsetOfMaxTimestamp = baseOffset + timeIndex.lastValue();
    }
  }
  return walkToEnd(from);
}

int Segment::cutAt(int64_t position) {
  if (ftruncate(fd, position) < 0) return -errno;
  sizeBytes = position;
  reservedTo = 0;
  if (appendedFrom > position) appendedFrom = position;
  if (tail) tail->count = 0;
  // Indexes lose what points behind the cut; where that fails they are only not used any more.
  uint32_t keep = offsetIndex.usable() ? offsetIndex.entries() : 0;
  int64_t key = 0;
  int32_t value = 0;
  int failed = 0;
  for (; keep > 0; keep--) {
    failed = offsetIndex.read(path(".index"), keep - 1, &key, &value);
    if (failed < 0 || (value >= 0 && value < position)) break;
  }
  if (failed < 0 || offsetIndex.cut(path(".index"), keep) < 0) offsetIndex.disuse();
  if (const int result = loadFromIndexes(); result < 0) return result;
  keep = timeIndex.usable() ? timeIndex.entries() : 0;
  for (failed = 0; keep > 0; keep--) {
    failed = timeIndex.read(path(".timeindex"), keep - 1, &key, &value);
    if (failed < 0 || baseOffset + value < nextOffset) break;
  }
  if (failed < 0 || timeIndex.cut(path(".timeindex"), keep) < 0) timeIndex.disuse();
  return loadFromIndexes();
}

int Segment::walkToEnd(int64_t from) {
  HeaderWalk first(fd, 0, sizeBytes);
  const int hasFirst = first.look();
  if (hasFirst < 0) return hasFirst;
  if (hasFirst > 0) firstBatchTimestamp = first.header().maxTimestamp();
  HeaderWalk walk(fd, from, sizeBytes);
  int result;
  while ((result = walk.look()) > 0) {
    const Header& header = walk.header();
    const int64_t timestamp = header.maxTimestamp();
    if (timestamp > maxTimestamp) {
      maxTimestamp = timestamp;
      offsetOfMaxTimestamp = header.lastOffset();
    }
    nextOffset = header.nextOffset();
    walk.next();
  }
  bytesSinceIndexEntry = walk.position() - from;
  torn = result == 0 && walk.position() != sizeBytes;
  return result;
}

void Segment::noteBatch(const Header& header, int64_t batchBytes, int64_t indexIntervalBytes, uint32_t indexEntriesMax,
                        uint32_t timeEntriesMax) {
  const int64_t timestamp = header.maxTimestamp();
  const int64_t lastOffset = header.lastOffset();
  if (sizeBytes == 0) firstBatchTimestamp = timestamp;
  if (timestamp > maxTimestamp) {
    maxTimestamp = timestamp;
    offsetOfMaxTimestamp = lastOffset;
  }
  if (bytesSinceIndexEntry > indexIntervalBytes) {
    if (offsetIndex.entries() < static_cast<int64_t>(indexEntriesMax))
      offsetIndex.add(lastOffset - baseOffset, static_cast<int32_t>(sizeBytes));
    addTimeEntry(timeEntriesMax);
    bytesSinceIndexEntry = 0;
  }
  bytesSinceIndexEntry += batchBytes;
  sizeBytes += batchBytes;
  nextOffset = lastOffset + 1;
}

void Segment::addTimeEntry(uint32_t timeEntriesMax) {
  const int64_t last = timeIndex.entries() > 0 ? timeIndex.lastKey() : -1;
  if (maxTimestamp > last && timeIndex.entries() < static_cast<int64_t>(timeEntriesMax))
    // An offset that a walk found in a damaged header may be anything.
    timeIndex.add(maxTimestamp, static_cast<int32_t>(static_cast<uint64_t>(offsetOfMaxTimestamp) - static_cast<uint64_t>(baseOffset)));
}

bool Segment::needsTimeIndex() const {
  return loaded && indexesUsable() && offsetIndex.entries() > 0 && offsetOfMaxTimestamp - baseOffset < offsetIndex.lastKey();
}

void Segment::writeState(double* out) const {
  out[0] = static_cast<double>(baseOffset);
  out[1] = static_cast<double>(sizeBytes);
  out[2] = static_cast<double>(nextOffset);
  out[3] = static_cast<double>(maxTimestamp);
  out[4] = static_cast<double>(offsetOfMaxTimestamp);
  out[5] = static_cast<double>(firstBatchTimestamp);
  out[6] = offsetIndex.entries();
  out[7] = timeIndex.entries();
  out[8] = modifiedMs;
}

void Segment::dropTail() {
  delete tail;
  tail = nullptr;
}

void Segment::closeDescriptors() {
  if (fd >= 0) close(fd);
  fd = -1;
  offsetIndex.closeDescriptor();
  timeIndex.closeDescriptor();
}

}  // namespace millrace
