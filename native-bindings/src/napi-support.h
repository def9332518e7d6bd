// Node-API without exceptions: reading arguments, throwing, registering functions. The thread of one environment.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <limits>

namespace millrace {

struct Environment;

template <size_t N>
struct Arguments {
  napi_env env;
  napi_value values[N];

  Arguments(napi_env from, napi_callback_info info) : env(from) {
    size_t count = N;
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  }
  // NaN when it is none.
  double number(size_t index) const {
    double value = std::numeric_limits<double>::quiet_NaN();
    napi_get_value_double(env, values[index], &value);
    return value;
  }
};

// Bytes of a Uint8Array or doubles of a Float64Array, also over a SharedArrayBuffer.
template <typename T>
struct Elements {
  T* data = nullptr;
  size_t length = 0;

  Elements(napi_env env, napi_value value, napi_typedarray_type type) {
    napi_typedarray_type actual;
    void* start = nullptr;
    size_t count = 0;
    if (napi_get_typedarray_info(env, value, &actual, &count, &start, nullptr, nullptr) != napi_ok) return;
    if (actual != type) return;
    data = static_cast<T*>(start);
    length = count;
  }
  bool holds(double from, double count) const { return from >= 0 && count >= 0 && from + count <= static_cast<double>(length); }
};

struct ByteElements : Elements<uint8_t> {
  ByteElements(napi_env env, napi_value value) : Elements(env, value, napi_uint8_array) {}
};
struct DoubleElements : Elements<double> {
  DoubleElements(napi_env env, napi_value value) : Elements(env, value, napi_float64_array) {}
};

inline napi_value toNumber(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

inline napi_value toInteger(napi_env env, int32_t value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

inline napi_value throwRange(napi_env env, const char* message) {
  napi_throw_range_error(env, nullptr, message);
  return nullptr;
}

struct Method {
  const char* name;
  napi_callback callback;
};

template <size_t N>
void defineMethods(napi_env env, napi_value target, const Method (&methods)[N]) {
  for (const Method& method : methods) {
    napi_value function;
    if (napi_create_function(env, method.name, NAPI_AUTO_LENGTH, method.callback, nullptr, &function) != napi_ok) continue;
    napi_set_named_property(env, target, method.name, function);
  }
}

}  // namespace millrace
