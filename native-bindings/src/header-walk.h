// Reads batch headers of a segment file one after the other, through a small window; of a message older than batches it
// makes one. One thread at a time.
#pragma once

#include <errno.h>
#include <unistd.h>

#include <algorithm>

#include "old-message.h"

namespace millrace {

class HeaderWalk {
 public:
  // `end` is the end of the good bytes.
  HeaderWalk(int fd, int64_t position, int64_t end) : fd_(fd), position_(position), end_(end) {}
  HeaderWalk(const HeaderWalk&) = delete;
  HeaderWalk& operator=(const HeaderWalk&) = delete;

  int64_t position() const { return position_; }
  int64_t sizeBytes() const { return sizeBytes_; }
  const Header& header() const { return header_; }

  // Looks at the batch at `position()`. Returns 1, 0 when no whole batch is there, or a negative errno.
  int look() {
    const int64_t left = end_ - position_;
    if (left < OLD_MESSAGE_BYTES_MIN) return 0;
    const int64_t needed = std::min<int64_t>(left, HEADER_BYTES);
    if (position_ < windowStart_ || position_ + needed > windowStart_ + windowBytes_) {
      const int result = fill(needed);
      if (result <= 0) return result;
    }
    header_.bytes = window_ + (position_ - windowStart_);
    sizeBytes_ = header_.sizeBytes();
    if (header_.magic() < MAGIC) [[unlikely]] return lookAtOld(left);
    return sizeBytes_ < HEADER_BYTES || sizeBytes_ > left ? 0 : 1;
  }

  // Whether an index can be right that leads here for an offset: a batch begins here, none of before the segment, and not
  // behind the offset. Returns 1, 0 or a negative errno.
  int canLeadTo(int64_t offset, int64_t segmentBaseOffset) {
    const int result = look();
    if (result <= 0) return result;
    const int64_t baseOffset = header_.baseOffset();
    return header_.magic() <= MAGIC && baseOffset >= segmentBaseOffset && baseOffset <= offset ? 1 : 0;
  }

  void next() { position_ += sizeBytes_; }
  void moveTo(int64_t position) { position_ = position; }

 private:
  // About what one index interval takes; headers of larger batches are read alone.
  static constexpr int64_t WINDOW_BYTES = 4096;
  static constexpr int64_t LONE_HEADER_BYTES = 256;

  int lookAtOld(int64_t left) {
    if (!isOldMessage(header_.bytes, left)) return 0;
    writeOldHeader(header_.bytes, oldHeader_);
    header_.bytes = oldHeader_;
    return 1;
  }

  int fill(int64_t needed) {
    int64_t wanted = sizeBytes_ > WINDOW_BYTES ? LONE_HEADER_BYTES : WINDOW_BYTES;
    if (wanted > end_ - position_) wanted = end_ - position_;
    windowStart_ = position_;
    windowBytes_ = 0;
    while (windowBytes_ < needed) {
      const ssize_t got = pread(fd_, window_ + windowBytes_, wanted - windowBytes_, position_ + windowBytes_);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return -errno;
      if (got == 0) return 0;
      windowBytes_ += got;
    }
    return 1;
  }

  int fd_;
  int64_t position_;
  int64_t end_;
  int64_t sizeBytes_ = 0;
  int64_t windowStart_ = 0;
  int64_t windowBytes_ = 0;
  Header header_{nullptr};
  uint8_t window_[WINDOW_BYTES];
  uint8_t oldHeader_[HEADER_BYTES];
};

}  // namespace millrace
