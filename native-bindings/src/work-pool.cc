// See work-pool.h.
#include "work-pool.h"

#include <utility>

#include "native-thread.h"

namespace millrace {

bool WorkPool::submit(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    const bool wantsThread = idle_ <= static_cast<int>(queue_.size()) && threads_ < threadsMax_;
    if (wantsThread && startThread(name_, [this] { run(); })) threads_++;
    if (threads_ == 0) return false;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void WorkPool::run() {
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
