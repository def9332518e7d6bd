// Batching and requests of the producer; see producer.h.
#include "producer.h"

#include <algorithm>

#include "../../native/clock.h"
#include "wire.h"

namespace bench {
namespace {

constexpr size_t UNANSWERED_BYTES_MAX = 1 << 20;  // with acks=0 the socket is the only limit
constexpr int64_t REVIVE_NS_MAX = 1'000'000'000;
constexpr int FLEXIBLE_VERSION = 9;
constexpr uint32_t SMALL_BATCH_BYTES = 4096;  // cheaper to copy than to send as a piece of its own

}  // namespace

Producer::Producer(Run& run, Stats& stats, uint32_t index)
    : run_(run), stats_(stats), index_(index), random_((index + 1) * 0x9E3779B97F4A7C15ull), partitions_(run.cluster.partitions.size()) {
  std::vector<ProducerLink*> by_broker(run.cluster.brokers.size());
  for (uint32_t i = 0; i < partitions_.size(); i++) {
    uint32_t broker = run.cluster.partitions[i].broker;
    if (by_broker[broker] == nullptr) {
      links_.push_back(std::make_unique<ProducerLink>(*this, broker, run.settings.in_flight));
      by_broker[broker] = links_.back().get();
    }
    partitions_[i].link = by_broker[broker];
    by_broker[broker]->partitions_.push_back(i);
  }
  for (auto& link : links_) link->next_partition_ = index % link->partitions_.size();
}

uint64_t Producer::random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_;
}

bool Producer::connect(std::string& error) {
  int64_t deadline_ns = now_ns() + run_.settings.connect_ns;
  std::vector<int64_t> offsets(partitions_.size());
  for (auto& link : links_) {
    if (!link->connect(deadline_ns, error)) return false;
    // A topic that was just created has leaders in the metadata before they take records.
    if (index_ == 0 && !list_offsets(*link->connection_, run_.settings, run_.cluster, link->partitions_, OFFSET_LATEST, deadline_ns, offsets, error))
      return false;
  }
  return !run_.settings.idempotent || renew_identity(*links_[0], error);
}

bool Producer::renew_identity(ProducerLink& link, std::string& error) {
  if (!init_producer_id(*link.connection_, now_ns() + run_.settings.connect_ns, identity_, error)) return false;
  for (auto& partition : partitions_) partition.next_sequence = 0;
  identity_spent_ = false;
  return true;
}

uint32_t Producer::choose_partition() {
  uint32_t count = uint32_t(partitions_.size());
  switch (run_.settings.partitioner) {
    case Partitioner::KEY:
      return run_.payload->partition_of_key(uint32_t(random() % run_.payload->key_count()));
    case Partitioner::ROUND_ROBIN:
      return sticky_++ % count;
    case Partitioner::STICKY:
      break;
  }
  if (sticky_left_ == 0) {  // as Kafka's own clients: stay until a batch's worth went to one partition
    sticky_ = uint32_t(random() % count);
    sticky_left_ = run_.settings.batch_records_max;
  }
  sticky_left_--;
  return sticky_;
}

void Producer::offer(int64_t intended_ns, int64_t now_ns) {
  uint32_t index = choose_partition();
  partitions_[index].intended_ns.push_back(intended_ns);
  backlog_++;
  enqueue(index, now_ns);
}

void Producer::enqueue(uint32_t index, int64_t now_ns) {
  Partition& partition = partitions_[index];
  uint32_t unsent = partition.unsent();
  if (unsent == 0 || partition.queue == Queue::READY) return;
  int64_t linger_ns = run_.settings.linger_ns;
  int64_t deadline_ns = partition.intended_ns[partition.sent] + linger_ns;
  if (linger_ns == 0 || unsent >= run_.settings.batch_records_max || deadline_ns <= now_ns) {
    partition.queue = Queue::READY;
    partition.link->ready_.push_back(index);
  } else if (partition.queue == Queue::NONE) {
    partition.queue = Queue::WAITING;
    partition.link->waiting_.push_back({index, deadline_ns});
  }
}

