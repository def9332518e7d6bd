// Checks of one batch in memory. Any thread.
#pragma once

#include "batch.h"

namespace millrace {

// Checks the batch that starts at `bytes` (of which `sizeBytes` are there) and walks its records. Writes BATCH_STRIDE
// doubles to `out`, as far as they are known when a fault is found. Nothing is changed.
BatchFault validateBatch(const uint8_t* bytes, uint64_t sizeBytes, size_t decompressedBytesMax, double* out);

}  // namespace millrace
