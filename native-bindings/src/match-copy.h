// The copying that decoders of LZ77 formats have in common. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace millrace {

// Decoders copy in steps of this many bytes and may write so far beyond what they mean to.
constexpr size_t COPY_BYTES = 16;

// Repeats what lies `distance` bytes before `to`, where the two may overlap; nothing is written from `limit` on.
inline void copyMatch(uint8_t* to, size_t distance, size_t count, const uint8_t* limit) {
  const uint8_t* from = to - distance;
  uint8_t* const end = to + count;
  if (distance >= COPY_BYTES && end + COPY_BYTES <= limit) {
    for (; to < end; to += COPY_BYTES, from += COPY_BYTES) memcpy(to, from, COPY_BYTES);
  } else if (distance >= 8 && end + 8 <= limit) {
    for (; to < end; to += 8, from += 8) memcpy(to, from, 8);
  } else if (count <= COPY_BYTES) {
    while (to < end) *to++ = *from++;
  } else {
    // A short pattern: what is written already doubles what can be copied at once.
    for (size_t ready = distance; to < end; ready *= 2) {
      const size_t piece = static_cast<size_t>(end - to) < ready ? static_cast<size_t>(end - to) : ready;
      memcpy(to, from, piece);
      to += piece;
    }
  }
}

}  // namespace millrace
