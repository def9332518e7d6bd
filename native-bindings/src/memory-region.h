// Registry of memory regions that JavaScript made known (shared arenas), by id. Any thread.
#pragma once

#include <cstdint>

namespace millrace {

// The id, or 0 when there are as many as a HandleTable can hold.
double registerMemory(uint8_t* base, uint64_t sizeBytes);

// False when the id is not registered.
bool releaseMemory(double id);

// The bytes `[offset, offset + sizeBytes)`, nullptr when the id or the place is wrong.
uint8_t* memoryAt(double id, double offset, double sizeBytes);

}  // namespace millrace
