// See old-message.h.
#include "old-message.h"

#include <array>

namespace millrace {
namespace {

constexpr uint32_t ATTRIBUTES_AT = 17, TIMESTAMP_AT = 18;
constexpr int64_t TIMESTAMP_BYTES = 8;

constexpr std::array<uint32_t, 256> makeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    table[byte] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> TABLE = makeTable();

}  // namespace

bool isOldMessage(const uint8_t* message, int64_t sizeBytes) {
  const Header header{message};
  if (header.magic() >= MAGIC) return false;
  const int64_t size = header.sizeBytes();
  return size >= OLD_MESSAGE_BYTES_MIN + header.magic() * TIMESTAMP_BYTES && size <= sizeBytes;
}

void writeOldHeader(const uint8_t* message, uint8_t* header) {
  const uint8_t magic = message[at::magic];
  memcpy(header, message, at::partitionLeaderEpoch);
  store32(header + at::partitionLeaderEpoch, static_cast<uint32_t>(-1));
  header[at::magic] = magic;
  memcpy(header + at::crc, message + at::partitionLeaderEpoch, sizeof(uint32_t));
  store16(header + at::attributes, message[ATTRIBUTES_AT] & (ATTRIBUTE_CODEC_MASK | ATTRIBUTE_LOG_APPEND_TIME));
  store32(header + at::lastOffsetDelta, 0);
  const uint64_t timestamp = magic == 0 ? static_cast<uint64_t>(-1) : load64(message + TIMESTAMP_AT);
  store64(header + at::baseTimestamp, timestamp);
  store64(header + at::maxTimestamp, timestamp);
  // No producer, no sequence, and nobody has counted the records.
  memset(header + at::producerId, 0xff, HEADER_BYTES - at::producerId);
}

uint32_t crc32(uint32_t crc, const uint8_t* bytes, size_t sizeBytes) {
  crc = ~crc;
  for (size_t at = 0; at < sizeBytes; at++) crc = TABLE[(crc ^ bytes[at]) & 0xff] ^ crc >> 8;
  return ~crc;
}

}  // namespace millrace
