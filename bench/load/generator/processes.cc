// The processes' CPU clocks, and /proc/PID/status.
#include "processes.h"

#include <cstdio>
#include <ctime>
#include <string>

namespace bench {
namespace {

/** All threads, to the nanosecond: the ticks of /proc/PID/stat are too coarse for short works. */
int64_t cpu_ns(int pid) {
  clockid_t clock;
  timespec used;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return int64_t(used.tv_sec) * 1'000'000'000 + used.tv_nsec;
}

void add_memory(int pid, ProcessUse& use) {
  FILE* file = fopen(("/proc/" + std::to_string(pid) + "/status").c_str(), "r");
  if (file == nullptr) return;
  long long kib = 0;
  for (char line[256]; fgets(line, sizeof line, file) != nullptr;) {
    if (sscanf(line, "VmRSS: %lld", &kib) == 1) use.resident_bytes += kib * 1024;
    else if (sscanf(line, "RssAnon: %lld", &kib) == 1) use.anonymous_bytes += kib * 1024;
  }
  fclose(file);
}

}  // namespace

ProcessUse read_processes(const std::vector<int>& pids) {
  ProcessUse use;
  for (int pid : pids) {
    use.cpu_ns += cpu_ns(pid);
    add_memory(pid, use);
  }
  return use;
}

}  // namespace bench
