// What there is to know before all of a file system is synced in place of single files (`syncfs`).
#pragma once

#include <stdint.h>

namespace millrace {

// Whether `syncfs` flushes the device each time and tells of all writes that failed, for the file system of an open file.
// That is so on ext4 from Linux 5.17 on: before, it does not say that the journal could not be written. An overlay says
// nothing of failed writes, and FUSE does not pass such a sync on. (any)
bool tellsFailedWrites(int fd);

// Bytes that wait to be written on the whole machine; INT64_MAX where that cannot be told. (any)
int64_t unwrittenBytes();

}  // namespace millrace
