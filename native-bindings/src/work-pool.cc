// See work-pool.h.
#include "work-pool.h"

#include <signal.h>
#include <sys/prctl.h>

#include <thread>

namespace millrace {

void beginThread(const char* name) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  prctl(PR_SET_NAME, name);
}

void WorkPool::submit(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    if (idle_ < static_cast<int>(queue_.size()) && threads_ < threadsMax_) {
      threads_++;
      std::thread([this] { run(); }).detach();
    }
  }
  wake_.notify_one();
}

void WorkPool::run() {
  beginThread(name_);
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      idle_++;
      wake_.wait(lock, [this] { return !queue_.empty(); });
      idle_--;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace millrace
