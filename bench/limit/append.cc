// The limit of produce: one thread receives requests whole, sums each, appends it to a file and answers it. A request of
// several batches is appended to as many files, a piece to each, as batches of different partitions are. Nothing is
// gathered over requests, as a plain server has no reason to; one that gathers can pass this limit where they are small.
#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "../native/clock.h"
#include "../native/crc32c.h"
#include "../native/json-line.h"
#include "limits.h"
#include "socket.h"

namespace bench {
namespace {

constexpr int IN_FLIGHT = 5;
constexpr size_t ANSWER_BYTES = 48;                // about a produce response
constexpr size_t FILE_BYTES_MAX = size_t(1) << 30;  // a segment; the next one is a new file
constexpr size_t RESERVED_BYTES = 8 << 20;
constexpr size_t RECEIVE_BYTES = 128 << 10;

/** Keeps IN_FLIGHT requests under way until the time is over, then closes its side for writing. */
void run_client(int fd, size_t request_bytes, const std::atomic<bool>& over) {
  std::vector<char> request(request_bytes), answers(ANSWER_BYTES * IN_FLIGHT);
  for (size_t i = 0; i < request_bytes; i++) request[i] = char(i * 131 + (i >> 8));
  uint32_t length = uint32_t(request_bytes - 4);
  memcpy(request.data(), &length, 4);
  std::vector<char> several;
  if (request_bytes < 4096) for (int i = 0; i < IN_FLIGHT; i++) several.insert(several.end(), request.begin(), request.end());
  int under_way = 0;
  while (!over.load(std::memory_order_relaxed)) {
    if (!several.empty()) {
      size_t free = size_t(IN_FLIGHT - under_way);
      if (!send_all(fd, several.data(), free * request_bytes)) return;
      under_way = IN_FLIGHT;
    } else {
      for (; under_way < IN_FLIGHT; under_way++) if (!send_all(fd, request.data(), request_bytes)) return;
    }
    ssize_t n = recv(fd, answers.data(), answers.size(), 0);  // one or more whole answers, nearly always
    if (n <= 0) return;
    size_t odd = size_t(n) % ANSWER_BYTES;
    if (odd != 0 && !receive_all(fd, answers.data(), ANSWER_BYTES - odd)) return;
    under_way -= int((size_t(n) + ANSWER_BYTES - 1) / ANSWER_BYTES);
  }
  shutdown(fd, SHUT_WR);
  while (recv(fd, answers.data(), answers.size(), 0) > 0) {
  }
}

/** One request at a time, at the period's beginnings; returns how long all answers took. */
int64_t run_slow_client(int fd, size_t request_bytes, double period_us, const std::atomic<bool>& over) {
  std::vector<char> request(request_bytes), answer(ANSWER_BYTES);
  int64_t waited_ns = 0;
  auto next = std::chrono::steady_clock::now();
  while (!over.load(std::memory_order_relaxed)) {
    next += std::chrono::nanoseconds(int64_t(period_us * 1e3));
    std::this_thread::sleep_until(next);
    int64_t sent_ns = now_ns();
    if (!send_all(fd, request.data(), request_bytes) || !receive_all(fd, answer.data(), ANSWER_BYTES)) break;
    waited_ns += now_ns() - sent_ns;
  }
  shutdown(fd, SHUT_WR);
  return waited_ns;
}

/** Files stay open and whole until the end: freed pages would cost their first touch again. */
class Segments {
 public:
  explicit Segments(std::string directory) : directory_(std::move(directory)) { roll(); }
  Segments(Segments&&) = default;
  ~Segments() { for (int fd : files_) close(fd); }
  void sync() { if (fdatasync(files_.back()) != 0) die("fdatasync"); }
  void append(const char* bytes, size_t length) {
    if (at_ + length > FILE_BYTES_MAX) roll();
    if (at_ + length > reserved_ && fallocate(files_.back(), FALLOC_FL_KEEP_SIZE, off_t(at_), length + RESERVED_BYTES) == 0)
      reserved_ = at_ + length + RESERVED_BYTES;
    if (pwrite(files_.back(), bytes, length, off_t(at_)) != ssize_t(length)) die("pwrite");
    at_ += length;
  }

