// An index file of a segment: big-endian entries in ascending order.
//
//     .index       { relativeOffset 4 | position 4 } ...    last offset of a batch, byte position of that batch
//     .timeindex   { timestamp 8 | relativeOffset 4 } ...   greatest timestamp so far, last offset of its batch
//
// The file is written with pwrite in groups of entries, never through a mapping: a full disk is then an error of a call
// and no signal, and ten thousand partitions need no mappings. What is not written yet lies in a small buffer; if it is
// lost with the process, the index is only sparser, and look-ups walk a little further. Look-ups read single pages.
//
// Threads: the owner changes it under the log's lock; readers take an IndexView under the lock and read the file without.
#pragma once

#include <cstdint>
#include <string>

#include "big-endian.h"

namespace millrace {

constexpr uint32_t OFFSET_ENTRY_BYTES = 8;
constexpr uint32_t TIME_ENTRY_BYTES = 12;
// Entries that are gathered before they are written.
constexpr uint32_t INDEX_GROUP_ENTRIES = 64;

// What a reader needs in order to search the written part of an index without a lock.
struct IndexView {
  int fd = -1;
  uint32_t entries = 0;
};

template <uint32_t ENTRY_BYTES>
class IndexFile {
 public:
  ~IndexFile() { reset(); }

  // Entries, -1 when the file is missing or unusable.
  int32_t entries() const { return usable_ ? static_cast<int32_t>(written_ + pending_) : -1; }
  bool usable() const { return usable_; }
  bool loaded() const { return loaded_; }
  // Key (relative offset or timestamp) and value (position or relative offset) of the last entry; entries() > 0.
  int64_t lastKey() const { return lastKey_; }
  int32_t lastValue() const { return lastValue_; }

  // Takes up what the file holds: counts its entries (those before the zeros of a file that was never trimmed) and reads
  // the last one. Returns 0 or a negative errno; a missing or impossible file is no error but not usable.
  int load(const std::string& path);
  // The file turned out not to fit its segment.
  void disuse() { usable_ = false; }
  // Takes over what another object knows of the same file, which has nothing pending. (under the lock)
  void adopt(const IndexFile& other);
  // A new, empty index; the file is emptied or created.
  int create(const std::string& path);
  // The same for an index that is made anew and may well come out as it was: the file stays as long as what is to be
  // written is what it says, and is cut where it differs. `finishAnew` ends that. To cut ten thousand files to nothing and
  // write them again is what takes longest after an unclean stop, on disks that are told of every block given back.
  void beginAnew();
  int finishAnew(const std::string& path);

  // Adds to the pending entries. (under the lock)
  void add(int64_t key, int32_t value);
  bool hasPending() const { return pending_ > 0; }
  // Whether enough is pending to be worth a write.
  bool flushDue() const { return pending_ >= INDEX_GROUP_ENTRIES; }
  // Writing what is pending takes two steps, so that the file is written without the lock: `writePending`, then
  // `settlePending` with its result (under the lock). After a failed write the entries are dropped.
  int writePending(const std::string& path);
  void settlePending(int result);
  // Frees the memory for pending entries, of which there are none. (under the lock)
  void dropBuffer();
  // Keeps the first `count` entries, and cuts the file.
  int cut(const std::string& path, uint32_t count);
  // Entry by number; 0 or a negative errno.
  int read(const std::string& path, uint32_t entry, int64_t* key, int32_t* value);

  // Opens the file for look-ups if it is not; false when it cannot be.
  bool openForReading(const std::string& path);
  IndexView view() const { return {fd_, written_}; }
  // Searches the pending entries for the greatest key <= `key`. False when none qualifies (look in the file then).
  bool findPending(int64_t key, int32_t* value) const;

  int descriptor() const { return fd_; }
  void closeDescriptor();
  // Everything away, as for a new object.
  void reset();

 private:
  int writeAll(const std::string& path, uint64_t position, const uint8_t* bytes, uint32_t sizeBytes);
  // Whether the file says the same there.
  bool holds(const std::string& path, uint64_t position, const uint8_t* bytes, uint32_t sizeBytes);

  uint8_t* buffer_ = nullptr;
  uint32_t bufferEntries_ = 0;
  int64_t lastKey_ = 0;
  int32_t lastValue_ = 0;
  // The same of the last written entry.
  int64_t writtenKey_ = 0;
  int32_t writtenValue_ = 0;
  int fd_ = -1;
  uint32_t written_ = 0;
  uint32_t pending_ = 0;
  bool usable_ = false;
  bool loaded_ = false;
  // Between beginAnew and the first difference.
  bool same_ = false;
};

// Greatest entry with key <= `key` in the written part. Returns 1 when found, 0 when there is none, or a negative errno.
// `lastKey` (the greatest key, if known) makes the first guess good.
template <uint32_t ENTRY_BYTES>
int searchIndex(const IndexView& view, int64_t key, int64_t lastKey, int32_t* value);

using OffsetIndexFile = IndexFile<OFFSET_ENTRY_BYTES>;
using TimeIndexFile = IndexFile<TIME_ENTRY_BYTES>;

}  // namespace millrace
