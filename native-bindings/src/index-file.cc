// See index-file.h.
#include "index-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace millrace {
namespace {

// Read at a time in a search: half the cost of a page, and wide enough for a first guess that is a little off.
constexpr uint32_t SEARCH_BYTES = 1024;

template <uint32_t ENTRY_BYTES>
int64_t keyOf(const uint8_t* entry) {
  if constexpr (ENTRY_BYTES == OFFSET_ENTRY_BYTES) return static_cast<int32_t>(load32(entry));
  else return static_cast<int64_t>(load64(entry));
}

template <uint32_t ENTRY_BYTES>
int32_t valueOf(const uint8_t* entry) {
  return static_cast<int32_t>(load32(entry + ENTRY_BYTES - 4));
}

template <uint32_t ENTRY_BYTES>
bool isZero(const uint8_t* entry) {
  return keyOf<ENTRY_BYTES>(entry) == 0 && valueOf<ENTRY_BYTES>(entry) == 0;
}

// Exactly `sizeBytes`, or a negative errno (-EIO when the file is shorter).
int readFully(int fd, uint8_t* target, uint32_t sizeBytes, uint64_t position) {
  uint32_t done = 0;
  while (done < sizeBytes) {
    const ssize_t got = pread(fd, target + done, sizeBytes - done, static_cast<off_t>(position + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    if (got == 0) return -EIO;
    done += static_cast<uint32_t>(got);
  }
  return 0;
}

// Entries before the zeros that fill a file that was sized in advance and never trimmed.
template <uint32_t ENTRY_BYTES>
int countBeforeZeros(int fd, uint32_t entries, uint32_t* count) {
  uint32_t low = 0;
  uint32_t high = entries;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    uint8_t entry[ENTRY_BYTES];
    const int result = readFully(fd, entry, ENTRY_BYTES, static_cast<uint64_t>(middle) * ENTRY_BYTES);
    if (result < 0) return result;
    if (isZero<ENTRY_BYTES>(entry)) high = middle;
    else low = middle + 1;
  }
  *count = low;
  return 0;
}

}  // namespace

template <uint32_t ENTRY_BYTES>
int IndexFile<ENTRY_BYTES>::load(const std::string& path) {
  reset();
  loaded_ = true;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? 0 : -errno;
  struct stat info;
  int result = fstat(fd, &info) < 0 ? -errno : 0;
  uint32_t count = 0;
  uint8_t entry[ENTRY_BYTES];
  const bool possible = result == 0 && info.st_size % ENTRY_BYTES == 0 && info.st_size / ENTRY_BYTES < INT32_MAX;
  if (possible && info.st_size > 0) {
    count = static_cast<uint32_t>(info.st_size / ENTRY_BYTES);
    result = readFully(fd, entry, ENTRY_BYTES, static_cast<uint64_t>(count - 1) * ENTRY_BYTES);
    if (result == 0 && count > 1 && isZero<ENTRY_BYTES>(entry)) {
      result = countBeforeZeros<ENTRY_BYTES>(fd, count, &count);
      if (result == 0 && count > 0)
        result = readFully(fd, entry, ENTRY_BYTES, static_cast<uint64_t>(count - 1) * ENTRY_BYTES);
    }
  }
  close(fd);
  if (result < 0 || !possible) return result;
  usable_ = true;
  written_ = count;
  if (count > 0) {
    lastKey_ = writtenKey_ = keyOf<ENTRY_BYTES>(entry);
    lastValue_ = writtenValue_ = valueOf<ENTRY_BYTES>(entry);
  }
  return 0;
}

template <uint32_t ENTRY_BYTES>
int IndexFile<ENTRY_BYTES>::create(const std::string& path) {
  // A descriptor for reading stays: it is of the same file, and a reader may be using it.
  dropBuffer();
  written_ = pending_ = 0;
  usable_ = false;
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return -errno;
  close(fd);
  usable_ = true;
  loaded_ = true;
  return 0;
}

template <uint32_t ENTRY_BYTES>
void IndexFile<ENTRY_BYTES>::beginAnew() {
  dropBuffer();
  written_ = pending_ = 0;
  usable_ = loaded_ = same_ = true;
}

template <uint32_t ENTRY_BYTES>
int IndexFile<ENTRY_BYTES>::finishAnew(const std::string& path) {
  if (!same_) return 0;
  same_ = false;
  struct stat info;
  const uint64_t sizeBytes = static_cast<uint64_t>(written_) * ENTRY_BYTES;
  if (stat(path.c_str(), &info) == 0 && static_cast<uint64_t>(info.st_size) == sizeBytes) return 0;
  return writeAll(path, sizeBytes, nullptr, 0);
}

template <uint32_t ENTRY_BYTES>
void IndexFile<ENTRY_BYTES>::adopt(const IndexFile& other) {
  dropBuffer();
  written_ = other.written_;
  pending_ = 0;
  lastKey_ = writtenKey_ = other.lastKey_;
  lastValue_ = writtenValue_ = other.lastValue_;
  usable_ = other.usable_;
  loaded_ = true;
}

template <uint32_t ENTRY_BYTES>
void IndexFile<ENTRY_BYTES>::add(int64_t key, int32_t value) {
  if (!usable_) return;
  if (pending_ == bufferEntries_) {
    const uint32_t wanted = bufferEntries_ == 0 ? INDEX_GROUP_ENTRIES : bufferEntries_ * 2;
    void* grown = realloc(buffer_, wanted * ENTRY_BYTES);
    // Without memory the index is only sparser.
    if (grown == nullptr) return;
    buffer_ = static_cast<uint8_t*>(grown);
    bufferEntries_ = wanted;
  }
  uint8_t* entry = buffer_ + pending_ * ENTRY_BYTES;
  if constexpr (ENTRY_BYTES == OFFSET_ENTRY_BYTES) store32(entry, static_cast<uint32_t>(key));
  else store64(entry, static_cast<uint64_t>(key));
  store32(entry + ENTRY_BYTES - 4, static_cast<uint32_t>(value));
  pending_++;
  lastKey_ = key;
  lastValue_ = value;
}

template <uint32_t ENTRY_BYTES>
int IndexFile<ENTRY_BYTES>::writeAll(const std::string& path, uint64_t position, const uint8_t* bytes,
                                     uint32_t sizeBytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return -errno;
  // What an untrimmed file holds behind its entries would follow ours. Nothing is cut where nothing is: a cut waits for
  // the page that the disk is writing, and ext4 writes a file at once that was cut to nothing and written again.
  struct stat info;
  int result = fstat(fd, &info) < 0 ? -errno : 0;
  if (result == 0 && info.st_size != static_cast<off_t>(position) && ftruncate(fd, static_cast<off_t>(position)) < 0)
    result = -errno;
  uint32_t done = 0;
  while (result == 0 && done < sizeBytes) {
    const ssize_t wrote = pwrite(fd, bytes + done, sizeBytes - done, static_cast<off_t>(position + done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) result = -errno;
    else done += static_cast<uint32_t>(wrote);
  }
  if (result < 0) (void)!ftruncate(fd, static_cast<off_t>(position));
  close(fd);
  return result;
}

template <uint32_t ENTRY_BYTES>
bool IndexFile<ENTRY_BYTES>::holds(const std::string& path, uint64_t position, const uint8_t* bytes,
                                   uint32_t sizeBytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  uint8_t page[SEARCH_BYTES];
  bool same = true;
  for (uint32_t done = 0; same && done < sizeBytes;) {
    const uint32_t count = std::min(SEARCH_BYTES, sizeBytes - done);
    same = readFully(fd, page, count, position + done) == 0 && memcmp(page, bytes + done, count) == 0;
    done += count;
  }
  close(fd);
  return same;
}

template <uint32_t ENTRY_BYTES>
int IndexFile<ENTRY_BYTES>::writePending(const std::string& path) {
  if (!usable_ || pending_ == 0) return 0;
  const uint64_t position = static_cast<uint64_t>(written_) * ENTRY_BYTES;
  const uint32_t sizeBytes = pending_ * ENTRY_BYTES;
  same_ = same_ && holds(path, position, buffer_, sizeBytes);
  return same_ ? 0 : writeAll(path, position, buffer_, sizeBytes);
}

template <uint32_t ENTRY_BYTES>
void IndexFile<ENTRY_BYTES>::settlePending(int result) {
  if (result == 0) {
    written_ += pending_;
    writtenKey_ = lastKey_;
    writtenValue_ = lastValue_;
  } else {
    lastKey_ = writtenKey_;
    lastValue_ = writtenValue_;
  }
  pending_ = 0;
}

template <uint32_t ENTRY_BYTES>
void IndexFile<ENTRY_BYTES>::dropBuffer() {
  free(buffer_);
  buffer_ = nullptr;
  bufferEntries_ = 0;
}

template <uint32_t ENTRY_BYTES>
int IndexFile<ENTRY_BYTES>::read(const std::string& path, uint32_t entry, int64_t* key, int32_t* value) {
  uint8_t bytes[ENTRY_BYTES];
  const uint8_t* from = bytes;
  if (entry >= written_) from = buffer_ + (entry - written_) * ENTRY_BYTES;
  else {
    if (!openForReading(path)) return -EIO;
    const int result = readFully(fd_, bytes, ENTRY_BYTES, static_cast<uint64_t>(entry) * ENTRY_BYTES);
    if (result < 0) return result;
  }
  *key = keyOf<ENTRY_BYTES>(from);
  *value = valueOf<ENTRY_BYTES>(from);
  return 0;
}

template <uint32_t ENTRY_BYTES>
int IndexFile<ENTRY_BYTES>::cut(const std::string& path, uint32_t count) {
  if (!usable_ || count >= written_ + pending_) return 0;
  if (count > written_) {
    pending_ = count - written_;
  } else {
    pending_ = 0;
    written_ = count;
    const int result = writeAll(path, static_cast<uint64_t>(count) * ENTRY_BYTES, nullptr, 0);
    if (result < 0) return result;
  }
  if (count == 0) return 0;
  const int result = read(path, count - 1, &lastKey_, &lastValue_);
  if (pending_ == 0) {
    writtenKey_ = lastKey_;
    writtenValue_ = lastValue_;
  }
  return result;
}

template <uint32_t ENTRY_BYTES>
bool IndexFile<ENTRY_BYTES>::openForReading(const std::string& path) {
  if (fd_ < 0) fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return fd_ >= 0;
}

template <uint32_t ENTRY_BYTES>
bool IndexFile<ENTRY_BYTES>::findPending(int64_t key, int32_t* value) const {
  uint32_t low = 0;
  uint32_t high = pending_;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (keyOf<ENTRY_BYTES>(buffer_ + middle * ENTRY_BYTES) <= key) low = middle + 1;
    else high = middle;
  }
  if (low == 0) return false;
  *value = valueOf<ENTRY_BYTES>(buffer_ + (low - 1) * ENTRY_BYTES);
  return true;
}

template <uint32_t ENTRY_BYTES>
void IndexFile<ENTRY_BYTES>::closeDescriptor() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

template <uint32_t ENTRY_BYTES>
void IndexFile<ENTRY_BYTES>::reset() {
  closeDescriptor();
  free(buffer_);
  buffer_ = nullptr;
  bufferEntries_ = 0;
  written_ = pending_ = 0;
  lastKey_ = writtenKey_ = 0;
  lastValue_ = writtenValue_ = 0;
  usable_ = loaded_ = same_ = false;
}

template <uint32_t ENTRY_BYTES>
int searchIndex(const IndexView& view, int64_t key, int64_t lastKey, int32_t* value) {
  constexpr uint32_t GROUP = SEARCH_BYTES / ENTRY_BYTES;
  uint8_t page[GROUP * ENTRY_BYTES];
  const uint32_t groups = (view.entries + GROUP - 1) / GROUP;
  uint32_t low = 0;
  uint32_t high = groups;
  int found = 0;
  // Keys grow nearly evenly, so the first guess is a proportion; then the search halves.
  uint32_t group = groups;
  if (lastKey > 0 && key >= 0 && key < lastKey) group = static_cast<uint32_t>(static_cast<double>(key) / static_cast<double>(lastKey) * groups);
  if (group >= groups) group = groups > 0 ? groups - 1 : 0;
  for (; low < high; group = low + (high - low) / 2) {
    const uint32_t first = group * GROUP;
    const uint32_t count = view.entries - first < GROUP ? view.entries - first : GROUP;
    const int result = readFully(view.fd, page, count * ENTRY_BYTES, static_cast<uint64_t>(first) * ENTRY_BYTES);
    if (result < 0) return result;
    if (keyOf<ENTRY_BYTES>(page) > key) {
      high = group;
      continue;
    }
    uint32_t from = 0;
    uint32_t to = count;
    while (from < to) {
      const uint32_t middle = (from + to) / 2;
      if (keyOf<ENTRY_BYTES>(page + middle * ENTRY_BYTES) <= key) from = middle + 1;
      else to = middle;
    }
    *value = valueOf<ENTRY_BYTES>(page + (from - 1) * ENTRY_BYTES);
    found = 1;
    if (from < count) break;
    low = group + 1;
  }
  return found;
}

template class IndexFile<OFFSET_ENTRY_BYTES>;
template class IndexFile<TIME_ENTRY_BYTES>;
template int searchIndex<OFFSET_ENTRY_BYTES>(const IndexView&, int64_t, int64_t, int32_t*);
template int searchIndex<TIME_ENTRY_BYTES>(const IndexView&, int64_t, int64_t, int32_t*);

}  // namespace millrace
