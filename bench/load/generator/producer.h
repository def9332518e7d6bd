// A producer: one connection to each leader, batches by partition, up to Settings::in_flight requests under way on each.
// In the open loop records come in at their intended times and wait in their partition until the batch is full or
// `linger` has passed; latency counts from the intended time, however late the record leaves. In the closed loop every
// batch is full and is sent as soon as there is room in flight.
#pragma once
#include <deque>
#include <memory>
#include <vector>

#include "client.h"

namespace bench {

class Producer;

/** The producer's connection to one broker. */
class ProducerLink final : public Endpoint {
 public:
  ProducerLink(Producer& producer, uint32_t broker, int in_flight) : producer_(producer), broker_(broker), in_flight_(in_flight) {}
  bool connect(int64_t deadline_ns, std::string& error);
  int fd() const override { return connection_ ? connection_->fd() : -1; }
  bool on_readable(int64_t now_ns) override;
  bool on_writable() override { return connection_->flush(); }
  bool wants_write() const override { return connection_ && connection_->pending_bytes() > 0; }
  void on_lost(int64_t now_ns) override;
  bool revive(int64_t now_ns) override;
  bool pump(int64_t now_ns) override;
  void give_up(int64_t now_ns);
  bool has_room() const { return requests_.size() < size_t(in_flight_); }
  /** The earliest time at which a batch must leave though it is not full; INT64_MAX for none. */
  int64_t next_deadline_ns() const { return waiting_.empty() ? INT64_MAX : waiting_.front().deadline_ns; }

 private:
  friend class Producer;
  struct Item {
    uint32_t partition, records, bytes;
  };
  struct Request {
    int64_t sent_ns;
    int32_t correlation_id;
    uint32_t items;
  };
  struct Waiting {
    uint32_t partition;
    int64_t deadline_ns;
  };
  void collect_closed(std::vector<Item>& items);
  void collect_open(int64_t now_ns, std::vector<Item>& items);
  void send(int64_t now_ns, const std::vector<Item>& items);
  bool on_frame(const char* frame, size_t length, int64_t now_ns);
  bool answers(std::string_view topic, int32_t id, size_t at);
  void on_partition_answer(const Item& item, const Request& request, int16_t failed, int64_t base_offset, int64_t now_ns);

  Producer& producer_;
  uint32_t broker_;
  int in_flight_;
  std::unique_ptr<Connection> connection_;
  std::deque<Request> requests_;
  std::deque<Item> items_;  // of all requests under way, in order
  std::deque<uint32_t> ready_;    // partitions with a batch to send now
  std::deque<Waiting> waiting_;   // partitions whose batch lingers, by deadline
  std::vector<uint32_t> partitions_;
  size_t next_partition_ = 0;     // closed loop
  std::vector<Item> scratch_;
  std::vector<uint32_t> again_;
};

class Producer {
 public:
  Producer(Run& run, Stats& stats, uint32_t index);
  bool connect(std::string& error);
  std::vector<std::unique_ptr<ProducerLink>>& links() { return links_; }
  /** The open loop: a record that should leave at `intended_ns` is there. */
  void offer(int64_t intended_ns, int64_t now_ns);
  void set_closed(bool closed) { closed_ = closed; }
  uint64_t backlog() const { return backlog_; }
  /** Counts what has no answer at the end of the run. */
  void give_up(int64_t now_ns);
  bool idle() const;

 private:
  friend class ProducerLink;
  enum class Queue : uint8_t { NONE, WAITING, READY };
  struct Partition {
    ProducerLink* link = nullptr;
    int32_t next_sequence = 0;
    std::deque<int64_t> intended_ns;  // of records not answered; the first `sent` are under way
    uint32_t sent = 0;
    Queue queue = Queue::NONE;
    uint32_t unsent() const { return uint32_t(intended_ns.size()) - sent; }
  };
  uint32_t choose_partition();
  void enqueue(uint32_t index, int64_t now_ns);
  bool renew_identity(ProducerLink& link, std::string& error);
  uint64_t random();

  Run& run_;
  Stats& stats_;
  uint32_t index_;
  BatchIdentity identity_;
  bool identity_spent_ = false;  // an idempotent batch failed: a new producer id is due once nothing is under way
  bool closed_ = false;
  uint64_t backlog_ = 0;
  uint64_t random_;
  uint32_t sticky_ = 0, sticky_left_ = 0;
  std::vector<Partition> partitions_;
  std::vector<std::unique_ptr<ProducerLink>> links_;
};

}  // namespace bench
