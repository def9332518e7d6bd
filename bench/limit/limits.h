// What the limit program measures; each function prints one JSON line.
#pragma once
#include <cstddef>
#include <string>

namespace bench {

struct LimitSettings {
  std::string directory = ".";
  double seconds = 2;
};

/** recv, CRC32C, pwrite, answer: how much one C thread takes in per CPU-second, with five requests in flight. */
void measure_append(const LimitSettings& settings, size_t request_bytes);
/** sendfile of a cached file: how much one C thread gives out per CPU-second to a client that copies it. */
void measure_sendfile(const LimitSettings& settings, size_t slice_bytes);

}  // namespace bench
