// CPU time and memory of the broker's processes, read from /proc at the very edges of what is measured.
#pragma once
#include <cstdint>
#include <vector>

namespace bench {

struct ProcessUse {
  int64_t cpu_ns = 0;  // user and system, of all given processes
  int64_t resident_bytes = 0, anonymous_bytes = 0;
};

/** Processes that have ended count as zero. */
ProcessUse read_processes(const std::vector<int>& pids);

}  // namespace bench
