// One thread of the generator: an epoll loop over its own producers and consumers, the open loop's schedule, and the
// second-by-second figures.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "consumer.h"
#include "producer.h"

namespace bench {

class Worker {
 public:
  Worker(Run& run, int index) : run_(run), index_(index) {}
  ~Worker();
  /** Before start: which clients are this thread's. Connects them; false with `error` set. */
  bool prepare(std::string& error);
  /** The stages' times are known: what connect() counted before starts from here. */
  void begin(const Timeline& timeline);
  /** The thread: returns when the run is over for it. */
  void run(const std::atomic<bool>& stop);
  Stats& stats() { return stats_; }
  bool over() const { return over_; }
  /** The broker was so slow that Settings::backlog_records_max records waited: the run was ended. */
  bool overrun() const { return overrun_; }
  /** When its bounded work was done; 0 when time ended it. */
  int64_t done_at_ns() const { return done_at_ns_; }

 private:
  void watch(Endpoint& endpoint, int operation);
  void pump(Endpoint& endpoint, int64_t now_ns);
  void handle(Endpoint& endpoint, uint32_t events, int64_t now_ns);
  void lose(Endpoint& endpoint, int64_t now_ns);
  void revive_lost(int64_t now_ns);
  void offer_due(int64_t now_ns, uint64_t count_max);
  void enter_stage(int64_t now_ns);
  void wait_and_handle(int64_t until_ns);
  int64_t next_event_ns() const;
  bool work_done() const;
  bool all_answered() const;
  uint64_t backlog() const;

  Run& run_;
  int index_;
  int epoll_ = -1;
  const Timeline* timeline_ = nullptr;
  Stats stats_;
  std::vector<std::unique_ptr<Producer>> producers_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
  std::vector<ProducerLink*> producer_links_;
  std::vector<ConsumerLink*> consumer_links_;
  std::vector<Endpoint*> lost_;
  int64_t revive_at_ns_ = 0;
  int stage_ = -2;        // whose rate is in force; warm-up has that of stage 0
  double interval_ns_ = 0;  // between this thread's records; 0: closed loop
  double next_due_ns_ = 0;
  int64_t look_every_ns_ = 0, last_look_ns_ = 0;  // for due records, at most: one wake-up costs more than a record
  size_t next_producer_ = 0;
  bool sending_ = true;    // false once the last stage is over: only answers are awaited
  int64_t done_at_ns_ = 0;
  bool overrun_ = false;
  std::atomic<bool> over_ = false;
};

}  // namespace bench
