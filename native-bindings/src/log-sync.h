// fdatasync of what a log has appended: on threads of their own, or at once where that costs less.
#pragma once

#include <stddef.h>

namespace millrace {

// Who is told about a finished sync.
class SyncListener {
 public:
  // On any thread, maybe before `syncLog` returns. `result` is 0 or a negative errno.
  virtual void synced(double token, int result) = 0;

 protected:
  ~SyncListener() = default;
};

// Syncs of a few bytes on a device that has lately taken less than so long for such a one are carried out by the caller
// itself, which costs less than to wake a thread and be woken by it; 0: never. (any)
void setInlineSyncMax(double us);

// Asks for the sync of everything that was appended before the call; it begins with the thread's next `beginSyncs`. 0 or
// WRONG_HANDLE. (owner)
int askSync(double handle, double token);
// How many the thread has asked for and not begun.
size_t askedSyncs();

constexpr int SYNCED_INLINE = 1;
// Begins all that the thread has asked for. The listener must live until it was told of each. Returns 0, or SYNCED_INLINE:
// all have succeeded, and the listener is not told.
int beginSyncs(SyncListener* listener);
// Syncs on the calling thread. (owner)
int syncLogNow(double handle);

}  // namespace millrace