bool Producer::idle() const {
  return std::all_of(links_.begin(), links_.end(), [](auto& link) { return link->items_.empty() && !link->wants_write(); }) && (closed_ || backlog_ == 0);
}

void Producer::give_up(int64_t now_ns) {
  for (auto& link : links_) link->give_up(now_ns);
  for (auto& partition : partitions_)
    for (int64_t intended_ns : partition.intended_ns) stats_.unanswered(intended_ns, now_ns, 1);
}

bool ProducerLink::connect(int64_t deadline_ns, std::string& error) {
  auto& broker = producer_.run_.cluster.brokers[broker_];
  connection_ = Connection::open(broker.host, broker.port, producer_.run_.settings.tls, deadline_ns, error);
  std::map<int16_t, std::pair<int16_t, int16_t>> versions;
  if (connection_ && greet(*connection_, deadline_ns, versions, error)) return true;
  connection_.reset();
  return false;
}

void ProducerLink::on_lost(int64_t) {
  connection_.reset();
  producer_.stats_.disconnected();
  uint64_t lost_records = 0;
  for (auto& item : items_) (producer_.closed_ ? lost_records : producer_.backlog_) += item.records;
  if (producer_.run_.settings.records_max > 0) producer_.run_.records_left += lost_records;
  requests_.clear();
  items_.clear();
  for (uint32_t index : partitions_) producer_.partitions_[index].sent = 0;  // what was under way is sent again
  producer_.identity_spent_ = producer_.run_.settings.idempotent;
}

bool ProducerLink::revive(int64_t now_ns) {
  std::string error;
  if (!connect(now_ns + REVIVE_NS_MAX, error)) return false;
  for (uint32_t index : partitions_) producer_.enqueue(index, now_ns);
  return true;
}

void ProducerLink::give_up(int64_t now_ns) {
  if (!producer_.closed_) return;  // the partitions know their records' times
  size_t at = 0;
  for (auto& request : requests_)
    for (uint32_t i = 0; i < request.items; i++) producer_.stats_.unanswered(request.sent_ns, now_ns, items_[at++].records);
}

void ProducerLink::collect_closed(std::vector<Item>& items) {
  Run& run = producer_.run_;
  size_t bytes = 0;
  size_t batches = std::min<size_t>(run.settings.batches_per_request, partitions_.size());
  while (items.size() < batches && bytes < run.settings.request_bytes_max) {
    uint32_t wanted = run.settings.batch_records_max;
    if (run.settings.records_max > 0) {
      uint64_t left = run.records_left.load(std::memory_order_relaxed);
      uint64_t take;
      do take = std::min<uint64_t>(left, wanted);
      while (take > 0 && !run.records_left.compare_exchange_weak(left, left - take));
      if (take == 0) return;
      wanted = uint32_t(take);
    }
    uint32_t partition = partitions_[next_partition_++ % partitions_.size()];
    auto& records = run.payload->records(partition, wanted);
    if (records.count < wanted && run.settings.records_max > 0) run.records_left += wanted - records.count;
    items.push_back({partition, records.count, records.length + uint32_t(BATCH_HEADER_BYTES)});
    bytes += records.length + BATCH_HEADER_BYTES;
  }
}

void ProducerLink::collect_open(int64_t now_ns, std::vector<Item>& items) {
  while (!waiting_.empty() && waiting_.front().deadline_ns <= now_ns) {
    uint32_t index = waiting_.front().partition;
    waiting_.pop_front();
    if (producer_.partitions_[index].queue != Producer::Queue::WAITING) continue;  // became full before
    producer_.partitions_[index].queue = Producer::Queue::READY;
    ready_.push_back(index);
  }
  size_t bytes = 0;
  again_.clear();
  while (!ready_.empty()) {
    uint32_t index = ready_.front();
    auto& partition = producer_.partitions_[index];
    auto& records = producer_.run_.payload->records(index, partition.unsent());
    if (!items.empty() && bytes + records.length > producer_.run_.settings.request_bytes_max) break;
    ready_.pop_front();
    partition.queue = Producer::Queue::NONE;
    if (partition.unsent() == 0) continue;
    items.push_back({index, records.count, records.length + uint32_t(BATCH_HEADER_BYTES)});
    bytes += records.length + BATCH_HEADER_BYTES;
    partition.sent += records.count;
    producer_.backlog_ -= records.count;
    again_.push_back(index);
  }
  for (uint32_t index : again_) producer_.enqueue(index, now_ns);
}

