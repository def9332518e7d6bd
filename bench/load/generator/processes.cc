// /proc/PID/stat and /proc/PID/status.
#include "processes.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace bench {
namespace {

int64_t cpu_ns(int pid) {
  static const int64_t ns_per_tick = 1'000'000'000 / sysconf(_SC_CLK_TCK);
  FILE* file = fopen(("/proc/" + std::to_string(pid) + "/stat").c_str(), "r");
  if (file == nullptr) return 0;
  char text[1024];
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  const char* behind_name = strrchr(text, ')');
  long long user = 0, system = 0;
  if (behind_name == nullptr ||
      sscanf(behind_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld", &user, &system) != 2)
    return 0;
  return (user + system) * ns_per_tick;
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
