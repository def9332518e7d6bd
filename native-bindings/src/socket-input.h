// Receiving on sockets: an environment's thread waits for all its sockets here, in place of its event loop, and hands what
// they bring to JavaScript with one call each and one end of the callback (microtasks) for all that came together.
//
// The thread waits in libuv's prepare phase, on an epoll that holds the sockets and libuv's own descriptor, up to libuv's
// next timer. As long as only sockets have something to say, libuv is not gone through at all; when it has, it gets its turn
// after the sockets that are ready, and an idle handle keeps it from waiting itself.
//
// A wake-up costs more than what is done for a small request, so requests that can wait are read beside others: sockets that
// are deferred do not wake the thread. They are looked at before it goes to sleep, which is after what woke it was done.
//
// Threads: all of it belongs to the thread of one environment.
#pragma once

#include <node_api.h>

#include <cstdint>

namespace millrace {

struct Inlet;

// `receive(input, count)` finds `count` bytes in `scratch`, or where it said that they are to go: 0 is the end, a
// negative count an errno. It answers bits of InputReply, with the next place in the exchange. `receive(-1, 0)` is called
// when a pass is over for which that was asked. nullptr when it cannot be made.
// `memory` is a Uint8Array, kept alive; the scratch is its beginning.
Inlet* openInlet(napi_env env, napi_value receive, napi_value memory, size_t scratchBytes);

// What `receive` answers.
constexpr uint32_t INPUT_PAUSE = 1;
// The next bytes go to exchange[0], a place in the memory of `openInlet`, and are exchange[1] at most.
constexpr uint32_t INPUT_INTO = 2;
constexpr uint32_t INPUT_CALL_AFTER_PASS = 4;

// An input on a descriptor that stays open until `detachInput`; it reads nothing before `resumeInput`.
double attachInput(Inlet* inlet, int fd);
// Reads on, to a place in the memory when `sizeBytes` is not 0. 0: the socket cannot be watched; -1: wrong arguments.
int resumeInput(Inlet* inlet, double input, double at, double sizeBytes);
// Its next bytes are in no hurry: they are read when the thread has been woken by something else, after `ms` to `ms` + 1
// milliseconds at the latest. Where that has lately gained nothing, it is ignored, and so is an input that is unknown or
// paused. It ends with the next read.
void deferInput(Inlet* inlet, double input, double ms);
// An unknown input is ignored.
void detachInput(Inlet* inlet, double input);

}  // namespace millrace
