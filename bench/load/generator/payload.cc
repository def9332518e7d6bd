// Maps and checks the payload file and prepares the sums of every batch size that can be sent.
#include "payload.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../../native/crc32c.h"
#include "wire.h"

namespace bench {
namespace {

constexpr uint32_t VERSION = 1;

class File {
 public:
  explicit File(const std::string& path) {
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) refuse("cannot be read");
    left_ = size_t(status.st_size);
    void* at = mmap(nullptr, left_, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    close(fd);
    if (at == MAP_FAILED) refuse("cannot be mapped");
    at_ = static_cast<const char*>(at);
  }
  [[noreturn]] static void refuse(const char* why) {
    fprintf(stderr, "load: the payload file %s\n", why);
    exit(2);
  }
  uint32_t u32() {
    uint32_t value;
    memcpy(&value, take(4), 4);
    return value;
  }
  std::vector<uint32_t> u32s(size_t count) {
    if (count > left_ / 4) refuse("is too short");
    std::vector<uint32_t> values(count);
    if (count > 0) memcpy(values.data(), take(count * 4), count * 4);
    return values;
  }
  const char* take(size_t length) {
    if (length > left_) refuse("is too short");
    const char* from = at_;
    at_ += length;
    left_ -= length;
    return from;
  }

 private:
  const char* at_ = nullptr;
  size_t left_ = 0;
};

Records summed(const char* bytes, uint32_t length, uint32_t count, uint32_t crc) {
  return {bytes, length, count, crc, crc32c_shift(length)};
}

/** Fills `by_count` so that by_count[n] is the largest set of at most n records. */
void read_variant(File& file, std::vector<Records>& by_count) {
  uint32_t count = file.u32();
  bool has_ends = file.u32() != 0;
  uint32_t length = file.u32();
  auto ends = file.u32s(has_ends ? count : 0);
  const char* bytes = file.take(length);
  if (count == 0) File::refuse("has an empty batch");
  if (!has_ends) {
    Records whole = summed(bytes, length, count, crc32c(bytes, length));
    for (size_t n = count; n < by_count.size(); n++) by_count[n] = whole;
    return;
  }
  uint32_t from = 0, crc = 0;
  for (uint32_t n = 1; n < by_count.size(); n++) {
    if (n > count) {
      by_count[n] = by_count[count];
      continue;
    }
    uint32_t end = ends[n - 1];
    if (end < from || end > length) File::refuse("has record ends out of order");
    crc = crc32c(bytes + from, end - from, crc);
    by_count[n] = summed(bytes, end, n, crc);
    from = end;
  }
}

}  // namespace

Payload::Payload(const std::string& path, uint32_t batch_records_max) {
  File file(path);
  if (memcmp(file.take(4), "MRPL", 4) != 0 || file.u32() != VERSION) File::refuse("is not a payload file");
  codec_ = file.u32();
  uint32_t partitions = file.u32(), groups = file.u32(), keys = file.u32();
  group_of_partition_ = file.u32s(partitions);
  partition_of_key_ = file.u32s(keys);
  for (uint32_t partition : partition_of_key_)
    if (partition >= partitions) File::refuse("has a key of an unknown partition");
  for (uint32_t group = 0; group < groups; group++) {
    std::vector<Records> by_count(size_t(batch_records_max) + 1);
    for (uint32_t variants = file.u32(); variants > 0; variants--) read_variant(file, by_count);
    if (by_count[1].count != 1) File::refuse("has no batch of one record");
    by_count_.push_back(std::move(by_count));
  }
  for (uint32_t group : group_of_partition_)
    if (group >= by_count_.size()) File::refuse("has a partition without records");
}

const Records& Payload::records(uint32_t partition, uint32_t count) const {
  const auto& by_count = by_count_[group_of_partition_[partition]];
  return by_count[count < by_count.size() ? count : by_count.size() - 1];
}

void Payload::append_header(std::string& to, const Records& records, const BatchIdentity& identity, int64_t timestamp_ms) const {
  char header[BATCH_HEADER_BYTES];
  store_big_endian<int64_t>(header, 0);                                                       // base offset
  store_big_endian<int32_t>(header + 8, int32_t(BATCH_HEADER_BYTES - 12 + records.length));   // length of what follows
  store_big_endian<int32_t>(header + 12, -1);                                                 // partition leader epoch
  header[16] = 2;                                                                             // magic
  store_big_endian<int16_t>(header + 21, int16_t(codec_));
  store_big_endian<int32_t>(header + 23, int32_t(records.count) - 1);
  store_big_endian<int64_t>(header + 27, timestamp_ms);
  store_big_endian<int64_t>(header + 35, timestamp_ms);
  store_big_endian<int64_t>(header + 43, identity.producer_id);
  store_big_endian<int16_t>(header + 51, identity.producer_epoch);
  store_big_endian<int32_t>(header + 53, identity.base_sequence);
  store_big_endian<int32_t>(header + 57, int32_t(records.count));
  uint32_t own = crc32c(header + 21, BATCH_HEADER_BYTES - 21);
  store_big_endian<uint32_t>(header + 17, crc32c_join(own, records.crc, records.shift));
  to.append(header, BATCH_HEADER_BYTES);
}

}  // namespace bench
