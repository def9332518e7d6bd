// A log-linear histogram with the bucket layout of HdrHistogram at three significant digits: 2048 linear buckets, then
// 1024 for each doubling. Values are nanoseconds from 0 to 2^42 (73 minutes); larger ones count as the largest.
#pragma once
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

class Histogram {
 public:
  Histogram() : counts_(BUCKETS) {}
  /** Holds no memory and takes no values: for what was moved out. */
  explicit Histogram(int) {}

  void record(int64_t value, uint64_t count = 1) {
    if (value < 0) value = 0;
    if (value > VALUE_MAX) value = VALUE_MAX;
    counts_[index(uint64_t(value))] += count;
    total_ += count;
    if (value > max_) max_ = value;
  }
  void add(const Histogram& other) {
    if (other.total_ == 0) return;
    for (size_t i = 0; i < BUCKETS; i++) counts_[i] += other.counts_[i];
    total_ += other.total_;
    if (other.max_ > max_) max_ = other.max_;
  }
  void clear() {
    if (total_ == 0) return;
    counts_.assign(BUCKETS, 0);
    total_ = 0;
    max_ = 0;
  }
  uint64_t total() const { return total_; }
  int64_t max() const { return max_; }

  /** The highest value of the bucket in which the percentile (0 to 100) lies; 0 when nothing was recorded. */
  int64_t percentile(double percent) const {
    if (total_ == 0) return 0;
    uint64_t wanted = uint64_t(percent / 100.0 * double(total_) + 0.5);
    if (wanted < 1) wanted = 1;
    uint64_t seen = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
      seen += counts_[i];
      if (seen >= wanted) {
        int64_t high = int64_t(lowest(i + 1)) - 1;
        return high < max_ ? high : max_;
      }
    }
    return max_;
  }
  /** `[[lowest value of the bucket, count], ...]` of all buckets in use. */
  std::string json() const {
    std::string text = "[";
    for (size_t i = 0; i < BUCKETS; i++) {
      if (counts_[i] == 0) continue;
      if (text.size() > 1) text += ',';
      text += '[' + std::to_string(lowest(i)) + ',' + std::to_string(counts_[i]) + ']';
    }
    return text + ']';
  }

 private:
  static constexpr int LINEAR_BITS = 11;
  static constexpr int64_t VALUE_MAX = (int64_t(1) << 42) - 1;
  static constexpr size_t HALF = size_t(1) << (LINEAR_BITS - 1);
  static constexpr size_t BUCKETS = (42 - LINEAR_BITS + 2) * HALF;

  static size_t index(uint64_t value) {
    int shift = int(std::bit_width(value)) - LINEAR_BITS;
    return shift <= 0 ? value : size_t(shift) * HALF + size_t(value >> shift);
  }
  static uint64_t lowest(size_t index) {
    if (index < 2 * HALF) return index;
    size_t shift = index / HALF - 1;
    return uint64_t(index - shift * HALF) << shift;
  }
  std::vector<uint64_t> counts_;
  uint64_t total_ = 0;
  int64_t max_ = 0;
};

}  // namespace bench
