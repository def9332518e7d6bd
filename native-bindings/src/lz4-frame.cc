// LZ4 frames as Kafka uses them: independent blocks, no dictionary. A frame with linked blocks is refused, as Apache
// Kafka refuses it, because its consumers could not read it. Every read and write is checked against its bounds.
//
//     magic 4 | FLG 1 | BD 1 | [content size 8] | header checksum 1 |
//     { block size 4, top bit set when stored | bytes | [checksum 4] } ... | 0 4 | [content checksum 4]
//
// Any thread.
#include <cstring>

#include "big-endian.h"
#include "decompress.h"
#include "match-copy.h"

namespace millrace {
namespace {

constexpr uint32_t FRAME_MAGIC = 0x184d2204;
constexpr uint8_t FLAG_INDEPENDENT = 0x20, FLAG_BLOCK_CHECKSUM = 0x10, FLAG_CONTENT_SIZE = 0x08,
                  FLAG_CONTENT_CHECKSUM = 0x04, FLAG_RESERVED = 0x02, FLAG_DICTIONARY = 0x01;
constexpr uint32_t BLOCK_STORED = 0x80000000;
constexpr size_t MATCH_BYTES_MIN = 4;

constexpr uint32_t PRIME_1 = 2654435761u, PRIME_2 = 2246822519u, PRIME_3 = 3266489917u, PRIME_4 = 668265263u,
                   PRIME_5 = 374761393u;

inline uint32_t rotate(uint32_t value, int by) { return value << by | value >> (32 - by); }

// xxHash32 with seed 0
uint32_t xxHash32(const uint8_t* at, size_t sizeBytes) {
  const uint8_t* const end = at + sizeBytes;
  uint32_t hash = PRIME_5;
  if (sizeBytes >= 16) {
    uint32_t lanes[4] = {PRIME_1 + PRIME_2, PRIME_2, 0, 0u - PRIME_1};
    for (; end - at >= 16; at += 16)
      for (int lane = 0; lane < 4; lane++)
        lanes[lane] = rotate(lanes[lane] + loadLittle32(at + lane * 4) * PRIME_2, 13) * PRIME_1;
    hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
  }
  hash += static_cast<uint32_t>(sizeBytes);
  for (; end - at >= 4; at += 4) hash = rotate(hash + loadLittle32(at) * PRIME_3, 17) * PRIME_4;
  for (; at < end; at++) hash = rotate(hash + *at * PRIME_5, 11) * PRIME_1;
  hash = (hash ^ hash >> 15) * PRIME_2;
  hash = (hash ^ hash >> 13) * PRIME_3;
  return hash ^ hash >> 16;
}

// Adds the bytes of a length that did not fit its four bits. False when they are cut off or too many.
inline bool extendLength(const uint8_t*& in, const uint8_t* end, size_t& length, size_t lengthMax) {
  uint8_t more;
  do {
    if (in >= end || length > lengthMax) return false;
    more = *in++;
    length += more;
  } while (more == 255);
  return true;
}

constexpr int64_t MALFORMED = -1;
constexpr int64_t NO_ROOM = -2;
// A sequence with short lengths is copied in fixed pieces; so many bytes must be left on both sides.
constexpr ptrdiff_t SHORT_IN_BYTES = 20;
constexpr ptrdiff_t SHORT_OUT_BYTES = 40;

// Decodes one block to `[start, start + room)`; returns the bytes made, MALFORMED or NO_ROOM.
int64_t decodeBlock(const uint8_t* in, size_t inBytes, uint8_t* const start, size_t room) {
  const uint8_t* const end = in + inBytes;
  uint8_t* out = start;
  const uint8_t* const limit = start + room;
  while (in < end) {
    const uint8_t token = *in++;
    size_t literals = token >> 4;
    size_t distance;
    if (literals < 15 && end - in >= SHORT_IN_BYTES && limit - out >= SHORT_OUT_BYTES) {
      memcpy(out, in, COPY_BYTES);
      in += literals;
      out += literals;
      distance = loadLittle16(in);
      in += 2;
      if ((token & 15) < 15 && distance >= 8 && distance <= static_cast<size_t>(out - start)) {
        const uint8_t* from = out - distance;
        memcpy(out, from, 8);
        memcpy(out + 8, from + 8, 8);
        memcpy(out + 16, from + 16, 8);
        out += (token & 15) + MATCH_BYTES_MIN;
        continue;
      }
    } else {
      if (literals == 15 && !extendLength(in, end, literals, room)) return in < end ? NO_ROOM : MALFORMED;
      if (literals > static_cast<size_t>(end - in)) return MALFORMED;
      if (literals > static_cast<size_t>(limit - out)) return NO_ROOM;
      memcpy(out, in, literals);
      in += literals;
      out += literals;
      // The last sequence of a block has no match.
      if (in == end) return out - start;
      if (end - in < 2) return MALFORMED;
      distance = loadLittle16(in);
      in += 2;
    }
    size_t matched = token & 15;
    if (matched == 15 && !extendLength(in, end, matched, room)) return in < end ? NO_ROOM : MALFORMED;
    matched += MATCH_BYTES_MIN;
    if (distance == 0 || distance > static_cast<size_t>(out - start)) return MALFORMED;
    if (matched > static_cast<size_t>(limit - out)) return NO_ROOM;
    copyMatch(out, distance, matched, limit);
    out += matched;
  }
  // Ends behind a match (or has no sequence at all).
  return MALFORMED;
}

// Decodes a block of the frame, beginning with a likely amount of memory rather than with all that it could need.
DecompressResult appendBlock(const uint8_t* block, size_t size, size_t blockBytesMax, Scratch& out) {
  constexpr size_t LIKELY_RATIO = 6;
  constexpr size_t ROOM_BYTES_MIN = 32 * 1024;
  // A block makes at most 255 bytes of each of its own.
  const size_t possible = size * 255 < blockBytesMax ? size * 255 : blockBytesMax;
  const size_t allowed = out.bytesMax - out.sizeBytes;
  size_t room = size * LIKELY_RATIO > ROOM_BYTES_MIN ? size * LIKELY_RATIO : ROOM_BYTES_MIN;
  for (;; room *= 8) {
    // Room that is there anyway is used.
    if (room < out.room()) room = out.room();
    if (room > possible) room = possible;
    if (room > allowed) room = allowed;
    if (room == 0) return DecompressResult::tooLarge;
    if (!out.reserve(room)) return DecompressResult::bad;
    const int64_t made = decodeBlock(block, size, out.bytes + out.sizeBytes, room);
    if (made >= 0) {
      out.sizeBytes += made;
      return DecompressResult::ok;
    }
    if (made == MALFORMED || room == possible) return DecompressResult::bad;
    if (room == allowed) return DecompressResult::tooLarge;
  }
}

struct Frame {
  size_t headerBytes;
  size_t blockBytesMax;
  bool blockChecksum;
  bool contentChecksum;
};

bool readFrameHeader(const uint8_t* source, size_t sourceBytes, Frame& frame) {
  if (sourceBytes < 7 || loadLittle32(source) != FRAME_MAGIC) return false;
  const uint8_t flags = source[4];
  const uint8_t sizes = source[5];
  if (flags >> 6 != 1 || (flags & (FLAG_RESERVED | FLAG_DICTIONARY)) || !(flags & FLAG_INDEPENDENT)) return false;
  const uint8_t sizeCode = sizes >> 4 & 7;
  if ((sizes & 0x8f) != 0 || sizeCode < 4) return false;
  const size_t checksumAt = flags & FLAG_CONTENT_SIZE ? 14 : 6;
  if (sourceBytes <= checksumAt) return false;
  if (source[checksumAt] != (xxHash32(source + 4, checksumAt - 4) >> 8 & 0xff)) return false;
  frame = {checksumAt + 1, size_t{1} << (8 + 2 * sizeCode), (flags & FLAG_BLOCK_CHECKSUM) != 0,
           (flags & FLAG_CONTENT_CHECKSUM) != 0};
  return true;
}

}  // namespace

DecompressResult lz4FrameDecompress(const uint8_t* source, size_t sourceBytes, Scratch& out) {
  Frame frame;
  if (!readFrameHeader(source, sourceBytes, frame)) return DecompressResult::bad;
  size_t at = frame.headerBytes;
  for (;;) {
    if (sourceBytes - at < 4) return DecompressResult::bad;
    const uint32_t word = loadLittle32(source + at);
    at += 4;
    if (word == 0) break;
    const size_t size = word & ~BLOCK_STORED;
    const size_t trailer = frame.blockChecksum ? 4 : 0;
    if (size > frame.blockBytesMax || sourceBytes - at < size + trailer) return DecompressResult::bad;
    const uint8_t* block = source + at;
    if (frame.blockChecksum && loadLittle32(block + size) != xxHash32(block, size)) return DecompressResult::bad;
    if (word & BLOCK_STORED) {
      if (!out.reserve(size)) return out.exhausted() ? DecompressResult::bad : DecompressResult::tooLarge;
      if (size > 0) memcpy(out.bytes + out.sizeBytes, block, size);
      out.sizeBytes += size;
    } else {
      const DecompressResult result = appendBlock(block, size, frame.blockBytesMax, out);
      if (result != DecompressResult::ok) return result;
    }
    at += size + trailer;
  }
  return sourceBytes - at == (frame.contentChecksum ? 4 : 0) ? DecompressResult::ok : DecompressResult::bad;
}

}  // namespace millrace
