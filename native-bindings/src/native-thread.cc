// See native-thread.h. Not std::thread, which ends a process without exceptions where the system refuses a thread.
#include "native-thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <memory>
#include <utility>

namespace millrace {
namespace {

struct Start {
  const char* name;
  std::function<void()> run;
};

void* begin(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  prctl(PR_SET_NAME, start->name);
  start->run();
  return nullptr;
}

}  // namespace

bool startThread(const char* name, std::function<void()> run) {
  auto start = std::make_unique<Start>(Start{name, std::move(run)});
  pthread_t thread;
  if (pthread_create(&thread, nullptr, begin, start.get()) != 0) return false;
  (void)start.release();
  pthread_detach(thread);
  return true;
}

}  // namespace millrace
