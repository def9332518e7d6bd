// The load generator: settings come as lines on standard input, results go out as JSON lines. The main thread connects
// everything, starts the worker threads, and then only samples the broker's processes and prints each second's figures.
#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <memory>
#include <thread>

#include "../../native/clock.h"
#include "../../native/json-line.h"
#include "processes.h"
#include "worker.h"

namespace bench {
namespace {

constexpr int64_t POLL_NS = 20'000'000;       // how soon the end of bounded work is seen
constexpr int64_t START_DELAY_NS = 2'000'000;  // so that all threads are there when the first record is due

[[noreturn]] void fail(const std::string& error) {
  JsonLine("error").field("message", error).print();
  exit(1);
}

void raise_descriptor_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::vector<std::unique_ptr<Connection>> open_idle(const Settings& settings) {
  std::vector<std::unique_ptr<Connection>> idle;
  std::string error;
  ProcessUse before = read_processes(settings.pids);
  int64_t from_ns = now_ns();
  for (int i = 0; i < settings.idle_connections; i++) {
    int64_t deadline_ns = now_ns() + settings.connect_ns;
    auto connection = Connection::open(settings.host, settings.port, settings.tls, deadline_ns, error);
    std::map<int16_t, std::pair<int16_t, int16_t>> versions;
    if (!connection || !greet(*connection, deadline_ns, versions, error)) fail("idle connection " + std::to_string(i) + ": " + error);
    connection->release_buffers();
    idle.push_back(std::move(connection));
  }
  if (idle.empty()) return idle;
  ProcessUse after = read_processes(settings.pids);
  JsonLine("idleConnections")
      .field("count", idle.size())
      .field("openNs", now_ns() - from_ns)
      .field("brokerCpuNs", after.cpu_ns - before.cpu_ns)
      .field("residentBytesBefore", before.resident_bytes)
      .field("residentBytesAfter", after.resident_bytes)
      .print();
  return idle;
}

void print_interval(size_t index, const Timeline& timeline, const Interval& interval) {
  JsonLine("interval")
      .field("index", index)
      .field("stage", timeline.stage_at(timeline.start_ns() + int64_t(index) * INTERVAL_NS))
      .field("sentRecords", interval.counters.sent_records)
      .field("ackedRecords", interval.counters.acked_records)
      .field("failedRecords", interval.counters.failed_records)
      .field("consumedRecords", interval.counters.consumed_records)
      .field("ackedBytes", interval.counters.acked_bytes)
      .field("consumedBytes", interval.counters.consumed_bytes)
      .field("backlogRecords", interval.backlog_records)
      .field("ackP50Ns", interval.ack.percentile(50))
      .field("ackP99Ns", interval.ack.percentile(99))
      .field("ackMaxNs", interval.ack.max())
      .field("endToEndP50Ns", interval.end_to_end.percentile(50))
      .field("endToEndP99Ns", interval.end_to_end.percentile(99))
      .field("endToEndMaxNs", interval.end_to_end.max())
      .print();
}

void print_sample(const char* what, int stage, const Timeline& timeline, const Settings& settings) {
  ProcessUse use = read_processes(settings.pids);
  JsonLine("sample")
      .field("what", what)
      .field("stage", stage)
      .field("atNs", now_ns() - timeline.start_ns())
      .field("brokerCpuNs", use.cpu_ns)
      .field("brokerResidentBytes", use.resident_bytes)
      .field("brokerAnonymousBytes", use.anonymous_bytes)
      .field("generatorCpuNs", process_cpu_ns())
      .print();
}

/** Samples at each second and each edge of a stage until every worker is over; then tells them all to stop. */
void observe(const Run& run, const Timeline& timeline, std::vector<std::unique_ptr<Worker>>& workers, std::atomic<bool>& stop) {
  auto all_over = [&] { return std::all_of(workers.begin(), workers.end(), [](auto& worker) { return worker->over(); }); };
  size_t intervals = 0;
  int64_t next_tick_ns = timeline.start_ns();
  int next_edge = 0;  // 2 * stage for its start, 2 * stage + 1 for its end
  int edges = timeline.stages() * 2;
  auto edge_ns = [&](int edge) { return edge % 2 == 0 ? timeline.stage_start_ns(edge / 2) : timeline.stage_end_ns(edge / 2); };
  while (!all_over()) {
    int64_t now = now_ns();
    for (; next_edge < edges && now >= edge_ns(next_edge); next_edge++)
      print_sample(next_edge % 2 == 0 ? "stageStart" : "stageEnd", next_edge / 2, timeline, run.settings);
    for (; now >= next_tick_ns; next_tick_ns += INTERVAL_NS) print_sample("tick", timeline.stage_at(now), timeline, run.settings);
    for (Interval sum; std::all_of(workers.begin(), workers.end(), [&](auto& w) { return w->stats().closed_intervals() > intervals; }); sum = {}) {
      for (auto& worker : workers) worker->stats().take_interval(intervals, sum);
      print_interval(intervals++, timeline, sum);
    }
    int64_t wake = std::min({now_ns() + POLL_NS, next_tick_ns, next_edge < edges ? edge_ns(next_edge) : INT64_MAX});
    if (int64_t left = wake - now_ns(); left > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(left));
  }
  for (; next_edge < edges; next_edge++)  // bounded work may end before its time
    print_sample(next_edge % 2 == 0 ? "stageStart" : "stageEnd", next_edge / 2, timeline, run.settings);
  stop = true;
}

void print_stage(int stage, const Timeline& timeline, const Settings& settings, const std::vector<std::unique_ptr<Worker>>& workers) {
  Counters counters;
  Latencies latencies;
  int64_t done_at_ns = 0;
  for (auto& worker : workers) {
    counters.add(worker->stats().counters()[size_t(stage)]);
    latencies.add(worker->stats().latencies()[size_t(stage)]);
    done_at_ns = std::max(done_at_ns, worker->done_at_ns());
  }
  int64_t end_ns = timeline.stage_end_ns(stage);
  if (done_at_ns > 0) end_ns = std::clamp(done_at_ns, timeline.stage_start_ns(stage), end_ns);
  JsonLine("stage")
      .field("stage", stage)
      .field("rate", settings.stages[size_t(stage)].rate)
      .field("elapsedNs", end_ns - timeline.stage_start_ns(stage))
      .field("sentRecords", counters.sent_records)
      .field("ackedRecords", counters.acked_records)
      .field("failedRecords", counters.failed_records)
      .field("consumedRecords", counters.consumed_records)
      .field("requests", counters.requests)
      .field("fetches", counters.fetches)
      .field("sentBytes", counters.sent_bytes)
      .field("ackedBytes", counters.acked_bytes)
      .field("consumedBytes", counters.consumed_bytes)
      .raw("ack", latencies.ack.json())
      .raw("endToEnd", latencies.end_to_end.json())
      .raw("fetch", latencies.fetch.json())
      .raw("late", latencies.late.json())
      .print();
}

void print_end(const Settings& settings, const std::vector<std::unique_ptr<Worker>>& workers, Run& run) {
  std::map<int16_t, uint64_t> errors;
  uint64_t disconnects = 0, unanswered = 0;
  bool overrun = false;
  for (auto& worker : workers) {
    for (auto& [code, count] : worker->stats().errors()) errors[code] += count;
    disconnects += worker->stats().disconnects();
    unanswered += worker->stats().unanswered_records();
    overrun = overrun || worker->overrun();
  }
  std::string list = "{";
  for (auto& [code, count] : errors) list += (list.size() > 1 ? ",\"" : "\"") + std::to_string(code) + "\":" + std::to_string(count);
  JsonLine("end")
      .raw("errors", list + "}")
      .field("disconnects", disconnects)
      .field("unansweredRecords", unanswered)
      .field("unseenRecords", run.matcher ? run.matcher->waiting_records() : 0)
      .field("overrun", int(overrun))
      .field("produceVersion", run.cluster.produce_version)
      .field("fetchVersion", run.cluster.fetch_version)
      .field("threads", settings.threads)
      .print();
}

}  // namespace
}  // namespace bench