 private:
  void roll() {
    std::string path = directory_ + "/limit-" + std::to_string(getpid()) + ".segment";
    int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) die(path.c_str());
    unlink(path.c_str());
    files_.push_back(fd);
    at_ = reserved_ = 0;
  }
  std::string directory_;
  std::vector<int> files_;
  size_t at_ = 0;
  // Blocks are the file's up to here: cheaper than one by one.
  size_t reserved_ = 0;
};

uint64_t serve(int fd, size_t request_bytes, std::vector<Segments>& files, bool synced) {
  const size_t piece_bytes = request_bytes / files.size();
  size_t capacity = request_bytes > RECEIVE_BYTES ? request_bytes : RECEIVE_BYTES;
  std::vector<char> buffer(capacity);
  char answer[ANSWER_BYTES] = {};
  uint64_t requests = 0;
  size_t held = 0;
  for (;;) {
    ssize_t n = recv(fd, buffer.data() + held, capacity - held, 0);
    if (n <= 0) return requests;
    held += size_t(n);
    size_t whole = held / request_bytes, taken = whole * request_bytes;
    if (whole == 0) continue;
    for (size_t i = 0; i < whole; i++) {
      const char* piece = buffer.data() + i * request_bytes;
      for (Segments& segments : files) {
        uint32_t sum = crc32c(piece + 4, piece_bytes - 4);
        memcpy(answer, &sum, 4);
        segments.append(piece, piece_bytes);
        if (synced) segments.sync();
        piece += piece_bytes;
      }
      if (!send_all(fd, answer, sizeof answer)) return requests;
    }
    requests += whole;
    if (held > taken) memmove(buffer.data(), buffer.data() + taken, held - taken);
    held -= taken;
  }
}

struct Served {
  uint64_t requests = 0;
  int64_t cpu_ns = 0, wall_ns = 0, both_cpu_ns = 0;
};

template <typename Client>
Served measure(const LimitSettings& settings, size_t request_bytes, size_t files, bool synced, Client run) {
  Loopback loopback;
  std::vector<Segments> segments;
  while (segments.size() < files) segments.emplace_back(settings.directory);
  std::atomic<bool> over = false;
  Served served;
  served.both_cpu_ns = process_cpu_ns();
  std::thread server([&] {
    int64_t cpu = thread_cpu_ns(), wall = now_ns();
    served.requests = serve(loopback.server, request_bytes, segments, synced);
    served.cpu_ns = thread_cpu_ns() - cpu;
    served.wall_ns = now_ns() - wall;
    shutdown(loopback.server, SHUT_RDWR);
  });
  std::thread client([&] { run(loopback.client, over); });
  std::this_thread::sleep_for(std::chrono::duration<double>(settings.seconds));
  over = true;
  client.join();
  server.join();
  served.both_cpu_ns = process_cpu_ns() - served.both_cpu_ns;
  return served;
}

}  // namespace

void measure_append(const LimitSettings& settings, size_t request_bytes, size_t files) {
  Served served = measure(settings, request_bytes, files, false, [&](int fd, const std::atomic<bool>& over) {
    run_client(fd, request_bytes, over);
  });
  double bytes = double(served.requests) * double(request_bytes);
  JsonLine("append")
      .field("bytes", request_bytes)
      .field("files", files)
      .field("requests", served.requests)
      .field("gb_per_cpu_s", bytes / double(served.cpu_ns))
      .field("gb_per_cpu_s_with_client", bytes / double(served.both_cpu_ns))
      .field("gb_per_s", bytes / double(served.wall_ns))
      .field("cpu_us_per_request", double(served.cpu_ns) / 1e3 / double(served.requests))
      .field("wall_us_per_request", double(served.wall_ns) / 1e3 / double(served.requests))
      .print();
}

void measure_woken(const LimitSettings& settings, size_t request_bytes, double period_us, bool synced) {
  int64_t waited_ns = 0;
  Served served = measure(settings, request_bytes, 1, synced, [&](int fd, const std::atomic<bool>& over) {
    waited_ns = run_slow_client(fd, request_bytes, period_us, over);
  });
  JsonLine("woken")
      .field("bytes", request_bytes)
      .field("period_us", period_us)
      .field("synced", synced)
      .field("cpu_us_per_request", double(served.cpu_ns) / 1e3 / double(served.requests))
      .field("wall_us_per_request", double(waited_ns) / 1e3 / double(served.requests))
      .print();
}

}  // namespace bench