void ProducerLink::send(int64_t now_ns, const std::vector<Item>& items) {
  Run& run = producer_.run_;
  int version = run.cluster.produce_version;
  bool flexible = version >= FLEXIBLE_VERSION;
  std::string& out = connection_->out();
  size_t pending_before = connection_->pending_bytes(), frame_at = out.size();
  int32_t id = connection_->next_correlation_id();
  begin_frame(out, PRODUCE, version, id, flexible);
  Writer writer(out, flexible);
  writer.null_string();  // transactional id
  writer.i16(int16_t(run.settings.acks));
  writer.i32(int32_t(run.settings.request_timeout_ms));
  size_t topics = 1;
  for (size_t i = 1; i < items.size(); i++)
    topics += run.cluster.partitions[items[i].partition].topic != run.cluster.partitions[items[i - 1].partition].topic;
  writer.array(topics);
  int64_t timestamp_ms = wall_ms();
  uint64_t records_total = 0, bytes_total = 0;
  for (size_t i = 0; i < items.size();) {
    uint32_t topic = run.cluster.partitions[items[i].partition].topic;
    size_t end = i;
    while (end < items.size() && run.cluster.partitions[items[end].partition].topic == topic) end++;
    writer.string(run.settings.topics[topic]);
    writer.array(end - i);
    for (; i < end; i++) {
      const Item& item = items[i];
      auto& partition = producer_.partitions_[item.partition];
      auto& records = run.payload->records(item.partition, item.records);
      BatchIdentity identity = producer_.identity_;
      if (run.settings.idempotent) {
        identity.base_sequence = partition.next_sequence;
        partition.next_sequence = int32_t((uint32_t(partition.next_sequence) + records.count) & 0x7fffffff);
      }
      writer.i32(run.cluster.partitions[item.partition].id);
      writer.records_length(item.bytes);
      run.payload->append_header(out, records, identity, timestamp_ms);
      if (records.length <= SMALL_BATCH_BYTES) out.append(records.bytes, records.length);
      else connection_->refer(records.bytes, records.length);
      writer.no_tags();
      records_total += records.count;
      bytes_total += item.bytes;
    }
    writer.no_tags();
  }
  writer.no_tags();
  finish_frame(out.data() + frame_at, connection_->pending_bytes() - pending_before);
  producer_.stats_.count([&](Counters& c) { c.sent_records += records_total, c.sent_bytes += bytes_total, c.requests++; });
  if (run.settings.acks != 0) {
    items_.insert(items_.end(), items.begin(), items.end());
    requests_.push_back({now_ns, id, uint32_t(items.size())});
    return;
  }
  producer_.stats_.count([&](Counters& c) { c.acked_records += records_total, c.acked_bytes += bytes_total; });
  for (auto& item : items) {
    auto& partition = producer_.partitions_[item.partition];
    if (producer_.closed_) continue;
    partition.intended_ns.erase(partition.intended_ns.begin(), partition.intended_ns.begin() + item.records);
    partition.sent -= item.records;
  }
}

