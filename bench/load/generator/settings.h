// What one run of the load generator does. Read from `name=value` lines on standard input; bench/load/settings.ts is the
// only writer and documents each name.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/** A stretch of the run with one rate; each is counted apart. */
struct Stage {
  double rate = 0;  // records per second over all producers; 0: closed loop, as fast as answers come
  int64_t duration_ns = 0;
};

enum class Partitioner { STICKY, ROUND_ROBIN, KEY };
enum class Share { ALL, SPLIT };  // every consumer reads every partition, or they divide them

struct Settings {
  std::string host = "127.0.0.1";
  int port = 9092;
  bool tls = false;
  std::vector<std::string> topics;
  std::string payload_path;
  int threads = 1;
  int64_t warm_up_ns = 0, drain_ns = 5'000'000'000, connect_ns = 10'000'000'000;
  std::vector<Stage> stages;
  std::vector<int> pids;  // of the broker, for its CPU time and memory

  int producers = 1;
  int acks = -1;
  bool idempotent = false;
  int in_flight = 5;
  int64_t linger_ns = 0;
  uint32_t batch_records_max = 1;
  uint32_t request_bytes_max = 1 << 20;
  uint32_t batches_per_request = 1;  // closed loop only
  Partitioner partitioner = Partitioner::STICKY;
  uint64_t records_max = 0;  // produced; 0: until the time is over
  uint64_t backlog_records_max = 20'000'000;
  int64_t request_timeout_ms = 30'000;
  int produce_version_max = 12, fetch_version_max = 12;

  int consumers = 0;
  Share share = Share::ALL;
  bool from_earliest = false;
  bool to_end = false;  // the run is over when every consumer has read what was there at the start
  bool check_crc = true;
  bool end_to_end = false;
  bool fetch_sessions = true;
  int fetch_wait_max_ms = 500, fetch_bytes_min = 1, fetch_bytes_max = 50 << 20, partition_bytes_max = 1 << 20;
  uint64_t consume_records_max = 0;

  int idle_connections = 0;
};

/** Exits with a message for an unknown name or a value that cannot be. */
Settings read_settings();

}  // namespace bench
