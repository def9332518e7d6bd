// Results from native threads to the JavaScript thread of one environment: many at one wake-up.
//
// Threads: `post` from any; all else on the environment's thread. The mailbox lives as long as anybody who will post to
// it (`retain`/`release`), also when the environment has ended meanwhile; what is posted then is dropped.
#pragma once

#include <node_api.h>

#include <atomic>
#include <mutex>
#include <vector>

#include "log-sync.h"

namespace millrace {

struct Delivery {
  double token;
  double result;
};

class Mailbox final : public SyncListener {
 public:
  // `receive(count)` finds token, result, token, result ... in the exchange array, and is called again for what finds no
  // room there. nullptr when it cannot be made.
  static Mailbox* create(napi_env env, napi_value receive, const char* name);

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  // Something will be posted: the event loop stays alive until then.
  void expect();
  // What was expected does not come.
  void unexpect() { settle(1); }
  void post(double token, double result);
  // Of a sync that was submitted with a reference of its own.
  void synced(double token, int result) override {
    post(token, result);
    release();
  }
  // The environment ends, and with it the mailbox's first reference; `mailbox` is a Mailbox, for Environment::endings.
  static void end(void* mailbox);

 private:
  Mailbox() = default;
  void close();
  static void deliver(napi_env env, napi_value receive, void* context, void* data);
  void settle(size_t count);

  std::atomic<int> references_{1};
  napi_env env_ = nullptr;
  size_t expected_ = 0;
  std::mutex mutex_;
  // --- mutex ---
  napi_threadsafe_function function_ = nullptr;
  std::vector<Delivery> posted_;
  bool signalled_ = false;
};

}  // namespace millrace