bool ProducerLink::pump(int64_t now_ns) {
  if (lost) return true;
  Run& run = producer_.run_;
  if (producer_.identity_spent_) {
    std::string error;
    if (!items_.empty()) return true;
    if (!producer_.renew_identity(*this, error)) return false;
  }
  bool sent = false;
  for (;;) {
    bool room = run.settings.acks == 0 ? connection_->pending_bytes() < UNANSWERED_BYTES_MAX
                                       : has_room();
    if (!room) break;
    scratch_.clear();
    if (producer_.closed_) collect_closed(scratch_);
    else collect_open(now_ns, scratch_);
    if (scratch_.empty()) break;
    std::sort(scratch_.begin(), scratch_.end(), [](const Item& a, const Item& b) { return a.partition < b.partition; });
    send(now_ns, scratch_);
    sent = true;
    if (run.settings.acks == 0 && !connection_->flush()) return false;
  }
  return !sent || connection_->flush();
}

bool ProducerLink::on_readable(int64_t now_ns) {
  bool sound = true;
  bool alive = connection_->receive([&](const char* frame, size_t length) { sound = sound && on_frame(frame, length, now_ns); });
  return alive && sound;
}

bool ProducerLink::on_frame(const char* frame, size_t length, int64_t now_ns) {
  int version = producer_.run_.cluster.produce_version;
  Reader in(frame, length, version >= FLEXIBLE_VERSION);
  if (requests_.empty() || in.i32() != requests_.front().correlation_id) return false;
  Request request = requests_.front();
  requests_.pop_front();
  in.tags();
  scratch_.assign(items_.begin(), items_.begin() + request.items);
  items_.erase(items_.begin(), items_.begin() + request.items);
  size_t answered = 0;
  for (uint32_t topics = in.array(); topics > 0; topics--) {
    std::string_view topic = in.string();
    for (uint32_t partitions = in.array(); partitions > 0; partitions--) {
      int32_t id = in.i32();
      int16_t failed = in.i16();
      int64_t base_offset = in.i64();
      in.i64();
      in.i64();
      if (version >= 8) {
        for (uint32_t errors = in.array(); errors > 0; errors--) {
          in.i32();
          in.string();
          in.tags();
        }
        in.string();
      }
      in.tags();
      if (in.bad() || !answers(topic, id, answered)) return false;
      on_partition_answer(scratch_[answered++], request, failed, base_offset, now_ns);
    }
    in.tags();
  }
  return !in.bad() && answered == request.items;
}

/** Moves the item of this partition to place `at` of `scratch_`: brokers answer in any order, most in the request's. */
bool ProducerLink::answers(std::string_view topic, int32_t id, size_t at) {
  Run& run = producer_.run_;
  for (size_t i = at; i < scratch_.size(); i++) {
    auto& place = run.cluster.partitions[scratch_[i].partition];
    if (place.id != id || run.settings.topics[place.topic] != topic) continue;
    std::swap(scratch_[at], scratch_[i]);
    return true;
  }
  return false;
}

void ProducerLink::on_partition_answer(const Item& item, const Request& request, int16_t failed, int64_t base_offset, int64_t now_ns) {
  Stats& stats = producer_.stats_;
  Matcher* matcher = failed == 0 ? producer_.run_.matcher : nullptr;
  if (failed == 0) {
    stats.count([&](Counters& c) { c.acked_records += item.records, c.acked_bytes += item.bytes; });
  } else {
    stats.failed(failed, item.records);
    producer_.identity_spent_ = producer_.run_.settings.idempotent;
  }
  if (producer_.closed_) {
    if (failed == 0) stats.acked(request.sent_ns, now_ns, item.records);
    if (matcher) matcher->produced(item.partition, base_offset, item.records, [&](uint32_t) { return request.sent_ns; }, stats);
    return;
  }
  auto& partition = producer_.partitions_[item.partition];
  auto first = partition.intended_ns.begin();
  if (failed == 0)
    for (uint32_t i = 0; i < item.records; i++) stats.acked(first[i], now_ns);
  if (matcher) matcher->produced(item.partition, base_offset, item.records, [&](uint32_t i) { return first[i]; }, stats);
  partition.intended_ns.erase(first, first + item.records);
  partition.sent -= item.records;
}

}  // namespace bench
