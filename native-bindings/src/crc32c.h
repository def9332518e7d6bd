// CRC-32C (Castagnoli). Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace {

// Continues `crc` (0 at the start) over `bytes`.
uint32_t crc32c(uint32_t crc, const uint8_t* bytes, size_t sizeBytes);

// What the CRC of some bytes changes by (xor) when `change` is xored onto a part of them that `behindBytes` follow.
// So a patched header field costs no pass over the batch.
uint32_t crc32cChange(const uint8_t* change, size_t changeBytes, uint32_t behindBytes);

}  // namespace millrace
