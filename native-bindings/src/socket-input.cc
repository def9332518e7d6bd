// See socket-input.h.
#include "socket-input.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <vector>

#include "environment.h"
#include "event-loop.h"
#include "napi-support.h"

namespace millrace {

struct Input {
  int fd = -1;
  // Events of an earlier user of the place are told apart by it.
  uint32_t generation = 0;
  // Known to the epoll; when deferred, without events.
  bool watched = false;
  bool paused = true;
  bool deferred = false;
  // While deferred: when it is watched again; READ: it has been read since, and is not deferred anew so far.
  uint64_t dueMs = 0;
  // Deferrals that are left out, and how many will be when the next one gives nothing.
  uint32_t skips = 0;
  uint32_t skipsNext = 1;
  // Where bytes go; sizeBytes 0: the scratch.
  size_t at = 0;
  size_t sizeBytes = 0;
};

struct Inlet {
  napi_env env = nullptr;
  napi_ref receive = nullptr;
  napi_ref memoryReference = nullptr;
  // Callback scopes want an object, and never look at it.
  napi_ref resource = nullptr;
  napi_async_context context = nullptr;
  napi_async_cleanup_hook_handle ending = nullptr;
  uv_loop_s* loop = nullptr;
  uv_prepare_s* prepare = nullptr;
  uv_idle_s* idle = nullptr;
  int handlesOpen = 2;
  int epoll = -1;
  // Begins with the scratch.
  uint8_t* memory = nullptr;
  size_t memoryBytes = 0;
  size_t scratchBytes = 0;
  std::vector<Input> inputs;
  std::vector<uint32_t> free;
  // Inputs; DEFERRED_MAX at most.
  std::vector<uint32_t> deferred;
  bool callAfterPass = false;
};

namespace {

constexpr int EVENTS_MAX = 64;
// Reads of one socket before the others get their turn.
constexpr int READS_MAX = 4;
constexpr size_t DEFERRED_MAX = 16;
// A deferral delays what it was wrong about, so after many of those it is tried this seldom.
constexpr uint32_t SKIPS_MAX = 1024;
// A longer deferral is as good as this one.
constexpr double DEFER_MS_MAX = 60'000;
constexpr uint64_t READ = 0;
// The event of libuv's own descriptor; inputs have a generation of at least 1.
constexpr uint64_t LOOP_EVENT = 0;

bool control(Inlet* inlet, int operation, int fd, uint32_t events, uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  return epoll_ctl(inlet->epoll, operation, fd, &event) == 0;
}

uint64_t eventOf(uint32_t index, const Input& input) { return static_cast<uint64_t>(input.generation) << 32 | index; }

void endDeferral(Inlet* inlet, uint32_t index) {
  Input& input = inlet->inputs[index];
  if (!input.deferred) return;
  input.deferred = false;
  auto& deferred = inlet->deferred;
  deferred.erase(std::find(deferred.begin(), deferred.end(), index));
  // It is known to the epoll, so there is nothing to fail.
  control(inlet, EPOLL_CTL_MOD, input.fd, EPOLLIN, eventOf(index, input));
}

void unwatch(Inlet* inlet, uint32_t index) {
  endDeferral(inlet, index);
  Input& input = inlet->inputs[index];
  if (!input.watched) return;
  input.watched = false;
  control(inlet, EPOLL_CTL_DEL, input.fd, 0, 0);
}

uint64_t nowMs() { return uv_hrtime() / 1'000'000; }

// False when that is outside of the memory.
bool aim(Inlet* inlet, Input& input, double at, double sizeBytes) {
  if (!(at >= 0) || !(sizeBytes >= 0) || !(at + sizeBytes <= static_cast<double>(inlet->memoryBytes))) return false;
  input.sizeBytes = static_cast<size_t>(sizeBytes);
  input.at = input.sizeBytes > 0 ? static_cast<size_t>(at) : 0;
  return true;
}

Input* find(Inlet* inlet, double input) {
  if (inlet == nullptr || !(input >= 0) || !(input < static_cast<double>(inlet->inputs.size()))) return nullptr;
  Input& found = inlet->inputs[static_cast<size_t>(input)];
  return found.fd < 0 ? nullptr : &found;
}

// Calls `receive`; returns its answer. An exception ends the thread, as from any callback.
uint32_t call(Inlet* inlet, int64_t input, int64_t count) {
  napi_env env = inlet->env;
  napi_value receive, nothing, result;
  napi_value arguments[2];
  napi_get_reference_value(env, inlet->receive, &receive);
  napi_get_undefined(env, &nothing);
  napi_create_int32(env, static_cast<int32_t>(input), &arguments[0]);
  napi_create_int32(env, static_cast<int32_t>(count), &arguments[1]);
  uint32_t answer = INPUT_PAUSE;
  if (napi_call_function(env, nothing, receive, 2, arguments, &result) == napi_ok) {
    napi_get_value_uint32(env, result, &answer);
    return answer;
  }
  napi_value error;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  return INPUT_PAUSE;
}

void receive(Inlet* inlet, uint32_t index, uint32_t generation) {
  for (int reads = 0; reads < READS_MAX; reads++) {
    // Looked up each time: what is called may attach and detach.
    Input& input = inlet->inputs[index];
    if (input.generation != generation || input.fd < 0) return;
    if (input.paused) {
      unwatch(inlet, index);
      return;
    }
    const size_t room = input.sizeBytes > 0 ? input.sizeBytes : inlet->scratchBytes;
    const ssize_t count = recv(input.fd, inlet->memory + input.at, room, MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (count <= 0) unwatch(inlet, index);
    if (input.deferred) input.dueMs = READ;
    const uint32_t answer = call(inlet, index, count < 0 ? -errno : count);
    if (answer & INPUT_CALL_AFTER_PASS) inlet->callAfterPass = true;
    Input& after = inlet->inputs[index];
    if (after.generation != generation || count <= 0) return;
    const double* exchange = environmentOf(inlet->env)->exchange;
    const bool toPlace = (answer & INPUT_INTO) != 0;
    if (!aim(inlet, after, toPlace ? exchange[0] : 0, toPlace ? exchange[1] : 0)) after.paused = true;
    if (answer & INPUT_PAUSE) {
      // Watched until it has something to say again, which may be never.
      after.paused = true;
      return;
    }
    if (static_cast<size_t>(count) < room) return;
  }
}

// Runs `handle` as one callback of node's, with the end of the pass behind it.
template <typename Handle>
void pass(Inlet* inlet, Handle handle) {
  napi_env env = inlet->env;
  napi_handle_scope handles;
  napi_callback_scope callback;
  napi_value resource;
  napi_open_handle_scope(env, &handles);
  napi_get_reference_value(env, inlet->resource, &resource);
  if (napi_open_callback_scope(env, resource, inlet->context, &callback) == napi_ok) {
    handle();
    // Microtasks run here.
    napi_close_callback_scope(env, callback);
  }
  if (inlet->callAfterPass) {
    inlet->callAfterPass = false;
    call(inlet, -1, 0);
  }
  napi_close_handle_scope(env, handles);
}

// Handles what is ready, up to EVENTS_MAX of it. True when libuv's loop is among it.
bool readEvents(Inlet* inlet, const epoll_event* events, int count) {
  bool loopReady = false;
  pass(inlet, [&] {
    for (int at = 0; at < count; at++) {
      const uint64_t data = events[at].data.u64;
      if (data == LOOP_EVENT) loopReady = true;
      else receive(inlet, static_cast<uint32_t>(data), static_cast<uint32_t>(data >> 32));
    }
  });
  return loopReady;
}

// Reads the deferred inputs that have something by now.
void readDeferred(Inlet* inlet) {
  uint64_t ready[DEFERRED_MAX];
  size_t count = 0;
  for (const uint32_t index : inlet->deferred) {
    Input& input = inlet->inputs[index];
    int sizeBytes = 0;
    if (ioctl(input.fd, FIONREAD, &sizeBytes) < 0 || sizeBytes == 0) continue;
    input.skipsNext = 1;
    ready[count++] = eventOf(index, input);
  }
  if (count == 0) return;
  pass(inlet, [&] {
    for (size_t at = 0; at < count; at++) receive(inlet, static_cast<uint32_t>(ready[at]), static_cast<uint32_t>(ready[at] >> 32));
  });
}

// Watches the deferred inputs that have been read or are due; returns the time that is left to the next one, -1 without one.
int endDeferrals(Inlet* inlet) {
  const uint64_t now = nowMs();
  int leftMs = -1;
  for (size_t at = inlet->deferred.size(); at-- > 0;) {
    const uint32_t index = inlet->deferred[at];
    Input& input = inlet->inputs[index];
    if (input.dueMs > now) {
      const int ownMs = static_cast<int>(input.dueMs - now);
      leftMs = leftMs < 0 ? ownMs : std::min(leftMs, ownMs);
      continue;
    }
    if (input.dueMs != READ) {
      input.skips = input.skipsNext;
      input.skipsNext = std::min(input.skipsNext * 2, SKIPS_MAX);
    }
    endDeferral(inlet, index);
  }
  return leftMs;
}

void onPrepare(uv_prepare_s* prepare) {
  auto* inlet = static_cast<Inlet*>(uv_handle_get_data(reinterpret_cast<uv_handle_s*>(prepare)));
  epoll_event events[EVENTS_MAX];
  // What has waited until its time was up has gained nothing, so it is not read beside others then.
  bool timeWasUp = false;
  uv_idle_stop(inlet->idle);
  for (;;) {
    if (!inlet->deferred.empty() && !timeWasUp) readDeferred(inlet);
    const int dueMs = inlet->deferred.empty() ? -1 : endDeferrals(inlet);
    uv_update_time(inlet->loop);
    // 0 also when libuv has descriptors of its own to add to what it watches.
    const int timeoutMs = uv_backend_timeout(inlet->loop);
    const bool dueFirst = dueMs >= 0 && (timeoutMs < 0 || dueMs < timeoutMs);
    const int count = epoll_wait(inlet->epoll, events, EVENTS_MAX, dueFirst ? dueMs : timeoutMs);
    timeWasUp = count == 0 && dueFirst;
    if ((count < 0 && errno == EINTR) || timeWasUp) continue;
    if (count <= 0) break;
    const bool onlyLoop = count == 1 && events[0].data.u64 == LOOP_EVENT;
    if (onlyLoop || readEvents(inlet, events, count) || timeoutMs == 0) break;
  }
  // While it is started, libuv does not wait.
  uv_idle_start(inlet->idle, [](uv_idle_s*) {});
}

void closed(uv_handle_s* handle) {
  auto* inlet = static_cast<Inlet*>(uv_handle_get_data(handle));
  ::free(handle);
  if (--inlet->handlesOpen > 0) return;
  napi_remove_async_cleanup_hook(inlet->ending);
  delete inlet;
}

// The environment ends: libuv gives the handle back in its own time.
void endInlet(napi_async_cleanup_hook_handle ending, void* context) {
  auto* inlet = static_cast<Inlet*>(context);
  inlet->ending = ending;
  close(inlet->epoll);
  uv_close(reinterpret_cast<uv_handle_s*>(inlet->prepare), closed);
  uv_close(reinterpret_cast<uv_handle_s*>(inlet->idle), closed);
}

}  // namespace

Inlet* openInlet(napi_env env, napi_value receive, napi_value memory, size_t scratchBytes) {
  const ByteElements bytes(env, memory);
  auto* inlet = new (std::nothrow) Inlet();
  if (inlet == nullptr) return nullptr;
  inlet->env = env;
  inlet->memory = bytes.data;
  inlet->memoryBytes = bytes.length;
  inlet->scratchBytes = scratchBytes;
  inlet->epoll = epoll_create1(EPOLL_CLOEXEC);
  inlet->prepare = static_cast<uv_prepare_s*>(calloc(1, uv_handle_size(UV_PREPARE_TYPE)));
  inlet->idle = static_cast<uv_idle_s*>(calloc(1, uv_handle_size(UV_IDLE_TYPE)));
  napi_value name, resource;
  napi_create_object(env, &resource);
  napi_create_string_utf8(env, "millrace.input", NAPI_AUTO_LENGTH, &name);
  if (inlet->epoll < 0 || inlet->prepare == nullptr || inlet->idle == nullptr || napi_get_uv_event_loop(env, &inlet->loop) != napi_ok ||
      !control(inlet, EPOLL_CTL_ADD, uv_backend_fd(inlet->loop), EPOLLIN, LOOP_EVENT) ||
      napi_async_init(env, nullptr, name, &inlet->context) != napi_ok ||
      napi_create_reference(env, receive, 1, &inlet->receive) != napi_ok ||
      napi_create_reference(env, memory, 1, &inlet->memoryReference) != napi_ok ||
      napi_create_reference(env, resource, 1, &inlet->resource) != napi_ok ||
      napi_add_async_cleanup_hook(env, endInlet, inlet, nullptr) != napi_ok) {
    if (inlet->epoll >= 0) close(inlet->epoll);
    ::free(inlet->prepare);
    ::free(inlet->idle);
    delete inlet;
    return nullptr;
  }
  uv_prepare_init(inlet->loop, inlet->prepare);
  uv_idle_init(inlet->loop, inlet->idle);
  uv_prepare_start(inlet->prepare, onPrepare);
  for (auto* handle : {reinterpret_cast<uv_handle_s*>(inlet->prepare), reinterpret_cast<uv_handle_s*>(inlet->idle)}) {
    uv_handle_set_data(handle, inlet);
    uv_unref(handle);
  }
  return inlet;
}

double attachInput(Inlet* inlet, int fd) {
  if (inlet->free.empty()) {
    inlet->free.push_back(static_cast<uint32_t>(inlet->inputs.size()));
    inlet->inputs.emplace_back();
  }
  const uint32_t index = inlet->free.back();
  inlet->free.pop_back();
  Input& input = inlet->inputs[index];
  const uint32_t generation = input.generation + 1 == 0 ? 1 : input.generation + 1;
  input = Input();
  input.generation = generation;
  input.fd = fd;
  return index;
}

int resumeInput(Inlet* inlet, double index, double at, double sizeBytes) {
  Input* input = find(inlet, index);
  if (input == nullptr || !aim(inlet, *input, at, sizeBytes)) return -1;
  input->paused = false;
  if (!input->watched) {
    input->watched = control(inlet, EPOLL_CTL_ADD, input->fd, EPOLLIN, eventOf(static_cast<uint32_t>(index), *input));
  }
  return input->watched ? 1 : 0;
}

void deferInput(Inlet* inlet, double index, double ms) {
  Input* input = find(inlet, index);
  if (input == nullptr || input->paused || !input->watched || !(ms > 0)) return;
  if (input->skips > 0) {
    input->skips--;
    return;
  }
  if (!input->deferred) {
    if (inlet->deferred.size() >= DEFERRED_MAX) return;
    control(inlet, EPOLL_CTL_MOD, input->fd, 0, eventOf(static_cast<uint32_t>(index), *input));
    input->deferred = true;
    inlet->deferred.push_back(static_cast<uint32_t>(index));
  }
  // The millisecond at hand has begun.
  input->dueMs = nowMs() + static_cast<uint64_t>(std::min(ms, DEFER_MS_MAX)) + 1;
}

void detachInput(Inlet* inlet, double index) {
  Input* input = find(inlet, index);
  if (input == nullptr) return;
  unwatch(inlet, static_cast<uint32_t>(index));
  input->fd = -1;
  // What is under way with it notices.
  input->generation++;
  inlet->free.push_back(static_cast<uint32_t>(index));
}

}  // namespace millrace
