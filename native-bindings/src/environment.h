// What the addon keeps for one JavaScript environment (the main thread or one worker). Its thread only.
#pragma once

#include <node_api.h>

#include <vector>

#include "log-sync.h"
#include "mailbox.h"

namespace millrace {

// Doubles of the array through which small arguments and results go, faster than as values.
constexpr size_t EXCHANGE_DOUBLES = 64;

// Tells the environment's mailbox about finished syncs; lives until the last one is told.
class SyncMailbox final : public SyncListener {
 public:
  explicit SyncMailbox(Mailbox* mailbox) : mailbox_(mailbox) {}
  void synced(double token, int result) override {
    mailbox_->post(token, result);
    mailbox_->release();
  }
  Mailbox* mailbox() const { return mailbox_; }

 private:
  Mailbox* mailbox_;
};

struct Environment {
  double* exchange = nullptr;
  napi_ref exchangeReference = nullptr;
  SyncMailbox* syncs = nullptr;
  // Called in reverse order when the environment ends.
  struct Ending {
    void (*run)(void* context);
    void* context;
  };
  std::vector<Ending> endings;
};

Environment* environmentOf(napi_env env);

// Registered by addon.cc; each defines the functions of one TypeScript port.
void defineLogStore(napi_env env, napi_value exports);

}  // namespace millrace
