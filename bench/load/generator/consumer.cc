// Fetch requests and what comes back; see consumer.h.
#include "consumer.h"

#include <algorithm>

#include "../../native/clock.h"
#include "../../native/crc32c.h"
#include "wire.h"

namespace bench {
namespace {

constexpr int FLEXIBLE_VERSION = 12;
constexpr int64_t RETRY_NS = 100'000'000, REVIVE_NS_MAX = 1'000'000'000;
constexpr int16_t OFFSET_OUT_OF_RANGE = 1, SESSION_ID_NOT_FOUND = 70, INVALID_SESSION_EPOCH = 71;
constexpr int16_t CORRUPT_MESSAGE = 2;

}  // namespace

Consumer::Consumer(Run& run, Stats& stats, size_t reader, const std::vector<uint32_t>& partitions)
    : run_(run), stats_(stats), reader_(reader) {
  std::vector<ConsumerLink*> by_broker(run.cluster.brokers.size());
  for (uint32_t partition : partitions) {
    uint32_t broker = run.cluster.partitions[partition].broker;
    if (by_broker[broker] == nullptr) {
      links_.push_back(std::make_unique<ConsumerLink>(*this, broker));
      by_broker[broker] = links_.back().get();
    }
    by_broker[broker]->places_.push_back({.partition = partition});
  }
}

bool Consumer::connect(std::string& error) {
  const Settings& settings = run_.settings;
  int64_t deadline_ns = now_ns() + settings.connect_ns;
  std::vector<int64_t> first(run_.cluster.partitions.size()), end(run_.cluster.partitions.size());
  for (auto& link : links_) {
    if (!link->connect(deadline_ns, error)) return false;
    std::vector<uint32_t> own;
    for (auto& place : link->places_) own.push_back(place.partition);
    auto list = [&](int64_t which, std::vector<int64_t>& to) {
      return list_offsets(*link->connection_, settings, run_.cluster, own, which, deadline_ns, to, error);
    };
    if (!list(settings.from_earliest ? OFFSET_EARLIEST : OFFSET_LATEST, first)) return false;
    if (settings.to_end && !list(OFFSET_LATEST, end)) return false;
    for (auto& place : link->places_) {
      place.position = first[place.partition];
      if (settings.to_end) place.end = end[place.partition];
    }
  }
  return true;
}

bool Consumer::done() const {
  return std::all_of(links_.begin(), links_.end(), [](auto& link) { return link->done(); });
}

bool ConsumerLink::connect(int64_t deadline_ns, std::string& error) {
  auto& broker = consumer_.run_.cluster.brokers[broker_];
  connection_ = Connection::open(broker.host, broker.port, consumer_.run_.settings.tls, deadline_ns, error);
  std::map<int16_t, std::pair<int16_t, int16_t>> versions;
  if (connection_ && greet(*connection_, deadline_ns, versions, error)) return true;
  connection_.reset();
  return false;
}

bool ConsumerLink::done() const {
  if (!consumer_.run_.settings.to_end) return false;
  return std::all_of(places_.begin(), places_.end(), [](auto& place) { return place.position >= place.end; });
}

void ConsumerLink::on_lost(int64_t) {
  connection_.reset();
  consumer_.stats_.disconnected();
  asked_ = false;
  session_id_ = session_epoch_ = 0;
}

bool ConsumerLink::revive(int64_t now_ns) {
  std::string error;
  return connect(now_ns + REVIVE_NS_MAX, error);
}

bool ConsumerLink::pump(int64_t now_ns) {
  if (lost || asked_ || now_ns < retry_at_ns_ || done()) return true;
  Run& run = consumer_.run_;
  if (run.settings.consume_records_max > 0 && run.consume_records_left == 0) return true;
  send_fetch(now_ns);
  return connection_->flush();
}

void ConsumerLink::send_fetch(int64_t now_ns) {
  Run& run = consumer_.run_;
  const Settings& settings = run.settings;
  int version = run.cluster.fetch_version;
  bool flexible = version >= FLEXIBLE_VERSION;
  std::string& out = connection_->out();
  size_t frame_at = out.size();
  correlation_id_ = connection_->next_correlation_id();
  begin_frame(out, FETCH, version, correlation_id_, flexible);
  Writer writer(out, flexible);
  writer.i32(-1);  // not a replica
  writer.i32(settings.fetch_wait_max_ms);
  writer.i32(settings.fetch_bytes_min);
  writer.i32(settings.fetch_bytes_max);
  writer.i8(0);  // read uncommitted
  writer.i32(session_id_);
  writer.i32(settings.fetch_sessions ? session_epoch_ : -1);
  bool all = session_epoch_ == 0;
  auto listed = [&](const Place& place) { return all || place.changed; };
  size_t topics = 0;
  for (size_t i = 0, last = SIZE_MAX; i < places_.size(); i++) {
    if (!listed(places_[i])) continue;
    uint32_t topic = run.cluster.partitions[places_[i].partition].topic;
    topics += last != topic;
    last = topic;
  }
  writer.array(topics);
  for (size_t i = 0; i < places_.size();) {
    uint32_t topic = run.cluster.partitions[places_[i].partition].topic;
    size_t end = i, count = 0;
    for (; end < places_.size() && run.cluster.partitions[places_[end].partition].topic == topic; end++) count += listed(places_[end]);
    if (count > 0) {
      writer.string(settings.topics[topic]);
      writer.array(count);
    }
    for (; i < end; i++) {
      Place& place = places_[i];
      if (!listed(place)) continue;
      writer.i32(run.cluster.partitions[place.partition].id);
      writer.i32(-1);  // current leader epoch
      writer.i64(place.position);
      if (flexible) writer.i32(-1);  // last fetched epoch
      writer.i64(-1);                // log start offset: of followers
      writer.i32(settings.partition_bytes_max);
      writer.no_tags();
      place.changed = false;
    }
    if (count > 0) writer.no_tags();
  }
  writer.array(0);  // forgotten topics
  writer.string("");
  writer.no_tags();
  finish_frame(out.data() + frame_at, out.size() - frame_at);
  asked_ = true;
  asked_at_ns_ = now_ns;
  retry_at_ns_ = 0;
}

bool ConsumerLink::on_readable(int64_t now_ns) {
  bool sound = true;
  bool alive = connection_->receive([&](const char* frame, size_t length) { sound = sound && on_frame(frame, length, now_ns); });
  return alive && sound;
}

bool ConsumerLink::on_frame(const char* frame, size_t length, int64_t now_ns) {
  Reader in(frame, length, consumer_.run_.cluster.fetch_version >= FLEXIBLE_VERSION);
  if (!asked_ || in.i32() != correlation_id_) return false;
  asked_ = false;
  in.tags();
  in.i32();  // throttle time
  int16_t failed = in.i16();
  int32_t session_id = in.i32();
  if (failed != 0) {
    if (failed != SESSION_ID_NOT_FOUND && failed != INVALID_SESSION_EPOCH) retry_at_ns_ = now_ns + RETRY_NS;
    consumer_.stats_.failed(failed, 0);
    session_id_ = session_epoch_ = 0;
    return pump(now_ns);
  }
  session_id_ = session_id;
  session_epoch_ = session_id == 0 ? 0 : session_epoch_ + 1;
  arrived_.clear();
  for (uint32_t topics = in.array(); topics > 0; topics--) {
    std::string_view topic = in.string();
    for (uint32_t partitions = in.array(); partitions > 0; partitions--) {
      int32_t id = in.i32();
      int16_t partition_failed = in.i16();
      in.i64();
      in.i64();
      int64_t log_start = in.i64();
      for (uint32_t aborted = in.array(); aborted > 0; aborted--) {
        in.i64();
        in.i64();
        in.tags();
      }
      in.i32();
      std::string_view records = in.bytes();
      in.tags();
      Place* place = find(topic, id);
      if (in.bad() || place == nullptr) return false;
      on_partition_answer(*place, partition_failed, log_start, records, now_ns);
    }
    in.tags();
  }
  if (in.bad()) return false;
  consumer_.stats_.fetched(asked_at_ns_, now_ns);
  consumer_.stats_.count([](Counters& c) { c.fetches++; });
  bool alive = pump(now_ns);
  check_sums();
  return alive;
}

ConsumerLink::Place* ConsumerLink::find(std::string_view topic, int32_t id) {
  Run& run = consumer_.run_;
  for (size_t i = 0; i < places_.size(); i++) {
    Place& place = places_[next_];
    next_ = (next_ + 1) % places_.size();
    auto& where = run.cluster.partitions[place.partition];
    if (where.id == id && run.settings.topics[where.topic] == topic) return &place;
  }
  return nullptr;
}

void ConsumerLink::on_partition_answer(Place& place, int16_t failed, int64_t log_start, std::string_view records, int64_t now_ns) {
  if (failed != 0) {
    consumer_.stats_.failed(failed, 0);
    if (failed == OFFSET_OUT_OF_RANGE && log_start >= 0) place.position = std::max(place.position, log_start);
    place.changed = true;
    retry_at_ns_ = now_ns + RETRY_NS;
    return;
  }
  int64_t before = place.position;
  uint64_t count = 0, bytes = 0;
  while (records.size() >= BATCH_HEADER_BYTES) {
    int64_t base_offset = load_big_endian<int64_t>(records.data());
    int64_t length = int64_t(load_big_endian<int32_t>(records.data() + 8)) + 12;
    if (length < int64_t(BATCH_HEADER_BYTES) || length > int64_t(records.size())) break;  // the rest comes next time
    int64_t next = base_offset + load_big_endian<int32_t>(records.data() + 23) + 1;
    if (next > place.position) {
      int64_t in_batch = load_big_endian<int32_t>(records.data() + 57);
      count += uint64_t(std::min(in_batch, next - place.position));
      place.position = next;
    }
    bytes += uint64_t(length);
    arrived_.push_back(records.substr(0, size_t(length)));
    records.remove_prefix(size_t(length));
  }
  if (place.position == before) return;
  place.changed = true;
  Run& run = consumer_.run_;
  consumer_.stats_.count([&](Counters& c) { c.consumed_records += count, c.consumed_bytes += bytes; });
  if (run.settings.consume_records_max > 0) {
    uint64_t left = run.consume_records_left.load();
    while (!run.consume_records_left.compare_exchange_weak(left, left - std::min(left, count))) {
    }
  }
  if (run.matcher != nullptr) run.matcher->arrived(place.partition, consumer_.reader_, place.position, now_ns, consumer_.stats_);
}

void ConsumerLink::check_sums() {
  if (!consumer_.run_.settings.check_crc) return;
  for (std::string_view batch : arrived_) {
    uint32_t told = load_big_endian<uint32_t>(batch.data() + 17);
    if (crc32c(batch.data() + 21, batch.size() - 21) != told) consumer_.stats_.failed(CORRUPT_MESSAGE, uint64_t(load_big_endian<int32_t>(batch.data() + 57)));
  }
}

}  // namespace bench
