// Appending to the active segment: patch headers in memory, write everything with one call, publish. See log.h.
#include <errno.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "crc32c.h"
#include "log.h"
#include "memory-region.h"
#include "open-segments.h"
#include "reserved-room.h"
#include "whole-number.h"

namespace millrace {
namespace {

enum AppendSlot : uint32_t { slotMemoryId, slotOffset, slotSizeBytes, slotBaseOffset, slotAppendTimeMs, slotMaxTimestamp };

// Header fields in [attributes, producerId) may change; the CRC follows from the difference alone.
void patchTimestamp(uint8_t* batch, int64_t sizeBytes, int64_t maxTimestamp, bool logAppendTime) {
  constexpr uint32_t CHANGE_BYTES = at::producerId - at::attributes;
  uint8_t change[CHANGE_BYTES];
  memcpy(change, batch + at::attributes, CHANGE_BYTES);
  store64(batch + at::maxTimestamp, static_cast<uint64_t>(maxTimestamp));
  if (logAppendTime) store16(batch + at::attributes, load16(batch + at::attributes) | ATTRIBUTE_LOG_APPEND_TIME);
  for (uint32_t byte = 0; byte < CHANGE_BYTES; byte++) change[byte] ^= batch[at::attributes + byte];
  store32(batch + at::crc, load32(batch + at::crc) ^ crc32cChange(change, CHANGE_BYTES, static_cast<uint32_t>(sizeBytes - at::producerId)));
}

void patch(uint8_t* batch, const double* entry, int32_t partitionLeaderEpoch) {
  store64(batch + at::baseOffset, static_cast<uint64_t>(static_cast<int64_t>(entry[slotBaseOffset])));
  if (partitionLeaderEpoch >= 0) store32(batch + at::partitionLeaderEpoch, static_cast<uint32_t>(partitionLeaderEpoch));
  const bool logAppendTime = entry[slotAppendTimeMs] >= 0;
  const double maxTimestamp = logAppendTime ? entry[slotAppendTimeMs] : entry[slotMaxTimestamp];
  if (maxTimestamp >= 0)
    patchTimestamp(batch, static_cast<int64_t>(entry[slotSizeBytes]), wholeTimestamp(maxTimestamp), logAppendTime);
}

// Checks the whole list before anything is changed. Returns the bytes to write, or one of WRONG_*, or a negative errno.
int64_t checkList(const Segment* active, const double* list, uint32_t count) {
  int64_t position = active->sizeBytes;
  double nextOffset = static_cast<double>(active->nextOffset);
  for (uint32_t index = 0; index < count; index++) {
    const double* entry = list + index * APPEND_STRIDE;
    const uint8_t* batch = memoryAt(entry[slotMemoryId], entry[slotOffset], entry[slotSizeBytes]);
    if (batch == nullptr) return WRONG_MEMORY;
    if (!(entry[slotSizeBytes] >= HEADER_BYTES)) return WRONG_BATCH;
    const Header header{batch};
    const int32_t delta = header.lastOffsetDelta();
    if (static_cast<double>(header.sizeBytes()) != entry[slotSizeBytes] || delta < 0) return WRONG_BATCH;
    if (!(entry[slotBaseOffset] >= nextOffset)) return WRONG_BATCH;
    nextOffset = entry[slotBaseOffset] + delta + 1;
    if (nextOffset - 1 - static_cast<double>(active->baseOffset) > INT32_MAX) return -EOVERFLOW;
    position += header.sizeBytes();
    if (position > INT32_MAX) return -EFBIG;
  }
  return position - active->sizeBytes;
}

// Writes `parts` one after the other. Returns 0 or a negative errno; how much is written then is not known.
int writeParts(int fd, iovec* parts, int count, int64_t position) {
  while (count > 0) {
    const ssize_t wrote = pwritev(fd, parts, std::min(count, IOV_MAX), position);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return -errno;
    if (wrote == 0) return -EIO;
    position += wrote;
    size_t left = static_cast<size_t>(wrote);
    while (count > 0 && left >= parts->iov_len) {
      left -= parts->iov_len;
      parts++;
      count--;
    }
    if (count > 0) {
      parts->iov_base = static_cast<uint8_t*>(parts->iov_base) + left;
      parts->iov_len -= left;
    }
  }
  return 0;
}

// Patches and writes the list in groups of as many batches as one call takes.
int writeList(int fd, int64_t position, const double* list, uint32_t count, int32_t partitionLeaderEpoch) {
  constexpr int PARTS_MAX = IOV_MAX;
  iovec parts[PARTS_MAX];
  int made = 0;
  int64_t groupBytes = 0;
  for (uint32_t index = 0; index < count; index++) {
    const double* entry = list + index * APPEND_STRIDE;
    uint8_t* batch = memoryAt(entry[slotMemoryId], entry[slotOffset], entry[slotSizeBytes]);
    const size_t sizeBytes = static_cast<size_t>(entry[slotSizeBytes]);
    patch(batch, entry, partitionLeaderEpoch);
    groupBytes += static_cast<int64_t>(sizeBytes);
    if (made > 0 && static_cast<uint8_t*>(parts[made - 1].iov_base) + parts[made - 1].iov_len == batch)
      parts[made - 1].iov_len += sizeBytes;
    else
      parts[made++] = {batch, sizeBytes};
    if (made < PARTS_MAX && index + 1 < count) continue;
    if (const int result = writeParts(fd, parts, made, position); result < 0) return result;
    position += groupBytes;
    groupBytes = 0;
    made = 0;
  }
  return 0;
}

// Returns 0 or a negative errno, and then the file has its old size.
int writeChecked(Segment* active, int64_t sizeBytes, const double* list, uint32_t count, int32_t partitionLeaderEpoch) {
  reserveRoom(active, sizeBytes);
  const int result = writeList(active->fd, active->sizeBytes, list, count, partitionLeaderEpoch);
  if (result < 0) {
    (void)!ftruncate(active->fd, active->sizeBytes);
    active->reservedTo = 0;
  }
  return result;
}

// Takes the written batches into account. (under the log's lock)
void publish(Log* log, Segment* active, const double* list, uint32_t count) {
  if (active->tail == nullptr) active->tail = new (std::nothrow) Tail();
  const LogOptions& options = log->options;
  for (uint32_t index = 0; index < count; index++) {
    const double* entry = list + index * APPEND_STRIDE;
    const Header header{memoryAt(entry[slotMemoryId], entry[slotOffset], entry[slotSizeBytes])};
    if (active->tail)
      active->tail->add({header.baseOffset(), header.lastOffsetDelta(), static_cast<uint32_t>(active->sizeBytes)});
    active->noteBatch(header, header.sizeBytes(), options.indexIntervalBytes, options.offsetEntriesMax(), options.timeEntriesMax());
  }
  markDirty(log, active);
}

}  // namespace

int appendBatches(double handle, int32_t partitionLeaderEpoch, const double* list, uint32_t count, double* out) {
  Log* log = ownedLog(handle);
  if (log == nullptr) return WRONG_HANDLE;
  Segment* active = log->active();
  if (active == nullptr) return WRONG_NO_SEGMENT;
  int result;
  {
    std::lock_guard lock(log->mutex);
    result = active->load();
    if (result == 0) result = active->ensureOpen();
    if (result < 0) return result;
    pin(active);
  }
  const int64_t checked = active->torn ? -EUCLEAN : checkList(active, list, count);
  result = checked < 0 ? static_cast<int>(checked) : writeChecked(active, checked, list, count, partitionLeaderEpoch);
  {
    std::lock_guard lock(log->mutex);
    if (result == 0) publish(log, active, list, count);
    active->writeState(out);
  }
  if (result == 0 && (active->offsetIndex.flushDue() || active->timeIndex.flushDue())) writeIndexes(log, active, false);
  unpin(active);
  closeSurplus();
  return result;
}

}  // namespace millrace
