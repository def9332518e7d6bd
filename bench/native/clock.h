// Time for the benchmark programs: one monotonic clock in nanoseconds for all latencies, and CPU time of a thread.
#pragma once
#include <cstdint>
#include <ctime>

namespace bench {

inline int64_t read_clock(clockid_t id) {
  timespec t;
  clock_gettime(id, &t);
  return int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

inline int64_t now_ns() { return read_clock(CLOCK_MONOTONIC); }
inline int64_t wall_ms() { return read_clock(CLOCK_REALTIME) / 1'000'000; }
inline int64_t thread_cpu_ns() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
inline int64_t process_cpu_ns() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace bench
