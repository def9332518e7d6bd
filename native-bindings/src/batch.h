// The header of a record batch (magic 2) and the slots in which its facts go to TypeScript.
//
//      0 baseOffset 8 | 8 length 4 (of what follows) | 12 partitionLeaderEpoch 4 | 16 magic 1 | 17 crc 4 |
//     21 attributes 2 | 23 lastOffsetDelta 4 | 27 baseTimestamp 8 | 35 maxTimestamp 8 | 43 producerId 8 |
//     51 producerEpoch 2 | 53 baseSequence 4 | 57 recordsCount 4 | 61 records
//
// The CRC covers everything from 21 on. Slots and faults are those of src/native/log-store.ts. Any thread.
#pragma once

#include "big-endian.h"

namespace millrace {

constexpr uint32_t HEADER_BYTES = 61;
// baseOffset and length: what the length field does not count.
constexpr uint32_t LENGTH_OVERHEAD_BYTES = 12;
constexpr uint8_t MAGIC = 2;
constexpr uint16_t ATTRIBUTE_CODEC_MASK = 0x07;
constexpr uint16_t ATTRIBUTE_LOG_APPEND_TIME = 0x08;

namespace at {
constexpr uint32_t baseOffset = 0, length = 8, partitionLeaderEpoch = 12, magic = 16, crc = 17, attributes = 21,
                   lastOffsetDelta = 23, baseTimestamp = 27, maxTimestamp = 35, producerId = 43, producerEpoch = 51,
                   baseSequence = 53, recordsCount = 57;
}

enum class BatchFault : int32_t {
  none = 0,
  truncated = 1,
  magic = 2,
  length = 3,
  crc = 4,
  count = 5,
  records = 6,
  compression = 7,
  tooLarge = 8,
};

// Doubles per batch, and those of them that the header gives.
constexpr uint32_t BATCH_STRIDE = 18;
constexpr uint32_t HEADER_SLOTS = 12;
enum BatchSlot : uint32_t {
  slotRecordsMaxTimestamp = 12,
  slotRecordsMinTimestamp,
  slotMaxTimestampDelta,
  slotKeylessCount,
  slotDeltasInOrder,
  slotRecordsBytes,
};

struct Header {
  const uint8_t* bytes;

  int64_t baseOffset() const { return static_cast<int64_t>(load64(bytes + at::baseOffset)); }
  // Bytes of the whole batch; may be anything when the bytes are not a batch.
  int64_t sizeBytes() const {
    return static_cast<int64_t>(static_cast<int32_t>(load32(bytes + at::length))) + LENGTH_OVERHEAD_BYTES;
  }
  uint8_t magic() const { return bytes[at::magic]; }
  uint32_t crc() const { return load32(bytes + at::crc); }
  uint16_t attributes() const { return load16(bytes + at::attributes); }
  int32_t lastOffsetDelta() const { return static_cast<int32_t>(load32(bytes + at::lastOffsetDelta)); }
  // Of bytes that nobody has checked it may be anything, so the sum may leave 64 bits.
  int64_t nextOffset() const {
    return static_cast<int64_t>(load64(bytes + at::baseOffset) + static_cast<uint64_t>(int64_t{lastOffsetDelta()}) + 1);
  }
  int64_t lastOffset() const {
    return static_cast<int64_t>(load64(bytes + at::baseOffset) + static_cast<uint64_t>(int64_t{lastOffsetDelta()}));
  }
  int64_t baseTimestamp() const { return static_cast<int64_t>(load64(bytes + at::baseTimestamp)); }
  int64_t maxTimestamp() const { return static_cast<int64_t>(load64(bytes + at::maxTimestamp)); }
  int32_t recordsCount() const { return static_cast<int32_t>(load32(bytes + at::recordsCount)); }

  // Writes HEADER_SLOTS doubles and clears the rest of a stride.
  void writeSlots(double position, double* out) const {
    out[0] = position;
    out[1] = static_cast<double>(sizeBytes());
    out[2] = static_cast<double>(baseOffset());
    out[3] = lastOffsetDelta();
    out[4] = static_cast<int32_t>(load32(bytes + at::partitionLeaderEpoch));
    out[5] = attributes();
    out[6] = static_cast<double>(baseTimestamp());
    out[7] = static_cast<double>(maxTimestamp());
    out[8] = static_cast<double>(static_cast<int64_t>(load64(bytes + at::producerId)));
    out[9] = static_cast<int16_t>(load16(bytes + at::producerEpoch));
    out[10] = static_cast<int32_t>(load32(bytes + at::baseSequence));
    out[11] = recordsCount();
    for (uint32_t slot = HEADER_SLOTS; slot < BATCH_STRIDE; slot++) out[slot] = 0;
  }
};

}  // namespace millrace
