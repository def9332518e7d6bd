// Reads the settings; every name stands once in the table below.
#include "settings.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>

namespace bench {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  fprintf(stderr, "load: %s\n", what.c_str());
  exit(2);
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, by);)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

int64_t ns_of_ms(const std::string& ms) { return int64_t(atof(ms.c_str()) * 1e6); }

using Setter = std::function<void(const std::string&)>;

template <typename T>
Setter number(T& to) {
  return [&to](const std::string& v) { to = T(strtoll(v.c_str(), nullptr, 10)); };
}
Setter milliseconds(int64_t& to) {
  return [&to](const std::string& v) { to = ns_of_ms(v); };
}
Setter flag(bool& to) {
  return [&to](const std::string& v) { to = v == "true" || v == "1"; };
}

std::map<std::string, Setter> setters(Settings& s) {
  return {
      {"host", [&](auto& v) { s.host = v; }},
      {"port", number(s.port)},
      {"tls", flag(s.tls)},
      {"topics", [&](auto& v) { s.topics = split(v, ','); }},
      {"payload", [&](auto& v) { s.payload_path = v; }},
      {"threads", number(s.threads)},
      {"warmUpMs", milliseconds(s.warm_up_ns)},
      {"drainMs", milliseconds(s.drain_ns)},
      {"connectMs", milliseconds(s.connect_ns)},
      {"stages",
       [&](auto& v) {
         for (auto& stage : split(v, ',')) {
           auto colon = stage.find(':');
           if (colon == std::string::npos) refuse("a stage is RATE:MILLISECONDS, not " + stage);
           s.stages.push_back({atof(stage.c_str()), ns_of_ms(stage.substr(colon + 1))});
         }
       }},
      {"pids", [&](auto& v) { for (auto& pid : split(v, ',')) s.pids.push_back(atoi(pid.c_str())); }},
      {"producers", number(s.producers)},
      {"acks", number(s.acks)},
      {"idempotent", flag(s.idempotent)},
      {"inFlight", number(s.in_flight)},
      {"lingerMs", milliseconds(s.linger_ns)},
      {"batchRecordsMax", number(s.batch_records_max)},
      {"requestBytesMax", number(s.request_bytes_max)},
      {"batchesPerRequest", number(s.batches_per_request)},
      {"partitioner",
       [&](auto& v) {
         s.partitioner = v == "key" ? Partitioner::KEY : v == "round-robin" ? Partitioner::ROUND_ROBIN : Partitioner::STICKY;
       }},
      {"recordsMax", number(s.records_max)},
      {"backlogRecordsMax", number(s.backlog_records_max)},
      {"requestTimeoutMs", number(s.request_timeout_ms)},
      {"produceVersionMax", number(s.produce_version_max)},
      {"fetchVersionMax", number(s.fetch_version_max)},
      {"consumers", number(s.consumers)},
      {"share", [&](auto& v) { s.share = v == "split" ? Share::SPLIT : Share::ALL; }},
      {"fromEarliest", flag(s.from_earliest)},
      {"toEnd", flag(s.to_end)},
      {"checkCrc", flag(s.check_crc)},
      {"endToEnd", flag(s.end_to_end)},
      {"fetchSessions", flag(s.fetch_sessions)},
      {"fetchWaitMaxMs", number(s.fetch_wait_max_ms)},
      {"fetchBytesMin", number(s.fetch_bytes_min)},
      {"fetchBytesMax", number(s.fetch_bytes_max)},
      {"partitionBytesMax", number(s.partition_bytes_max)},
      {"consumeRecordsMax", number(s.consume_records_max)},
      {"idleConnections", number(s.idle_connections)},
  };
}

void check(const Settings& s) {
  if (s.topics.empty()) refuse("no topics given");
  if (s.stages.empty()) refuse("no stages given");
  for (auto& stage : s.stages)
    if ((stage.rate == 0) != (s.stages[0].rate == 0)) refuse("open and closed loop do not mix in one run");
  if (s.threads < 1 || s.threads > 64) refuse("threads must be 1 to 64");
  if (s.producers < 0 || s.consumers < 0 || s.idle_connections < 0) refuse("negative number of clients");
  if (s.producers > 0 && s.payload_path.empty()) refuse("producers need a payload");
  if (s.acks < -1 || s.acks > 1) refuse("acks must be -1, 0 or 1");
  if (s.acks == 0 && (s.end_to_end || s.idempotent)) refuse("acks=0 has no offsets: neither end to end nor idempotent");
  if (s.in_flight < 1 || s.in_flight > 1000) refuse("inFlight must be 1 to 1000");
  if (s.batch_records_max < 1 || s.batches_per_request < 1) refuse("a batch and a request hold at least one");
}

}  // namespace

Settings read_settings() {
  Settings settings;
  auto table = setters(settings);
  for (std::string line; std::getline(std::cin, line) && line != "end";) {
    auto equals = line.find('=');
    if (equals == std::string::npos) continue;
    auto found = table.find(line.substr(0, equals));
    if (found == table.end()) refuse("unknown setting " + line.substr(0, equals));
    found->second(line.substr(equals + 1));
  }
  check(settings);
  return settings;
}

}  // namespace bench
