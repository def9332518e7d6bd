// Entry of the addon. It is loaded by each thread of the process that uses it; what belongs to one environment hangs on
// its instance data, everything else is process-wide. The library is linked so that it is never unloaded, because its
// threads outlive environments.
#include <new>

#include "environment.h"
#include "napi-support.h"

namespace millrace {
namespace {

void endEnvironment(void* data) {
  auto* environment = static_cast<Environment*>(data);
  while (!environment->endings.empty()) {
    const Environment::Ending ending = environment->endings.back();
    environment->endings.pop_back();
    ending.run(ending.context);
  }
}

void finalizeEnvironment(napi_env, void* data, void*) { delete static_cast<Environment*>(data); }

// attach(exchange: Float64Array): memory for arguments and results of this environment's calls.
napi_value attach(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  const DoubleElements exchange(env, args.values[0]);
  if (exchange.length < EXCHANGE_DOUBLES) return throwRange(env, "the exchange array is too small");
  Environment* environment = environmentOf(env);
  if (environment->exchangeReference != nullptr) napi_delete_reference(env, environment->exchangeReference);
  napi_create_reference(env, args.values[0], 1, &environment->exchangeReference);
  environment->exchange = exchange.data;
  return nullptr;
}

}  // namespace

Environment* environmentOf(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<Environment*>(data);
}

}  // namespace millrace

NAPI_MODULE_INIT() {
  using namespace millrace;
  auto* environment = new (std::nothrow) Environment();
  if (environment == nullptr) return nullptr;
  napi_set_instance_data(env, environment, finalizeEnvironment, nullptr);
  napi_add_env_cleanup_hook(env, endEnvironment, environment);
  const Method methods[] = {{"attach", attach}};
  defineMethods(env, exports, methods);
  defineLogStore(env, exports);
  defineThreadSupport(env, exports);
  return exports;
}
