// Room on the disk for what will be appended, taken ahead of it: ext4 otherwise does its accounts for each block that is
// written, which costs about as much as copying the bytes.
#pragma once

#include <sys/stat.h>

#include <cstdint>

namespace millrace {

struct Segment;

// Takes room behind the segment's end when the next `sizeBytes` would need some: blocks only, the file's size stays. Nothing is
// lost where that is impossible. `trimSegment` gives back what is left. (owner)
void reserveRoom(Segment* active, int64_t sizeBytes);
// Up to where a file that is found has room on the disk, because a killed process had taken it; 0: no further than its size.
int64_t roomFound(const struct stat& file);

}  // namespace millrace