int main() {
  using namespace bench;
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // no load without somebody who waits for the result
  raise_descriptor_limit();
  Settings settings = read_settings();
  Cluster cluster;
  std::string error;
  if (!discover(settings, cluster, error)) fail(error);
  std::unique_ptr<Payload> payload;
  if (settings.producers > 0) payload = std::make_unique<Payload>(settings.payload_path, settings.batch_records_max);
  if (payload && payload->partition_count() != cluster.partitions.size()) fail("the payload is for another number of partitions");
  std::unique_ptr<Matcher> matcher;
  if (settings.end_to_end)
    matcher = std::make_unique<Matcher>(cluster.partitions.size(), settings.share == Share::SPLIT ? 1 : size_t(settings.consumers));
  Run run{settings, cluster, payload.get(), matcher.get(), settings.records_max, settings.consume_records_max};
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < settings.threads; i++) {
    workers.push_back(std::make_unique<Worker>(run, i));
    if (!workers.back()->prepare(error)) fail(error);
  }
  auto idle = open_idle(settings);
  Timeline timeline(settings, now_ns() + START_DELAY_NS);
  for (auto& worker : workers) worker->begin(timeline);
  JsonLine("start").field("wallMs", wall_ms()).field("partitions", cluster.partitions.size()).field("brokers", cluster.brokers.size()).print();
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (auto& worker : workers) threads.emplace_back([&] { worker->run(stop); });
  observe(run, timeline, workers, stop);
  for (auto& thread : threads) thread.join();
  for (int stage = 0; stage < timeline.stages(); stage++) print_stage(stage, timeline, settings, workers);
  print_end(settings, workers, run);
  return 0;
}
