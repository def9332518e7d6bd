// The functions of the ports src/native/socket-output.ts, doorbell.ts and process-memory.ts for JavaScript.
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "doorbell.h"
#include "environment.h"
#include "memory-region.h"
#include "napi-support.h"
#include "socket-output.h"

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
    mailbox->close();
    mailbox->release();
    return throwRange(env, "openOutlet: no thread can be made");
  }
  environment->endings.push_back({[](void* context) {
                                    auto* ended = static_cast<Mailbox*>(context);
                                    ended->close();
                                    ended->release();
                                  },
                                  mailbox});
  environment->endings.push_back({[](void* context) { closeOutlet(static_cast<Outlet*>(context)); }, environment->outlet});
  return nullptr;
}

// attachOutput(fd)
napi_value attach(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  Outlet* outlet = environmentOf(env)->outlet;
  if (outlet == nullptr) return throwRange(env, "attachOutput: no outlet is open");
  return toNumber(env, attachOutput(outlet, static_cast<int>(args.number(0))));
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

// detachOutput(output)
napi_value detach(napi_env env, napi_callback_info info) {
  const Arguments<1> args(env, info);
  return answer(env, detachOutput(args.number(0)));
}

// createDoorbell(ringing, keepAlive)
napi_value createBell(napi_env env, napi_callback_info info) {
  const Arguments<2> args(env, info);
  bool keepAlive = false;
  napi_get_value_bool(env, args.values[1], &keepAlive);
  const double bell = createDoorbell(env, args.values[0], keepAlive);
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

// freePages(memoryId, offset, sizeBytes): bytes given back, or a negative errno
napi_value freePages(napi_env env, napi_callback_info info) {
  const Arguments<3> args(env, info);
  const double sizeBytes = args.number(2);
  uint8_t* start = memoryAt(args.number(0), args.number(1), sizeBytes);
  if (start == nullptr) return throwRange(env, "freePages: the place is not in a registered memory");
  // Pages that lie in the range with part of their bytes only stay.
  const uintptr_t pageBytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t from = (reinterpret_cast<uintptr_t>(start) + pageBytes - 1) & ~(pageBytes - 1);
  const uintptr_t to = (reinterpret_cast<uintptr_t>(start) + static_cast<uintptr_t>(sizeBytes)) & ~(pageBytes - 1);
  if (from >= to) return toNumber(env, 0);
  if (madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED) < 0) return toNumber(env, -errno);
  return toNumber(env, static_cast<double>(to - from));
}

// residentBytes(): of the whole process; 0 when it cannot be told
napi_value resident(napi_env env, napi_callback_info) {
  unsigned long long pages = 0;
  if (FILE* file = fopen("/proc/self/statm", "re")) {
    if (fscanf(file, "%*u %llu", &pages) != 1) pages = 0;
    fclose(file);
  }
  return toNumber(env, static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)));
}

}  // namespace

void defineThreadSupport(napi_env env, napi_value exports) {
  const Method methods[] = {
      {"openOutlet", openOne},         {"attachOutput", attach},     {"send", send},
      {"outputPendingBytes", pending}, {"detachOutput", detach},     {"createDoorbell", createBell},
      {"ring", ring},                  {"closeDoorbell", closeBell}, {"freePages", freePages},
      {"residentBytes", resident},
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
