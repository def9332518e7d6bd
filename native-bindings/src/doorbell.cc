// See doorbell.h. A bell is a thread-safe function behind a flag: only the first ring after a callback has begun reaches
// the event loop. The flag is lowered before the callback runs, so what is published before a ring is always seen.
#include "doorbell.h"

#include "handle-table.h"

namespace millrace {
namespace {

struct Doorbell {
  std::atomic<bool> rung{false};
  std::mutex mutex;
  // --- mutex ---
  double handle = 0;
  napi_threadsafe_function function = nullptr;
};

HandleTable<Doorbell>& doorbells() {
  static auto* table = new HandleTable<Doorbell>();
  return *table;
}

void deliver(napi_env env, napi_value ringing, void* context, void*) {
  if (env == nullptr) return;
  static_cast<Doorbell*>(context)->rung.exchange(false);
  napi_value nothing;
  napi_get_undefined(env, &nothing);
  napi_call_function(env, nothing, ringing, 0, nullptr, nullptr);
}

}  // namespace

double createDoorbell(napi_env env, napi_value ringing) {
  double handle;
  Doorbell* bell = doorbells().allocate(&handle);
  if (bell == nullptr) return 0;
  napi_value name;
  napi_create_string_utf8(env, "millrace.doorbell", NAPI_AUTO_LENGTH, &name);
  napi_threadsafe_function function;
  if (napi_create_threadsafe_function(env, ringing, nullptr, name, 0, 1, nullptr, nullptr, bell, deliver, &function) !=
      napi_ok) {
    doorbells().free(handle);
    return 0;
  }
  napi_unref_threadsafe_function(env, function);
  std::lock_guard lock(bell->mutex);
  bell->rung.store(false);
  bell->handle = handle;
  bell->function = function;
  return handle;
}

bool ringDoorbell(double handle) {
  Doorbell* bell = doorbells().find(handle);
  if (bell == nullptr) return false;
  if (bell->rung.exchange(true)) return true;
  std::lock_guard lock(bell->mutex);
  if (bell->function == nullptr) {
    bell->rung.store(false);
    return false;
  }
  // Should the slot have another bell by now, that one rings for nothing: its flag was taken, so it must.
  return napi_call_threadsafe_function(bell->function, nullptr, napi_tsfn_nonblocking) == napi_ok;
}

bool closeDoorbell(double handle) {
  Doorbell* bell = doorbells().find(handle);
  if (bell == nullptr) return false;
  napi_threadsafe_function function;
  {
    std::lock_guard lock(bell->mutex);
    if (bell->handle != handle || bell->function == nullptr) return false;
    function = bell->function;
    bell->function = nullptr;
    bell->handle = 0;
  }
  doorbells().free(handle);
  napi_release_threadsafe_function(function, napi_tsfn_abort);
  return true;
}

}  // namespace millrace
