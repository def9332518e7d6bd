// fdatasync of what a log has appended: on threads of their own, or at once where that costs less.
#pragma once

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

constexpr int SYNCED_INLINE = 1;
// Covers everything that was appended before the call. (owner) The listener must live until it is told. Returns 0,
// SYNCED_INLINE (it is done, and the listener is not told), or WRONG_HANDLE.
int syncLog(double handle, SyncListener* listener, double token);
// The same on the calling thread. (owner)
int syncLogNow(double handle);

}  // namespace millrace
