// Scanning a segment from its start and writing its indexes anew. See log.h.
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "crc32c.h"
#include "log.h"
#include "open-segments.h"

namespace millrace {
namespace {

constexpr int64_t SCAN_BYTES = 256 * 1024;

// The file's bytes through one buffer, front to back.
class Scan {
 public:
  Scan(int fd, int64_t fileBytes) : fd_(fd), fileBytes_(fileBytes), buffer_(static_cast<uint8_t*>(malloc(SCAN_BYTES))) {}
  ~Scan() { free(buffer_); }
  bool ready() const { return buffer_ != nullptr; }

  // Checks the batch at `position`: a BatchFault, or a negative errno. Its header is in `header()` then.
  int check(int64_t position, int64_t nextOffset, int64_t segmentBaseOffset) {
    if (fileBytes_ - position < HEADER_BYTES) return fault(BatchFault::truncated);
    if (const int result = bring(position, HEADER_BYTES); result < 0) return result;
    memcpy(header_, buffer_ + (position - start_), HEADER_BYTES);
    const Header header{header_};
    const int64_t size = header.sizeBytes();
    if (size > fileBytes_ - position) return fault(BatchFault::truncated);
    if (header.magic() != MAGIC) return fault(BatchFault::magic);
    if (size < HEADER_BYTES) return fault(BatchFault::length);
    uint32_t crc = 0;
    for (int64_t from = position + at::attributes; from < position + size;) {
      if (const int result = bring(from, 1); result < 0) return result;
      const int64_t count = std::min(start_ + count_, position + size) - from;
      crc = crc32c(crc, buffer_ + (from - start_), count);
      from += count;
    }
    if (crc != header.crc()) return fault(BatchFault::crc);
    const int64_t relative = header.lastOffset() - segmentBaseOffset;
    if (header.baseOffset() < nextOffset || header.lastOffsetDelta() < 0 || relative > INT32_MAX)
      return fault(BatchFault::count);
    return 0;
  }

  Header header() const { return Header{header_}; }

 private:
  static int fault(BatchFault fault) { return static_cast<int>(fault); }

  // Makes the buffer hold at least `sizeBytes` from `position` on.
  int bring(int64_t position, int64_t sizeBytes) {
    if (position >= start_ && position + sizeBytes <= start_ + count_) return 0;
    const int64_t got = readFile(fd_, buffer_, std::min(SCAN_BYTES, fileBytes_ - position), position);
    start_ = position;
    count_ = std::max<int64_t>(got, 0);
    return got < 0 ? static_cast<int>(got) : got < sizeBytes ? -EIO : 0;
  }

  int fd_;
  int64_t fileBytes_;
  uint8_t* buffer_;
  int64_t start_ = 0;
  int64_t count_ = 0;
  uint8_t header_[HEADER_BYTES];
};

// (under the log's lock) From here on the segment ends behind its good bytes.
int startAnew(Segment* segment) {
  if (const int result = segment->ensureOpen(); result < 0) return result;
  if (const int result = segment->offsetIndex.create(segment->path(".index")); result < 0) return result;
  if (const int result = segment->timeIndex.create(segment->path(".timeindex")); result < 0) return result;
  segment->forget();
  segment->dropTail();
  segment->bytesSinceIndexEntry = 0;
  segment->sizeBytes = 0;
  segment->torn = false;
  segment->loaded = true;
  return 0;
}

}  // namespace

int rebuildSegment(double handle, int64_t segmentBaseOffset, SegmentScan* result) {
  Log* log = ownedLog(handle);
  if (log == nullptr) return WRONG_HANDLE;
  Segment* segment = log->find(segmentBaseOffset);
  if (segment == nullptr) return -ENOENT;
  {
    std::lock_guard lock(log->mutex);
    if (const int opened = startAnew(segment); opened < 0) return opened;
    pin(segment);
  }
  struct stat info;
  int checked = fstat(segment->fd, &info) < 0 ? -errno : 0;
  Scan scan(segment->fd, checked == 0 ? info.st_size : 0);
  if (!scan.ready()) checked = -ENOMEM;
  *result = {0, segment->baseOffset, BatchFault::none, 0};
  const uint32_t offsetEntriesMax = static_cast<uint32_t>(log->options.indexBytesMax / OFFSET_ENTRY_BYTES);
  const uint32_t timeEntriesMax = static_cast<uint32_t>(log->options.indexBytesMax / TIME_ENTRY_BYTES);
  while (checked == 0 && segment->sizeBytes < info.st_size) {
    checked = scan.check(segment->sizeBytes, segment->nextOffset, segment->baseOffset);
    if (checked != 0) break;
    const Header header = scan.header();
    {
      std::lock_guard lock(log->mutex);
      segment->noteBatch(header, header.sizeBytes(), log->options.indexIntervalBytes, offsetEntriesMax,
                         timeEntriesMax - 1);
    }
    result->batches++;
    if (segment->offsetIndex.flushDue() || segment->timeIndex.flushDue()) writeIndexes(log, segment, false);
  }
  if (checked >= 0) {
    result->fault = static_cast<BatchFault>(checked);
    result->validBytes = segment->sizeBytes;
    result->nextOffset = segment->nextOffset;
    checked = writeIndexes(log, segment, true);
  }
  {
    std::lock_guard lock(log->mutex);
    segment->torn = segment->sizeBytes < info.st_size;
    if (checked < 0) segment->loaded = false;
    segment->appendedFrom = segment->sizeBytes;
  }
  unpin(segment);
  closeSurplus();
  return checked;
}

}  // namespace millrace
