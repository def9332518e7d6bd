// Room on the disk for what will be appended, taken ahead of it: ext4 otherwise does its accounts for each block that is
// written, which costs about as much as copying the bytes.
#pragma once

#include <cstdint>

namespace millrace {

struct Segment;

// Takes room behind the segment's end when the next `sizeBytes` would need some: blocks only, the file's size stays. Nothing is
// lost where that is impossible. `trimSegment` gives back what is left. (owner)
void reserveRoom(Segment* active, int64_t sizeBytes);

}  // namespace millrace
