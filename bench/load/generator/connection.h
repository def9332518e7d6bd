// One non-blocking connection: frames go out as pieces (built here, or pointing into the payload), come in whole.
// Belongs to the thread that runs it.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tls.h"

namespace bench {

class Connection {
 public:
  /** Blocks until connected (and the TLS handshake is done) or `deadline_ns`. Null with `error` set on failure. */
  static std::unique_ptr<Connection> open(const std::string& host, int port, bool tls, int64_t deadline_ns, std::string& error);
  ~Connection();

  int fd() const { return fd_; }
  int32_t next_correlation_id() { return correlation_id_++; }

  /** Bytes appended here are sent in order with those of `refer`. */
  std::string& out() { return out_; }
  /** Sends `length` bytes from memory that stays as it is until they have left. */
  void refer(const char* from, size_t length);
  /** False when the connection is broken. What the socket does not take stays pending. */
  bool flush();
  size_t pending_bytes() const { return pending_bytes_ + (out_.size() - covered_); }

  /** Reads what is there and calls `on_frame` for each whole frame (without its length); false when closed or broken. */
  bool receive(const std::function<void(const char*, size_t)>& on_frame);

  /** Gives back memory that an idle connection does not need. */
  void release_buffers() {
    std::vector<char>().swap(in_);
    std::string().swap(out_);
  }

  /** For the set-up: sends what is pending and waits for one frame. False with `error` set. */
  bool call(std::string& response, int64_t deadline_ns, std::string& error);

 private:
  struct Piece {
    const char* external;  // null: from out_
    size_t offset, length;
  };
  explicit Connection(int fd) : fd_(fd) {}
  void cover();
  ssize_t write_some();
  ssize_t read_some(char* to, size_t length);
  bool wait(bool writable, int64_t deadline_ns) const;

  int fd_;
  std::unique_ptr<Tls> tls_;
  int32_t correlation_id_ = 1;
  std::string out_;
  size_t covered_ = 0, pending_bytes_ = 0, first_ = 0;
  std::vector<Piece> pieces_;
  std::vector<char> in_;
  size_t held_ = 0;
};

}  // namespace bench
