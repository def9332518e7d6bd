// The part of libuv's interface that is needed to wait in place of its loop. node exports these functions; the header
// does not come with the headers of Node-API. Types are opaque, sizes are asked for.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct uv_loop_s;
struct uv_handle_s;
struct uv_idle_s;
struct uv_prepare_s;

int uv_idle_init(uv_loop_s*, uv_idle_s*);
int uv_idle_start(uv_idle_s*, void (*run)(uv_idle_s*));
int uv_idle_stop(uv_idle_s*);
int uv_prepare_init(uv_loop_s*, uv_prepare_s*);
int uv_prepare_start(uv_prepare_s*, void (*run)(uv_prepare_s*));
void uv_close(uv_handle_s*, void (*closed)(uv_handle_s*));
void uv_unref(uv_handle_s*);
void* uv_handle_get_data(const uv_handle_s*);
void uv_handle_set_data(uv_handle_s*, void*);
size_t uv_handle_size(int type);
int uv_backend_fd(const uv_loop_s*);
int uv_backend_timeout(const uv_loop_s*);
void uv_update_time(uv_loop_s*);
uint64_t uv_hrtime();

}

namespace millrace {

// Of uv_handle_type.
constexpr int UV_IDLE_TYPE = 6;
constexpr int UV_PREPARE_TYPE = 9;

}  // namespace millrace
