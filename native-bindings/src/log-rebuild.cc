// Scanning a segment from its start and writing its indexes anew. See log.h.
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "crc32c.h"
#include "log.h"
#include "old-message.h"
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
    const int64_t left = fileBytes_ - position;
    if (left < OLD_MESSAGE_BYTES_MIN) return fault(BatchFault::truncated);
    const int64_t needed = std::min<int64_t>(left, HEADER_BYTES);
    if (const int result = bring(position, needed); result < 0) return result;
    const uint8_t* found = buffer_ + (position - start_);
    const bool old = isOldMessage(found, left);
    if (!old && left < HEADER_BYTES) return fault(BatchFault::truncated);
    if (old) writeOldHeader(found, header_);
    else memcpy(header_, found, HEADER_BYTES);
    const Header header{header_};
    const int64_t size = header.sizeBytes();
    if (size > left) return fault(BatchFault::truncated);
    if (!old && header.magic() != MAGIC) return fault(BatchFault::magic);
    if (!old && size < HEADER_BYTES) return fault(BatchFault::length);
    uint32_t crc = 0;
    for (int64_t from = position + (old ? at::magic : at::attributes); from < position + size;) {
      if (const int result = bring(from, 1); result < 0) return result;
      const int64_t count = std::min(start_ + count_, position + size) - from;
      crc = (old ? crc32 : crc32c)(crc, buffer_ + (from - start_), count);
      from += count;
    }
    if (crc != header.crc()) return fault(BatchFault::crc);
    // The CRC does not cover the base offset, which may be anything.
    const int32_t delta = header.lastOffsetDelta();
    if (delta < 0 || header.baseOffset() < nextOffset || header.baseOffset() - segmentBaseOffset > INT32_MAX - delta)
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

// What the scan finds, apart from the segment, so that readers go on with what they had.
struct Rebuilt {
  explicit Rebuilt(const Segment* of) {
    segment.log = of->log;
    segment.baseOffset = of->baseOffset;
    segment.loaded = true;
    segment.forget();
    segment.offsetIndex.beginAnew();
    segment.timeIndex.beginAnew();
  }
  Segment segment;

  // (under the log's lock)
  void moveTo(Segment* target, int64_t fileBytes) const {
    target->offsetIndex.adopt(segment.offsetIndex);
    target->timeIndex.adopt(segment.timeIndex);
    target->timeIndexWritten = true;
    target->dropTail();
    target->sizeBytes = target->appendedFrom = segment.sizeBytes;
    target->nextOffset = segment.nextOffset;
    target->maxTimestamp = segment.maxTimestamp;
    target->offsetOfMaxTimestamp = segment.offsetOfMaxTimestamp;
    target->firstBatchTimestamp = segment.firstBatchTimestamp;
    target->bytesSinceIndexEntry = segment.bytesSinceIndexEntry;
    target->torn = segment.sizeBytes < fileBytes;
    target->loaded = true;
  }
};

// Scans the file and writes the indexes as entries come together. Returns a BatchFault or a negative errno.
int scanAll(Log* log, int fd, int64_t fileBytes, Segment* found, int64_t* batches) {
  Scan scan(fd, fileBytes);
  if (!scan.ready()) return -ENOMEM;
  const LogOptions& options = log->options;
  int checked = 0;
  while (found->sizeBytes < fileBytes) {
    checked = scan.check(found->sizeBytes, found->nextOffset, found->baseOffset);
    if (checked != 0) break;
    const Header header = scan.header();
    found->noteBatch(header, header.sizeBytes(), options.indexIntervalBytes, options.offsetEntriesMax(), options.timeEntriesMax());
    (*batches)++;
    if (found->offsetIndex.flushDue() || found->timeIndex.flushDue()) writeIndexes(log, found, false);
  }
  if (checked < 0) return checked;
  if (const int written = writeIndexes(log, found, true); written < 0) return written;
  if (const int written = found->offsetIndex.finishAnew(found->path(".index")); written < 0) return written;
  if (const int written = found->timeIndex.finishAnew(found->path(".timeindex")); written < 0) return written;
  return checked;
}

}  // namespace

int rebuildSegment(double handle, int64_t segmentBaseOffset, SegmentScan* result) {
  Log* log = ownedLog(handle);
  if (log == nullptr) return WRONG_HANDLE;
  Segment* segment = log->find(segmentBaseOffset);
  if (segment == nullptr) return -ENOENT;
  {
    std::lock_guard lock(log->mutex);
    if (const int opened = segment->ensureOpen(); opened < 0) return opened;
    if (const int loaded = segment->ensureIndexes(); loaded < 0) return loaded;
    // Look-ups walk from the start until the indexes are there again.
    segment->offsetIndex.disuse();
    segment->timeIndex.disuse();
    pin(segment);
  }
  struct stat info;
  Rebuilt rebuilt(segment);
  int64_t batches = 0;
  int checked = fstat(segment->fd, &info) < 0 ? -errno : 0;
  if (checked == 0) checked = scanAll(log, segment->fd, info.st_size, &rebuilt.segment, &batches);
  if (checked >= 0) {
    *result = {rebuilt.segment.sizeBytes, rebuilt.segment.nextOffset, static_cast<BatchFault>(checked), batches};
    std::lock_guard lock(log->mutex);
    rebuilt.moveTo(segment, info.st_size);
  }
  unpin(segment);
  closeSurplus();
  return checked < 0 ? checked : 0;
}

}  // namespace millrace
