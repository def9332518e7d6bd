// A consumer: one connection to each leader, one fetch under way on each, incremental fetch sessions as real clients use
// them. It walks the batch headers, asks for more, and only then checks the sums: records are never decoded.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "client.h"

namespace bench {

class Consumer;

class ConsumerLink final : public Endpoint {
 public:
  ConsumerLink(Consumer& consumer, uint32_t broker) : consumer_(consumer), broker_(broker) {}
  bool connect(int64_t deadline_ns, std::string& error);
  int fd() const override { return connection_ ? connection_->fd() : -1; }
  bool on_readable(int64_t now_ns) override;
  bool on_writable() override { return connection_->flush(); }
  bool wants_write() const override { return connection_ && connection_->pending_bytes() > 0; }
  void on_lost(int64_t now_ns) override;
  bool revive(int64_t now_ns) override;
  bool pump(int64_t now_ns) override;
  bool done() const;
  /** When a fetch may be tried again after an error; INT64_MAX when none waits for that. */
  int64_t retry_at_ns() const { return asked_ || retry_at_ns_ == 0 ? INT64_MAX : retry_at_ns_; }

 private:
  friend class Consumer;
  struct Place {
    uint32_t partition;  // index in the cluster
    int64_t position = 0, end = INT64_MAX;
    bool changed = true;  // since the last request of the session
  };
  void send_fetch(int64_t now_ns);
  bool on_frame(const char* frame, size_t length, int64_t now_ns);
  void on_partition_answer(Place& place, int16_t failed, int64_t log_start, std::string_view records, int64_t now_ns);
  Place* find(std::string_view topic, int32_t id);
  void check_sums();

  Consumer& consumer_;
  uint32_t broker_;
  std::unique_ptr<Connection> connection_;
  std::vector<Place> places_;  // by topic, then partition id
  size_t next_ = 0;            // where the next lookup most likely hits
  bool asked_ = false;
  int64_t asked_at_ns_ = 0, retry_at_ns_ = 0;
  int32_t correlation_id_ = 0, session_id_ = 0, session_epoch_ = 0;
  std::vector<std::string_view> arrived_;  // of the answer in hand, for check_sums
};

class Consumer {
 public:
  /** `reader`: its place in the matcher. Reads `partitions` (indexes). */
  Consumer(Run& run, Stats& stats, size_t reader, const std::vector<uint32_t>& partitions);
  bool connect(std::string& error);
  std::vector<std::unique_ptr<ConsumerLink>>& links() { return links_; }
  bool done() const;

 private:
  friend class ConsumerLink;
  Run& run_;
  Stats& stats_;
  size_t reader_;
  std::vector<std::unique_ptr<ConsumerLink>> links_;
};

}  // namespace bench
