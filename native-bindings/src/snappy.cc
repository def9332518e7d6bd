// Snappy as Kafka uses it: snappy-java's framing, or (from some clients) one bare block. Every read and write is checked
// against its bounds.
//
//     framing: magic 8 | version 4 | compatible version 4 | { size 4 (big-endian) | block } ...
//     block:   content length varint | { literal: tag, bytes | copy: tag, distance } ...
//
// Any thread.
#include <cstring>

#include "big-endian.h"
#include "decompress.h"
#include "match-copy.h"

namespace millrace {
namespace {

constexpr uint8_t FRAMING_MAGIC[8] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr size_t FRAMING_HEADER_BYTES = 16;

// The declared content length; false when it is cut off or above 32 bits.
bool readLength(const uint8_t*& in, const uint8_t* end, uint64_t& length) {
  length = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (in >= end) return false;
    const uint8_t byte = *in++;
    length |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return length <= UINT32_MAX;
  }
  return false;
}

// Decodes the elements of a block to exactly `[start, limit)`.
bool decodeElements(const uint8_t* in, const uint8_t* const end, uint8_t* const start, const uint8_t* const limit) {
  uint8_t* out = start;
  while (in < end) {
    const uint8_t tag = *in++;
    size_t count;
    size_t distance;
    switch (tag & 3) {
      case 0: {
        count = tag >> 2;
        if (count >= 60) {
          const size_t lengthBytes = count - 59;
          if (static_cast<size_t>(end - in) < lengthBytes) return false;
          count = 0;
          for (size_t byte = 0; byte < lengthBytes; byte++) count |= static_cast<size_t>(in[byte]) << (8 * byte);
          in += lengthBytes;
        }
        count++;
        if (count > static_cast<size_t>(end - in) || count > static_cast<size_t>(limit - out)) return false;
        if (count <= COPY_BYTES && end - in >= static_cast<ptrdiff_t>(COPY_BYTES) &&
            limit - out >= static_cast<ptrdiff_t>(COPY_BYTES))
          memcpy(out, in, COPY_BYTES);
        else
          memcpy(out, in, count);
        in += count;
        out += count;
        continue;
      }
      case 1:
        if (in >= end) return false;
        count = (tag >> 2 & 7) + 4;
        distance = static_cast<size_t>(tag >> 5) << 8 | *in++;
        break;
      case 2:
        if (end - in < 2) return false;
        count = (tag >> 2) + 1;
        distance = loadLittle16(in);
        in += 2;
        break;
      default:
        if (end - in < 4) return false;
        count = (tag >> 2) + 1;
        distance = loadLittle32(in);
        in += 4;
        break;
    }
    if (distance == 0 || distance > static_cast<size_t>(out - start) || count > static_cast<size_t>(limit - out))
      return false;
    copyMatch(out, distance, count, limit);
    out += count;
  }
  return out == limit;
}

DecompressResult decodeBlock(const uint8_t* in, size_t inBytes, Scratch& out) {
  const uint8_t* const end = in + inBytes;
  uint64_t length;
  if (!readLength(in, end, length)) return DecompressResult::bad;
  if (length > out.bytesMax - out.sizeBytes) return DecompressResult::tooLarge;
  // A copy makes at most 64 bytes of three, so a larger claim is false and gets no memory.
  if (length > inBytes * 64) return DecompressResult::bad;
  if (!out.reserve(length)) return DecompressResult::bad;
  uint8_t* const start = out.bytes + out.sizeBytes;
  if (!decodeElements(in, end, start, start + length)) return DecompressResult::bad;
  out.sizeBytes += length;
  return DecompressResult::ok;
}

bool isFramingHeader(const uint8_t* at, size_t left) {
  return left >= FRAMING_HEADER_BYTES && memcmp(at, FRAMING_MAGIC, sizeof FRAMING_MAGIC) == 0;
}

}  // namespace

DecompressResult snappyDecompress(const uint8_t* source, size_t sourceBytes, Scratch& out) {
  if (!isFramingHeader(source, sourceBytes)) return decodeBlock(source, sourceBytes, out);
  size_t at = FRAMING_HEADER_BYTES;
  while (at < sourceBytes) {
    // Streams may be concatenated, each with its header.
    if (isFramingHeader(source + at, sourceBytes - at)) {
      at += FRAMING_HEADER_BYTES;
      continue;
    }
    if (sourceBytes - at < 4) return DecompressResult::bad;
    const uint32_t size = load32(source + at);
    at += 4;
    if (size == 0 || size > sourceBytes - at) return DecompressResult::bad;
    const DecompressResult result = decodeBlock(source + at, size, out);
    if (result != DecompressResult::ok) return result;
    at += size;
  }
  return DecompressResult::ok;
}

}  // namespace millrace
