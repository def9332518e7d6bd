// What the addon keeps for one JavaScript environment (the main thread or one worker). Its thread only.
#pragma once

#include <node_api.h>

#include <vector>

#include "mailbox.h"
#include "socket-input.h"
#include "socket-output.h"

namespace millrace {

// Doubles of the array through which small arguments and results go, faster than as values.
constexpr size_t EXCHANGE_DOUBLES = 64;

struct Environment {
  // Its own until `attach`, so that a call before that harms nobody.
  double unattached[EXCHANGE_DOUBLES] = {};
  double* exchange = unattached;
  napi_ref exchangeReference = nullptr;
  Mailbox* syncs = nullptr;
  Outlet* outlet = nullptr;
  Inlet* inlet = nullptr;
  std::vector<double> doorbells;
  // Called in reverse order when the environment ends.
  struct Ending {
    void (*run)(void* context);
    void* context;
  };
  std::vector<Ending> endings;
};

Environment* environmentOf(napi_env env);

// Called by addon.cc; each defines the functions of some TypeScript ports.
void defineLogStore(napi_env env, napi_value exports);
void defineThreadSupport(napi_env env, napi_value exports);

}  // namespace millrace
