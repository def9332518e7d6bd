// The limit of fetch: one thread answers each small request with a slice of a cached file, by sendfile.
#include <fcntl.h>
#include <sys/sendfile.h>

#include <atomic>
#include <thread>
#include <vector>

#include "../native/clock.h"
#include "../native/json-line.h"
#include "limits.h"
#include "socket.h"

namespace bench {
namespace {

constexpr size_t FILE_BYTES = size_t(256) << 20;
constexpr size_t REQUEST_BYTES = 64;

int cached_file(const std::string& directory) {
  std::string path = directory + "/limit-" + std::to_string(getpid()) + ".cached";
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) die(path.c_str());
  unlink(path.c_str());
  std::vector<char> block(1 << 20, 'm');
  for (size_t at = 0; at < FILE_BYTES; at += block.size())
    if (pwrite(fd, block.data(), block.size(), off_t(at)) != ssize_t(block.size())) die("pwrite");
  return fd;
}

uint64_t serve(int socket, int file, size_t slice_bytes) {
  char request[REQUEST_BYTES];
  uint64_t sent = 0;
  off_t at = 0;
  while (receive_all(socket, request, sizeof request)) {
    if (size_t(at) + slice_bytes > FILE_BYTES) at = 0;
    for (size_t left = slice_bytes; left > 0;) {
      ssize_t n = sendfile(socket, file, &at, left);
      if (n <= 0) return sent;
      left -= size_t(n);
    }
    sent += slice_bytes;
  }
  return sent;
}

/** Two requests under way, as a consumer that asks for the next slice before it looks at this one. */
void run_client(int socket, size_t slice_bytes, const std::atomic<bool>& over) {
  std::vector<char> buffer(1 << 20);
  char request[REQUEST_BYTES] = {};
  if (!send_all(socket, request, sizeof request)) return;
  for (bool last = false; !last;) {
    last = over.load(std::memory_order_relaxed);
    if (!last && !send_all(socket, request, sizeof request)) return;
    for (size_t left = slice_bytes; left > 0;) {
      ssize_t n = recv(socket, buffer.data(), left < buffer.size() ? left : buffer.size(), 0);
      if (n <= 0) return;
      left -= size_t(n);
    }
  }
  shutdown(socket, SHUT_WR);
}

}  // namespace

void measure_sendfile(const LimitSettings& settings, size_t slice_bytes) {
  Loopback loopback;
  int file = cached_file(settings.directory);
  std::atomic<bool> over = false;
  uint64_t bytes = 0;
  int64_t cpu_ns = 0, wall_ns = 0, both_cpu_ns = process_cpu_ns();
  std::thread server([&] {
    int64_t cpu = thread_cpu_ns(), wall = now_ns();
    bytes = serve(loopback.server, file, slice_bytes);
    cpu_ns = thread_cpu_ns() - cpu;
    wall_ns = now_ns() - wall;
  });
  std::thread client([&] { run_client(loopback.client, slice_bytes, over); });
  std::this_thread::sleep_for(std::chrono::duration<double>(settings.seconds));
  over = true;
  client.join();
  shutdown(loopback.client, SHUT_RDWR);
  server.join();
  both_cpu_ns = process_cpu_ns() - both_cpu_ns;
  close(file);
  JsonLine("sendfile")
      .field("bytes", slice_bytes)
      .field("gb_per_cpu_s", double(bytes) / double(cpu_ns))
      .field("gb_per_cpu_s_with_client", double(bytes) / double(both_cpu_ns))
      .field("gb_per_s", double(bytes) / double(wall_ns))
      .print();
}

}  // namespace bench
