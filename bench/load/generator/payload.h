// The records that producers send: encoded once by bench/load/payload.ts, mapped from a file, never copied. Each send
// writes only a new 61-byte batch header; the CRC over header and records is joined from the two sums.
//
// File (little endian): "MRPL" u32 version=1 | u32 codec | u32 partitions | u32 groups | u32 keys
//   u32 group_of_partition[partitions] | u32 partition_of_key[keys]
//   per group: u32 variants | per variant: u32 records, u32 has_ends, u32 bytes, u32 ends[records] if has_ends, bytes
// A variant with `ends` is uncompressed and can be cut after any record; a compressed one is sent whole.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

constexpr size_t BATCH_HEADER_BYTES = 61;

/** The records of one batch and their sum. */
struct Records {
  const char* bytes = nullptr;
  uint32_t length = 0, count = 0, crc = 0, shift = 0;
};

struct BatchIdentity {
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  int32_t base_sequence = -1;
};

class Payload {
 public:
  /** Exits with a message when the file is not what it should be. */
  explicit Payload(const std::string& path, uint32_t batch_records_max);

  /** The largest set of at most `count` records for a partition. */
  const Records& records(uint32_t partition, uint32_t count) const;
  uint32_t key_count() const { return uint32_t(partition_of_key_.size()); }
  uint32_t partition_of_key(uint32_t key) const { return partition_of_key_[key]; }
  uint32_t partition_count() const { return uint32_t(group_of_partition_.size()); }
  /** Appends the batch header in front of `records`, with the CRC of both. */
  void append_header(std::string& to, const Records& records, const BatchIdentity& identity, int64_t timestamp_ms) const;

 private:
  uint32_t codec_ = 0;
  std::vector<uint32_t> group_of_partition_, partition_of_key_;
  std::vector<std::vector<Records>> by_count_;  // [group][count]: all counts up to the largest batch
};

}  // namespace bench
