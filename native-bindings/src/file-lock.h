// Locks of files that other processes see, Java's among them.
#pragma once

namespace millrace {

// Locks a file, made when missing, for as long as the returned descriptor is open; it is for reading and writing. -EAGAIN
// when another has it locked, another negative errno when it cannot be locked. Any thread.
int lockFile(const char* path);

}  // namespace millrace
