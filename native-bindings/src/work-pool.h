// A few threads for calls that block, such as reading from the disk. Any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace millrace {

// Threads start when they are needed and run until the process ends, so a pool is never destructed.
class WorkPool {
 public:
  WorkPool(const char* name, int threadsMax) : name_(name), threadsMax_(threadsMax) {}
  // False when nobody will do it: the pool has no thread, and the system refuses one.
  [[nodiscard]] bool submit(std::function<void()> work);

 private:
  void run();

  const char* const name_;
  const int threadsMax_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  int threads_ = 0;
  int idle_ = 0;
};

}  // namespace millrace
