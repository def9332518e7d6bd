// What a producer or consumer is to the worker thread that runs it.
#pragma once
#include <atomic>
#include <cstdint>

#include "cluster.h"
#include "matcher.h"
#include "payload.h"
#include "settings.h"
#include "stats.h"

namespace bench {

/** Shared by all clients of a run; fixed before the threads start, but for the two counters. */
struct Run {
  const Settings& settings;
  const Cluster& cluster;
  const Payload* payload;  // null without producers
  Matcher* matcher;        // null unless end to end
  std::atomic<uint64_t> records_left;          // of Settings::records_max
  std::atomic<uint64_t> consume_records_left;  // of Settings::consume_records_max
};

/** One connection of a client to one broker, as epoll knows it. */
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual int fd() const = 0;
  /** False when the connection is lost. */
  virtual bool on_readable(int64_t now_ns) = 0;
  virtual bool on_writable() = 0;
  virtual bool wants_write() const = 0;
  virtual void on_lost(int64_t now_ns) = 0;
  /** Tries to connect again; blocks shortly. */
  virtual bool revive(int64_t now_ns) = 0;
  /** Does what can be done now; false when the connection is lost. */
  virtual bool pump(int64_t now_ns) = 0;

  bool lost = false;
  bool armed_for_write = false;
};

}  // namespace bench
