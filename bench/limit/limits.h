// What the limit program measures; each function prints one JSON line.
#pragma once
#include <cstddef>
#include <string>

namespace bench {

struct LimitSettings {
  std::string directory = ".";
  double seconds = 2;
};

/**
 * recv, CRC32C, pwrite, answer: how much one C thread takes in per CPU-second, with five requests in flight. Each request is
 * written to `files` files, an equal piece to each.
 */
void measure_append(const LimitSettings& settings, size_t request_bytes, size_t files);
/**
 * The same with one request every `period_us`, on an otherwise idle machine: what being woken costs, and how long the
 * answer takes. With `synced`, fdatasync before the answer.
 */
void measure_woken(const LimitSettings& settings, size_t request_bytes, double period_us, bool synced);
/** sendfile of a cached file: how much one C thread gives out per CPU-second to a client that copies it. */
void measure_sendfile(const LimitSettings& settings, size_t slice_bytes);

}  // namespace bench
