// The functions for JavaScript of the ports in src/native: socket-output.ts, socket-input.ts, doorbell.ts, own-thread.ts,
// process-memory.ts, pause.ts, and lock and syncfs of fs-file-space.ts.
#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "doorbell.h"
#include "environment.h"
#include "file-lock.h"
#include "file-system-sync.h"
#include "napi-support.h"
#include "process-trim.h"
#include "socket-output.h"
#include "whole-number.h"

namespace millrace {
namespace {

napi_value answer(napi_env env, int64_t result) {
  if (result == WRONG_OUTPUT) return throwRange(env, "no attached output has this handle");
  if (result == WRONG_PART) return throwRange(env, "send: a part is in no registered memory or held file");
  return toNumber(env, static_cast<double>(result));
}

// openOutlet(receive): where this environment's outputs are reported: a count, and output, result, output, result ... in
// the exchange
napi_value openOne(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  Environment* environment = environmentOf(env);
  if (environment->outlet != nullptr) return throwRange(env, "openOutlet: called twice");
  Mailbox* mailbox = Mailbox::create(env, args.values[0], "millrace.output");
  if (mailbox == nullptr) return throwRange(env, "openOutlet: cannot be made");
  environment->outlet = openOutlet(mailbox);
  if (environment->outlet == nullptr) {
    Mailbox::end(mailbox);
    return throwRange(env, "openOutlet: no thread can be made: raise ulimit -u, or pids.max of the control group");
  }
  environment->endings.push_back({Mailbox::end, mailbox});
  environment->endings.push_back({[](void* context) { closeOutlet(static_cast<Outlet*>(context)); }, environment->outlet});
  return nullptr;
}

// attachOutput(fd)
napi_value attach(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  Outlet* outlet = environmentOf(env)->outlet;
  if (outlet == nullptr) return throwRange(env, "attachOutput: no outlet is open");
  return toNumber(env, attachOutput(outlet, whole32(args.number(0))));
}

// send(output, parts, count)
napi_value send(napi_env env, napi_callback_info info) {
  const Arguments<3> args(env, info);
  const DoubleElements parts(env, args.values[1]);
  const double count = args.number(2);
  if (!parts.holds(0, count * OUTPUT_PART_STRIDE)) return throwRange(env, "send: fewer parts than their count");
  return answer(env, sendParts(args.number(0), parts.data, static_cast<uint32_t>(count)));
}

// outputPendingBytes(output)
napi_value pending(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  return answer(env, pendingBytes(args.number(0)));
}

// endOutput(output)
napi_value endOne(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  return answer(env, endOutput(args.number(0)));
}

// detachOutput(output)
napi_value detach(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  return answer(env, detachOutput(args.number(0)));
}

// unpaceSocket(descriptor)
napi_value unpace(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  unpaceSocket(static_cast<int>(args.number(0)));
  return nullptr;
}

// openInlet(receive, memory, scratchBytes): `memory` begins with the scratch
napi_value openInputs(napi_env env, napi_callback_info info) {
  const Arguments<3> args(env, info);
  Environment* environment = environmentOf(env);
  if (environment->inlet != nullptr) return throwRange(env, "openInlet: called twice");
  const ByteElements memory(env, args.values[1]);
  const double scratchBytes = args.number(2);
  if (!(scratchBytes > 0) || !memory.holds(0, scratchBytes)) return throwRange(env, "openInlet: no memory for the scratch");
  environment->inlet = openInlet(env, args.values[0], args.values[1], static_cast<size_t>(scratchBytes));
  if (environment->inlet == nullptr) return throwRange(env, "openInlet: cannot be made");
  return nullptr;
}

// attachInput(output): reads the socket of an attached output, which is to stay attached until detachInput
napi_value attachOne(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  Inlet* inlet = environmentOf(env)->inlet;
  const int fd = descriptorOf(args.number(0));
  if (inlet == nullptr || fd < 0) return throwRange(env, "attachInput: no inlet is open, or no such output");
  return toNumber(env, attachInput(inlet, fd));
}

// resumeInput(input, at, sizeBytes): into the scratch when sizeBytes is 0; whether the socket can be watched
napi_value resumeOne(napi_env env, napi_callback_info info) {
  const Arguments<3> args(env, info);
  const int resumed = resumeInput(environmentOf(env)->inlet, args.number(0), args.number(1), args.number(2));
  if (resumed < 0) return throwRange(env, "resumeInput: no such input, or outside of its memory");
  napi_value result;
  napi_get_boolean(env, resumed == 1, &result);
  return result;
}

// deferInput(input, ms): the next bytes may wait so long for company
napi_value deferOne(napi_env env, napi_callback_info info) {
  const Arguments<2> args(env, info);
  deferInput(environmentOf(env)->inlet, args.number(0), args.number(1));
  return nullptr;
}

// detachInput(input)
napi_value detachOne(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  detachInput(environmentOf(env)->inlet, args.number(0));
  return nullptr;
}

// createDoorbell(ringing)
napi_value createBell(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  const double bell = createDoorbell(env, args.values[0]);
  if (bell == 0) return throwRange(env, "createDoorbell: cannot be made");
  environmentOf(env)->doorbells.push_back(bell);
  return toNumber(env, bell);
}

// ring(bell): whether there is such a bell
napi_value ring(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  napi_value result;
  napi_get_boolean(env, ringDoorbell(args.number(0)), &result);
  return result;
}

// closeDoorbell(bell)
napi_value closeBell(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  const double bell = args.number(0);
  auto& own = environmentOf(env)->doorbells;
  if (std::erase(own, bell) == 0) return throwRange(env, "closeDoorbell: not a bell of this thread");
  closeDoorbell(bell);
  return nullptr;
}

// lockFile(path): a descriptor or a negative errno
napi_value lockOne(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  char path[4096];
  size_t length = 0;
  napi_get_value_string_utf8(env, args.values[0], path, sizeof path, &length);
  if (length + 1 >= sizeof path) return toInteger(env, -ENAMETOOLONG);
  if (length == 0 || strlen(path) != length) return toInteger(env, -EINVAL);
  return toInteger(env, lockFile(path));
}

// tellsFailedWrites(descriptor): of the file system of a file
napi_value tells(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  napi_value result;
  napi_get_boolean(env, tellsFailedWrites(whole32(args.number(0))), &result);
  return result;
}

// syncFileSystem(descriptor): of any file in it; 0 or a negative errno
napi_value syncOne(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  return toInteger(env, syncfs(whole32(args.number(0))) < 0 ? -errno : 0);
}

// unwrittenBytes(): of the whole machine
napi_value unwritten(napi_env env, napi_callback_info) { return toNumber(env, static_cast<double>(unwrittenBytes())); }

// lowerPriority(): of the calling thread, for good
napi_value lowerPriority(napi_env, napi_callback_info) {
  constexpr int NICE = 15;
  setpriority(PRIO_PROCESS, 0, NICE);
  return nullptr;
}

// nameThread(name): the calling thread, for the system's tools; they show 15 bytes of it
napi_value nameOwn(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  char name[16] = {};
  napi_get_value_string_utf8(env, args.values[0], name, sizeof name, nullptr);
  prctl(PR_SET_NAME, name);
  return nullptr;
}

// trimProcess()
napi_value trimAll(napi_env, napi_callback_info) {
  trimProcess();
  return nullptr;
}

// pause() with us in the exchange: the thread sleeps so long, to within a few us
napi_value pauseThread(napi_env env, napi_callback_info) {
  static thread_local const int exact = prctl(PR_SET_TIMERSLACK, 1000UL);
  (void)exact;
  const double us = environmentOf(env)->exchange[0];
  if (!(us > 0 && us < 1e6)) return throwRange(env, "pause: between 0 and 1e6 us");
  const timespec time{0, static_cast<long>(us * 1000)};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
  return nullptr;
}

}  // namespace

void defineThreadSupport(napi_env env, napi_value exports) {
  const Method methods[] = {
      {"openOutlet", openOne},         {"attachOutput", attach},     {"send", send},
      {"outputPendingBytes", pending}, {"detachOutput", detach},     {"createDoorbell", createBell},
      {"ring", ring},                  {"closeDoorbell", closeBell}, {"trimProcess", trimAll},
      {"pause", pauseThread},          {"lockFile", lockOne},
      {"tellsFailedWrites", tells},     {"syncFileSystem", syncOne}, {"unwrittenBytes", unwritten},
      {"lowerPriority", lowerPriority}, {"nameThread", nameOwn},     {"openInlet", openInputs},
      {"attachInput", attachOne},      {"resumeInput", resumeOne},   {"deferInput", deferOne},
      {"detachInput", detachOne},       {"endOutput", endOne},        {"unpaceSocket", unpace},
  };
  defineMethods(env, exports, methods);
  Environment* environment = environmentOf(env);
  environment->endings.push_back({[](void* context) {
                                    for (const double bell : static_cast<Environment*>(context)->doorbells)
                                      closeDoorbell(bell);
                                  },
                                  environment});
}

}  // namespace millrace
