// What one worker thread counts: per stage for the result, per second for the curves. Only its own thread writes; the
// seconds that are over are handed to the main thread under a lock.
#pragma once
#include <array>
#include <map>
#include <mutex>
#include <vector>

#include "../../native/histogram.h"
#include "timeline.h"

namespace bench {

struct Counters {
  uint64_t sent_records = 0, acked_records = 0, failed_records = 0, consumed_records = 0, requests = 0, fetches = 0;
  uint64_t sent_bytes = 0, acked_bytes = 0, consumed_bytes = 0;
  void add(const Counters& o) {
    sent_records += o.sent_records, acked_records += o.acked_records, failed_records += o.failed_records;
    consumed_records += o.consumed_records, requests += o.requests, fetches += o.fetches;
    sent_bytes += o.sent_bytes, acked_bytes += o.acked_bytes, consumed_bytes += o.consumed_bytes;
  }
};

/** Latencies: `ack` and `end_to_end` count from the intended send time in the open loop, from sending in the closed. */
struct Latencies {
  Histogram ack, end_to_end, fetch, late;
  void add(const Latencies& o) { ack.add(o.ack), end_to_end.add(o.end_to_end), fetch.add(o.fetch), late.add(o.late); }
};

struct Interval {
  Interval() = default;
  explicit Interval(int) : ack(0), end_to_end(0) {}  // holds nothing
  Counters counters;
  Histogram ack, end_to_end;
  uint64_t backlog_records = 0;
  void add(const Interval& o) {
    counters.add(o.counters), ack.add(o.ack), end_to_end.add(o.end_to_end), backlog_records += o.backlog_records;
  }
};

class Stats {
 public:
  /** Before anything is counted. */
  void begin(const Timeline& timeline) {
    timeline_ = &timeline;
    counters_.resize(size_t(timeline.stages()));
    latencies_.resize(size_t(timeline.stages()));
    interval_end_ns_ = timeline.start_ns() + INTERVAL_NS;
  }

  /** Sets the moment to which what follows is counted. */
  void at(int64_t now_ns) { stage_ = timeline_->stage_at(now_ns); }
  template <typename F>
  void count(F change) {
    change(interval_.counters);
    if (stage_ >= 0 && stage_ < timeline_->stages()) change(counters_[size_t(stage_)]);
  }
  void acked(int64_t intended_ns, int64_t now_ns, uint64_t records = 1) {
    interval_.ack.record(now_ns - intended_ns, records);
    if (Latencies* to = of(intended_ns)) to->ack.record(now_ns - intended_ns, records);
  }
  void arrived(int64_t intended_ns, int64_t now_ns, uint64_t records = 1) {
    interval_.end_to_end.record(now_ns - intended_ns, records);
    if (Latencies* to = of(intended_ns)) to->end_to_end.record(now_ns - intended_ns, records);
  }
  void fetched(int64_t sent_ns, int64_t now_ns) {
    if (Latencies* to = of(sent_ns)) to->fetch.record(now_ns - sent_ns);
  }
  void late(int64_t intended_ns, int64_t now_ns) {
    if (Latencies* to = of(intended_ns)) to->late.record(now_ns - intended_ns);
  }
  void failed(int16_t code, uint64_t records) {
    errors_[code] += records;
    count([&](Counters& c) { c.failed_records += records; });
  }
  void disconnected() { disconnects_++; }
  void unanswered(int64_t intended_ns, int64_t now_ns, uint64_t records) {
    acked(intended_ns, now_ns, records);
    unanswered_ += records;
  }

  int64_t interval_end_ns() const { return interval_end_ns_; }
  void close_interval(uint64_t backlog_records) {
    interval_.backlog_records = backlog_records;
    std::lock_guard hold(lock_);
    closed_.push_back(std::move(interval_));
    interval_ = Interval();
    interval_end_ns_ += INTERVAL_NS;
  }
  /** The main thread: how many seconds can be taken. */
  size_t closed_intervals() {
    std::lock_guard hold(lock_);
    return closed_.size();
  }
  /** The main thread: adds second number `index` to `to` and forgets it. */
  void take_interval(size_t index, Interval& to) {
    std::lock_guard hold(lock_);
    to.add(closed_[index]);
    closed_[index] = Interval(0);
  }

  // After the thread has ended.
  const std::vector<Counters>& counters() const { return counters_; }
  const std::vector<Latencies>& latencies() const { return latencies_; }
  const std::map<int16_t, uint64_t>& errors() const { return errors_; }
  uint64_t disconnects() const { return disconnects_; }
  uint64_t unanswered_records() const { return unanswered_; }

 private:
  Latencies* of(int64_t intended_ns) {
    int stage = timeline_->stage_at(intended_ns);
    return stage >= 0 && stage < timeline_->stages() ? &latencies_[size_t(stage)] : nullptr;
  }
  const Timeline* timeline_ = nullptr;
  std::vector<Counters> counters_;
  std::vector<Latencies> latencies_;
  Interval interval_;
  int stage_ = -1;
  int64_t interval_end_ns_ = 0;
  std::map<int16_t, uint64_t> errors_;
  uint64_t disconnects_ = 0, unanswered_ = 0;
  std::mutex lock_;
  std::vector<Interval> closed_;
};

}  // namespace bench
