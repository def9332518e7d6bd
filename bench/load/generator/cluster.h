// What the generator must know of the brokers before it starts: API versions, who leads what, producer ids, offsets.
// All calls block until a deadline; used during set-up and after a lost connection.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connection.h"
#include "payload.h"
#include "settings.h"

namespace bench {

struct Broker {
  int32_t id;
  std::string host;
  int port;
};

/** Partitions of all topics in one list; its index is the "partition" everywhere else in the generator. */
struct PartitionPlace {
  uint32_t topic;  // index into Settings::topics
  int32_t id;
  uint32_t broker;  // index into Cluster::brokers
};

struct Cluster {
  std::vector<Broker> brokers;
  std::vector<PartitionPlace> partitions;
  int produce_version = 0, fetch_version = 0;
};

constexpr int64_t OFFSET_LATEST = -1, OFFSET_EARLIEST = -2;

/** False with `error` set when a broker does not answer, a topic is missing or has a partition without a leader. */
bool discover(const Settings& settings, Cluster& cluster, std::string& error);
bool init_producer_id(Connection& connection, int64_t deadline_ns, BatchIdentity& identity, std::string& error);
/** Fills `offsets` for those of `partitions` (indexes) that this connection's broker leads. */
bool list_offsets(Connection& connection, const Settings& settings, const Cluster& cluster, const std::vector<uint32_t>& partitions,
                  int64_t which, int64_t deadline_ns, std::vector<int64_t>& offsets, std::string& error);
/** One ApiVersions round trip, as every client does first. */
bool greet(Connection& connection, int64_t deadline_ns, std::map<int16_t, std::pair<int16_t, int16_t>>& versions, std::string& error);

}  // namespace bench
