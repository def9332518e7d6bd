// Messages of formats 0 and 1, which Kafka wrote before 0.11, among the batches of a log:
//
//      0 offset 8 | 8 size 4 (of what follows) | 12 crc 4 | 16 magic 1 | 17 attributes 1 | [18 timestamp 8, format 1] |
//        key length 4 | key | value length 4 | value
//
// The CRC is the CRC-32 of everything from 16 on. A compressed message holds others in its value; its offset is that of
// the last of them, its timestamp the greatest. Any thread.
#pragma once

#include "batch.h"

namespace millrace {

constexpr int64_t OLD_MESSAGE_BYTES_MIN = 26;

// Whether `message`, of which `sizeBytes` are there, can be a whole old message. Up to HEADER_BYTES of them are read,
// OLD_MESSAGE_BYTES_MIN at least.
bool isOldMessage(const uint8_t* message, int64_t sizeBytes);

// Writes what it tells as the header of a batch (HEADER_BYTES), of its last offset alone, and with its own magic and CRC.
void writeOldHeader(const uint8_t* message, uint8_t* header);

// Continues the CRC-32 `crc` (0 at the start) over `bytes`.
uint32_t crc32(uint32_t crc, const uint8_t* bytes, size_t sizeBytes);

}  // namespace millrace
