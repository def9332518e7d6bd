// Numbers from JavaScript as integers: converting one that the integer cannot hold has no defined result, so such a one
// becomes the nearest that it can. Any thread.
#pragma once

#include <cstdint>

namespace millrace {

// For offsets, positions, lengths and counts. NaN and what none of them can be end up out of every range.
inline int64_t whole(double value) {
  if (!(value >= -9007199254740992.0)) return -1;
  return value >= 9007199254740992.0 ? INT64_C(9007199254740992) : static_cast<int64_t>(value);
}

// For timestamps, which clients choose from all 64 bits: the greatest becomes 2^63 on its way through JavaScript.
inline int64_t wholeTimestamp(double value) {
  if (!(value >= -9223372036854775808.0)) return INT64_MIN;
  return value >= 9223372036854775808.0 ? INT64_MAX : static_cast<int64_t>(value);
}

// For epochs and descriptors; NaN is the least.
inline int32_t whole32(double value) {
  if (!(value >= INT32_MIN)) return INT32_MIN;
  return value >= INT32_MAX ? INT32_MAX : static_cast<int32_t>(value);
}

}  // namespace millrace
