// CRC-32C with the processor's own instruction where it has one. The instruction takes three cycles but a new one can
// start in each, so large inputs run as three lanes, whose results are joined by "moving" a CRC over n zero bytes: a
// multiplication by x^(8n) in GF(2), done with tables for the two lane lengths. Any thread.
#include "crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define CRC_TARGET __attribute__((target("sse4.2")))
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#define CRC_TARGET __attribute__((target("+crc")))
#endif

namespace millrace {
namespace {

constexpr uint32_t POLYNOMIAL = 0x82f63b78;  // bit-reflected
constexpr size_t LONG_LANE_BYTES = 4096;
constexpr size_t SHORT_LANE_BYTES = 256;

// a * b modulo the polynomial; both bit-reflected, x^0 is the top bit.
constexpr uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  // Without branches, which would be mispredicted half of the time.
  for (; a != 0; a <<= 1) {
    product ^= b & (0 - (a >> 31));
    b = b >> 1 ^ (POLYNOMIAL & (0 - (b & 1)));
  }
  return product;
}

// x^(8 * 2^n) for lengths below 2^32
constexpr std::array<uint32_t, 32> squares() {
  std::array<uint32_t, 32> table{};
  table[0] = 1u << 23;
  for (uint32_t at = 1; at < table.size(); at++) table[at] = multiply(table[at - 1], table[at - 1]);
  return table;
}
constexpr std::array<uint32_t, 32> SQUARES = squares();

// x^(8 * bytes)
constexpr uint32_t powerOfBytes(uint32_t bytes) {
  uint32_t result = 1u << 31;
  for (uint32_t at = 0; bytes != 0; at++, bytes >>= 1)
    if (bytes & 1) result = multiply(SQUARES[at], result);
  return result;
}

using ByteTables = std::array<std::array<uint32_t, 256>, 4>;

constexpr ByteTables moveTables(size_t bytes) {
  ByteTables tables{};
  const uint32_t power = powerOfBytes(bytes);
  for (uint32_t byte = 0; byte < 4; byte++)
    for (uint32_t bit = 0; bit < 8; bit++) {
      const uint32_t value = multiply(power, 1u << (byte * 8 + bit));
      for (uint32_t at = 0; at < (1u << bit); at++) tables[byte][at | 1u << bit] = tables[byte][at] ^ value;
    }
  return tables;
}

constexpr ByteTables LONG_MOVE = moveTables(LONG_LANE_BYTES);
constexpr ByteTables SHORT_MOVE = moveTables(SHORT_LANE_BYTES);

inline uint32_t move(const ByteTables& tables, uint32_t crc) {
  return tables[0][crc & 255] ^ tables[1][crc >> 8 & 255] ^ tables[2][crc >> 16 & 255] ^ tables[3][crc >> 24];
}

constexpr std::array<uint32_t, 256> byteTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
    table[byte] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> BYTE_TABLE = byteTable();

uint32_t plain(uint32_t crc, const uint8_t* bytes, size_t sizeBytes) {
  for (size_t at = 0; at < sizeBytes; at++) crc = (crc >> 8) ^ BYTE_TABLE[(crc ^ bytes[at]) & 255];
  return crc;
}

#ifdef CRC_TARGET

inline uint64_t word(const uint8_t* at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

#if defined(__x86_64__)
CRC_TARGET inline uint64_t step8(uint64_t crc, uint64_t value) { return _mm_crc32_u64(crc, value); }
CRC_TARGET inline uint32_t step1(uint32_t crc, uint8_t value) { return _mm_crc32_u8(crc, value); }
bool available() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2");
}
#else
CRC_TARGET inline uint64_t step8(uint64_t crc, uint64_t value) { return __crc32cd(static_cast<uint32_t>(crc), value); }
CRC_TARGET inline uint32_t step1(uint32_t crc, uint8_t value) { return __crc32cb(crc, value); }
bool available() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#endif

template <size_t LANE_BYTES>
CRC_TARGET inline uint32_t lanes(uint32_t crc, const uint8_t*& bytes, size_t& sizeBytes, const ByteTables& tables) {
  while (sizeBytes >= 3 * LANE_BYTES) {
    uint64_t first = crc, second = 0, third = 0;
    for (const uint8_t* end = bytes + LANE_BYTES; bytes < end; bytes += 8) {
      first = step8(first, word(bytes));
      second = step8(second, word(bytes + LANE_BYTES));
      third = step8(third, word(bytes + 2 * LANE_BYTES));
    }
    crc = move(tables, static_cast<uint32_t>(first)) ^ static_cast<uint32_t>(second);
    crc = move(tables, crc) ^ static_cast<uint32_t>(third);
    bytes += 2 * LANE_BYTES;
    sizeBytes -= 3 * LANE_BYTES;
  }
  return crc;
}

CRC_TARGET uint32_t hardware(uint32_t crc, const uint8_t* bytes, size_t sizeBytes) {
  crc = lanes<LONG_LANE_BYTES>(crc, bytes, sizeBytes, LONG_MOVE);
  crc = lanes<SHORT_LANE_BYTES>(crc, bytes, sizeBytes, SHORT_MOVE);
  uint64_t wide = crc;
  for (; sizeBytes >= 8; bytes += 8, sizeBytes -= 8) wide = step8(wide, word(bytes));
  crc = static_cast<uint32_t>(wide);
  for (; sizeBytes > 0; bytes++, sizeBytes--) crc = step1(crc, *bytes);
  return crc;
}

const auto run = available() ? hardware : plain;

#else
const auto run = plain;
#endif

}  // namespace

uint32_t crc32c(uint32_t crc, const uint8_t* bytes, size_t sizeBytes) { return ~run(~crc, bytes, sizeBytes); }

uint32_t crc32cChange(const uint8_t* change, size_t changeBytes, uint32_t behindBytes) {
  return multiply(powerOfBytes(behindBytes), run(0, change, changeBytes));
}

}  // namespace millrace
