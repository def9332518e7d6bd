// The set-up calls, each in an old non-flexible version that every broker still speaks.
#include "cluster.h"

#include <algorithm>
#include <thread>

#include "../../native/clock.h"
#include "wire.h"

namespace bench {
namespace {

constexpr int METADATA_VERSION = 4, LIST_OFFSETS_VERSION = 1, INIT_PRODUCER_ID_VERSION = 0;
constexpr int PRODUCE_VERSION_MIN = 7, FETCH_VERSION_MIN = 11;

/** Calls and checks the correlation id; `reader` then stands behind the header. */
bool ask(Connection& connection, size_t frame_at, int32_t id, int64_t deadline_ns, std::string& response, std::string& error) {
  std::string& out = connection.out();
  finish_frame(out.data() + frame_at, out.size() - frame_at);
  if (!connection.call(response, deadline_ns, error)) return false;
  if (response.size() < 4 || load_big_endian<int32_t>(response.data()) != id) {
    error = "an answer to another request";
    return false;
  }
  return true;
}

Reader body(const std::string& response) { return Reader(response.data() + 4, response.size() - 4, false); }

bool choose(const std::map<int16_t, std::pair<int16_t, int16_t>>& offered, ApiKey api, int lowest, int highest, int& version) {
  auto found = offered.find(api);
  if (found == offered.end()) return false;
  version = std::min<int>(found->second.second, highest);
  return version >= lowest && version >= found->second.first;
}

bool read_metadata(const std::string& response, const Settings& settings, Cluster& cluster, std::string& error) {
  Reader in = body(response);
  in.i32();  // throttle time
  for (uint32_t n = in.array(); n > 0; n--) {
    Broker broker;
    broker.id = in.i32();
    broker.host = in.string();
    broker.port = in.i32();
    in.string();
    cluster.brokers.push_back(broker);
  }
  in.string();
  in.i32();
  for (uint32_t n = in.array(); n > 0; n--) {
    int16_t failed = in.i16();
    std::string name(in.string());
    in.i8();
    auto topic = std::find(settings.topics.begin(), settings.topics.end(), name);
    for (uint32_t m = in.array(); m > 0; m--) {
      PartitionPlace place{uint32_t(topic - settings.topics.begin()), 0, 0};
      in.i16();
      place.id = in.i32();
      int32_t leader = in.i32();
      for (uint32_t replicas = in.array(); replicas > 0; replicas--) in.i32();
      for (uint32_t in_sync = in.array(); in_sync > 0; in_sync--) in.i32();
      auto broker = std::find_if(cluster.brokers.begin(), cluster.brokers.end(), [&](auto& b) { return b.id == leader; });
      if (broker == cluster.brokers.end()) {
        error = "partition " + name + "-" + std::to_string(place.id) + " has no leader";
        return false;
      }
      place.broker = uint32_t(broker - cluster.brokers.begin());
      cluster.partitions.push_back(place);
    }
    if (failed != 0 || topic == settings.topics.end()) {
      error = "topic " + name + ": error code " + std::to_string(failed);
      return false;
    }
  }
  if (in.bad() || cluster.partitions.empty()) error = "a metadata answer that cannot be read";
  return !in.bad() && !cluster.partitions.empty();
}

/** For a coordinator that loads, a leader that was just elected: what clients try again. */
bool passing(int16_t code) {
  constexpr int16_t codes[] = {3, 5, 6, 14, 15, 16, 41};
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

/** True when there is time for another try, after a short wait. */
bool try_again(int16_t code, int64_t deadline_ns) {
  if (!passing(code) || now_ns() > deadline_ns) return false;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return true;
}

}  // namespace

bool greet(Connection& connection, int64_t deadline_ns, std::map<int16_t, std::pair<int16_t, int16_t>>& versions, std::string& error) {
  std::string response;
  int32_t id = connection.next_correlation_id();
  size_t at = connection.out().size();
  begin_frame(connection.out(), API_VERSIONS, 0, id, false);
  if (!ask(connection, at, id, deadline_ns, response, error)) return false;
  Reader in = body(response);
  if (int16_t failed = in.i16(); failed != 0) {
    error = "ApiVersions: error code " + std::to_string(failed);
    return false;
  }
  for (uint32_t n = in.array(); n > 0; n--) {
    int16_t api = in.i16(), lowest = in.i16();
    versions[api] = {lowest, in.i16()};
  }
  return !in.bad();
}

bool discover(const Settings& settings, Cluster& cluster, std::string& error) {
  int64_t deadline_ns = now_ns() + settings.connect_ns;
  auto connection = Connection::open(settings.host, settings.port, settings.tls, deadline_ns, error);
  std::map<int16_t, std::pair<int16_t, int16_t>> offered;
  if (!connection || !greet(*connection, deadline_ns, offered, error)) return false;
  if (!choose(offered, PRODUCE, PRODUCE_VERSION_MIN, settings.produce_version_max, cluster.produce_version) ||
      !choose(offered, FETCH, FETCH_VERSION_MIN, settings.fetch_version_max, cluster.fetch_version)) {
    error = "the broker offers neither Produce v7 nor Fetch v11, or later";
    return false;
  }
  std::string response;
  int32_t id = connection->next_correlation_id();
  size_t at = connection->out().size();
  begin_frame(connection->out(), METADATA, METADATA_VERSION, id, false);
  Writer out(connection->out(), false);
  out.array(settings.topics.size());
  for (auto& topic : settings.topics) out.string(topic);
  out.i8(0);  // do not create
  if (!ask(*connection, at, id, deadline_ns, response, error) || !read_metadata(response, settings, cluster, error)) return false;
  std::sort(cluster.partitions.begin(), cluster.partitions.end(),
            [](auto& a, auto& b) { return a.topic != b.topic ? a.topic < b.topic : a.id < b.id; });
  return true;
}

bool init_producer_id(Connection& connection, int64_t deadline_ns, BatchIdentity& identity, std::string& error) {
  std::string response;
  int32_t id = connection.next_correlation_id();
  size_t at = connection.out().size();
  begin_frame(connection.out(), INIT_PRODUCER_ID, INIT_PRODUCER_ID_VERSION, id, false);
  Writer out(connection.out(), false);
  out.null_string();
  out.i32(60'000);
  if (!ask(connection, at, id, deadline_ns, response, error)) return false;
  Reader in = body(response);
  in.i32();
  int16_t failed = in.i16();
  identity.producer_id = in.i64();
  identity.producer_epoch = in.i16();
  identity.base_sequence = 0;
  if (try_again(failed, deadline_ns)) return init_producer_id(connection, deadline_ns, identity, error);
  if (failed != 0 || in.bad()) error = "InitProducerId: error code " + std::to_string(failed);
  return failed == 0 && !in.bad();
}

bool list_offsets(Connection& connection, const Settings& settings, const Cluster& cluster, const std::vector<uint32_t>& partitions,
                  int64_t which, int64_t deadline_ns, std::vector<int64_t>& offsets, std::string& error) {
  std::string response;
  int32_t id = connection.next_correlation_id();
  size_t at = connection.out().size();
  begin_frame(connection.out(), LIST_OFFSETS, LIST_OFFSETS_VERSION, id, false);
  Writer out(connection.out(), false);
  out.i32(-1);
  std::map<uint32_t, std::vector<int32_t>> by_topic;
  for (uint32_t index : partitions) by_topic[cluster.partitions[index].topic].push_back(cluster.partitions[index].id);
  out.array(by_topic.size());
  for (auto& [topic, ids] : by_topic) {
    out.string(settings.topics[topic]);
    out.array(ids.size());
    for (int32_t partition : ids) {
      out.i32(partition);
      out.i64(which);
    }
  }
  if (!ask(connection, at, id, deadline_ns, response, error)) return false;
  error.clear();
  Reader in = body(response);
  std::map<std::pair<std::string, int32_t>, int64_t> found;
  int16_t struck = 0;
  for (uint32_t n = in.array(); n > 0; n--) {
    std::string topic(in.string());
    for (uint32_t m = in.array(); m > 0; m--) {
      int32_t partition = in.i32();
      int16_t failed = in.i16();
      in.i64();
      found[{topic, partition}] = in.i64();
      if (failed != 0) struck = failed;
    }
  }
  if (try_again(struck, deadline_ns)) return list_offsets(connection, settings, cluster, partitions, which, deadline_ns, offsets, error);
  if (struck != 0) error = "ListOffsets: error code " + std::to_string(struck);
  for (uint32_t index : partitions) {
    auto& place = cluster.partitions[index];
    auto one = found.find({settings.topics[place.topic], place.id});
    if (one == found.end()) error = "ListOffsets: a partition is missing in the answer";
    else offsets[index] = one->second;
  }
  if (in.bad()) error = "ListOffsets: an answer that cannot be read";
  return error.empty();
}

}  // namespace bench
