// When the run's stages begin and end, on the monotonic clock: [start, warm-up, stage 0, stage 1, ..., end).
#pragma once
#include <cstdint>
#include <vector>

#include "settings.h"

namespace bench {

constexpr int64_t INTERVAL_NS = 1'000'000'000;  // of the figures over time

class Timeline {
 public:
  Timeline(const Settings& settings, int64_t start_ns) : start_ns_(start_ns) {
    edges_ns_.push_back(start_ns + settings.warm_up_ns);
    for (auto& stage : settings.stages) edges_ns_.push_back(edges_ns_.back() + stage.duration_ns);
  }
  int64_t start_ns() const { return start_ns_; }
  int64_t end_ns() const { return edges_ns_.back(); }
  int stages() const { return int(edges_ns_.size()) - 1; }
  int64_t stage_start_ns(int stage) const { return edges_ns_[size_t(stage)]; }
  int64_t stage_end_ns(int stage) const { return edges_ns_[size_t(stage) + 1]; }
  /** -1 during warm-up, stages() after the end. */
  int stage_at(int64_t at_ns) const {
    int stage = -1;
    while (stage < stages() && at_ns >= edges_ns_[size_t(stage + 1)]) stage++;
    return stage;
  }

 private:
  int64_t start_ns_;
  std::vector<int64_t> edges_ns_;
};

}  // namespace bench
