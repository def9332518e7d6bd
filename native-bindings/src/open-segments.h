// Bounds the descriptors that segments keep open. Any thread.
#pragma once

namespace millrace {

struct Segment;

// Notes that a segment has opened a descriptor. (under its log's lock)
void noteOpened(Segment* segment);
// Forgets a segment whose descriptors are closed or about to be.
void noteClosed(Segment* segment);
// Closes segments that are over the bound and that nobody needs. To be called without any log's lock.
void closeSurplus();

}  // namespace millrace
