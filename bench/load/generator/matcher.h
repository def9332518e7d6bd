// Joins what was produced with what arrives, by partition and offset: no stamp inside the records, so any codec and any
// prebuilt batch will do. Whichever side comes second records the latency. Shared by all worker threads, under a lock.
#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "stats.h"

namespace bench {

class Matcher {
 public:
  /** `readers`: how many consumers each read every record. */
  Matcher(size_t partitions, size_t readers) : readers_(readers), places_(partitions * readers) {}

  /** Records [base_offset, base_offset + count) were acknowledged; `intended_ns(i)` is the time of the i-th. */
  template <typename IntendedNs>
  void produced(uint32_t partition, int64_t base_offset, uint32_t count, IntendedNs intended_ns, Stats& stats) {
    std::lock_guard hold(lock_);
    for (size_t reader = 0; reader < readers_; reader++) {
      Place& place = places_[partition * readers_ + reader];
      int64_t end = base_offset + count;
      auto found = std::lower_bound(place.arrived.begin(), place.arrived.end(), end, [](const Arrival& a, int64_t e) { return a.end_offset < e; });
      if (found != place.arrived.end()) {
        for (uint32_t i = 0; i < count; i++) stats.arrived(intended_ns(i), found->at_ns);
        continue;
      }
      Batch& batch = place.waiting[base_offset];
      batch.count = count;
      batch.intended_ns.resize(count);
      for (uint32_t i = 0; i < count; i++) batch.intended_ns[i] = intended_ns(i);
    }
  }

  /** A reader has received everything below `end_offset`. */
  void arrived(uint32_t partition, size_t reader, int64_t end_offset, int64_t now_ns, Stats& stats) {
    std::lock_guard hold(lock_);
    Place& place = places_[partition * readers_ + reader];
    place.arrived.push_back({end_offset, now_ns});
    if (place.arrived.size() > ARRIVALS_MAX) place.arrived.pop_front();
    while (!place.waiting.empty()) {
      auto first = place.waiting.begin();
      if (first->first + first->second.count > end_offset) break;
      for (int64_t intended_ns : first->second.intended_ns) stats.arrived(intended_ns, now_ns);
      place.waiting.erase(first);
    }
  }

  uint64_t waiting_records() {
    std::lock_guard hold(lock_);
    uint64_t records = 0;
    for (auto& place : places_)
      for (auto& [offset, batch] : place.waiting) records += batch.count;
    return records;
  }

 private:
  static constexpr size_t ARRIVALS_MAX = 4096;  // an acknowledgement later than so many fetches takes the oldest
  struct Arrival {
    int64_t end_offset, at_ns;
  };
  struct Batch {
    uint32_t count;
    std::vector<int64_t> intended_ns;
  };
  struct Place {
    std::deque<Arrival> arrived;
    std::map<int64_t, Batch> waiting;
  };
  std::mutex lock_;
  size_t readers_;
  std::vector<Place> places_;
};

}  // namespace bench
