// Validation of produced batches in one pass over the CRC and one over the records. Lengths and counts come from
// clients: each is checked against the bytes that are there before it is used.
//
//     record: length varint | attributes 1 | timestampDelta varlong | offsetDelta varint | keyLength varint | key |
//             valueLength varint | value | headersCount varint | { keyLength, key, valueLength, value } ...
//
// Any thread.
#include "batch-validate.h"

#include "crc32c.h"
#include "decompress.h"

namespace millrace {
namespace {

struct Cursor {
  const uint8_t* at;
  const uint8_t* end;
  bool good = true;

  size_t left() const { return static_cast<size_t>(end - at); }

  // A zig-zag varint of up to `bytesMax` bytes.
  int64_t varlong(int bytesMax) {
    uint64_t value = 0;
    for (int count = 0; count < bytesMax; count++) {
      if (at >= end) break;
      const uint8_t byte = *at++;
      value |= static_cast<uint64_t>(byte & 0x7f) << (7 * count);
      if (byte < 0x80) return static_cast<int64_t>(value >> 1 ^ (0 - (value & 1)));
    }
    good = false;
    return 0;
  }

  int32_t varint() {
    if (at < end && *at < 0x80) {
      const uint32_t byte = *at++;
      return static_cast<int32_t>(byte >> 1 ^ (0 - (byte & 1)));
    }
    // Five bytes may hold more than 32 bits; what is beyond is cut off, as Kafka's decoder does it.
    uint32_t value = 0;
    for (int count = 0; count < 5; count++) {
      if (at >= end) break;
      const uint8_t byte = *at++;
      value |= static_cast<uint32_t>(byte & 0x7f) << (7 * count);
      if (byte < 0x80) return static_cast<int32_t>(value >> 1 ^ (0 - (value & 1)));
    }
    good = false;
    return 0;
  }

  // Moves over a length and as many bytes. Returns false for null (-1).
  bool skipField(bool nullable) {
    const int32_t length = varint();
    if (length < 0) {
      if (!nullable || length != -1) good = false;
      return false;
    }
    if (static_cast<size_t>(length) > left()) {
      good = false;
      return false;
    }
    at += length;
    return true;
  }
};

bool walkRecords(const uint8_t* bytes, size_t sizeBytes, int32_t count, int64_t baseTimestamp, double* out) {
  Cursor cursor{bytes, bytes + sizeBytes};
  int64_t timestampMax = -1;
  int64_t timestampMin = INT64_MAX;
  int32_t timestampMaxDelta = -1;
  int32_t keyless = 0;
  bool inOrder = true;
  for (int32_t record = 0; record < count; record++) {
    const int32_t length = cursor.varint();
    if (!cursor.good || length < 0 || static_cast<size_t>(length) > cursor.left()) return false;
    Cursor body{cursor.at, cursor.at + length};
    cursor.at = body.end;
    if (length < 1) return false;
    body.at++;  // attributes, unused
    const int64_t timestamp =
        static_cast<int64_t>(static_cast<uint64_t>(baseTimestamp) + static_cast<uint64_t>(body.varlong(10)));
    const int32_t offsetDelta = body.varint();
    if (!body.skipField(true)) keyless++;
    body.skipField(true);
    const int32_t headers = body.varint();
    if (headers < 0) return false;
    // Each header takes two bytes at least, so a false count ends at the record's end.
    for (int32_t header = 0; header < headers && body.good; header++) {
      body.skipField(false);
      body.skipField(true);
    }
    if (!body.good || body.at != body.end) return false;
    if (timestamp > timestampMax) {
      timestampMax = timestamp;
      timestampMaxDelta = offsetDelta;
    }
    if (timestamp < timestampMin) timestampMin = timestamp;
    inOrder &= offsetDelta == record;
  }
  if (cursor.at != cursor.end) return false;
  out[slotRecordsMaxTimestamp] = static_cast<double>(timestampMax);
  out[slotRecordsMinTimestamp] = static_cast<double>(timestampMin);
  out[slotMaxTimestampDelta] = timestampMaxDelta;
  out[slotKeylessCount] = keyless;
  out[slotDeltasInOrder] = inOrder ? 1 : 0;
  out[slotRecordsBytes] = static_cast<double>(sizeBytes);
  return true;
}

}  // namespace

BatchFault validateBatch(const uint8_t* bytes, uint64_t sizeBytes, size_t decompressedBytesMax, double* out) {
  if (sizeBytes < HEADER_BYTES) return BatchFault::truncated;
  const Header header{bytes};
  header.writeSlots(0, out);
  const int64_t batchBytes = header.sizeBytes();
  if (batchBytes > static_cast<int64_t>(sizeBytes)) return BatchFault::truncated;
  if (header.magic() != MAGIC) return BatchFault::magic;
  if (batchBytes < HEADER_BYTES) return BatchFault::length;
  if (crc32c(0, bytes + at::attributes, batchBytes - at::attributes) != header.crc()) return BatchFault::crc;
  const int32_t count = header.recordsCount();
  if (count <= 0 || count - 1 != header.lastOffsetDelta()) return BatchFault::count;
  const uint8_t* records = bytes + HEADER_BYTES;
  size_t recordsBytes = batchBytes - HEADER_BYTES;
  const uint16_t codec = header.attributes() & ATTRIBUTE_CODEC_MASK;
  if (codec == 0)
    return walkRecords(records, recordsBytes, count, header.baseTimestamp(), out) ? BatchFault::none
                                                                                 : BatchFault::records;
  if (codec > static_cast<uint16_t>(Codec::zstd)) return BatchFault::compression;
  const DecompressResult result =
      decompress(static_cast<Codec>(codec), records, recordsBytes, decompressedBytesMax, &records, &recordsBytes);
  BatchFault fault = BatchFault::none;
  if (result == DecompressResult::tooLarge) fault = BatchFault::tooLarge;
  else if (result == DecompressResult::bad) fault = BatchFault::compression;
  else if (!walkRecords(records, recordsBytes, count, header.baseTimestamp(), out)) fault = BatchFault::records;
  releaseScratch();
  return fault;
}

}  // namespace millrace
