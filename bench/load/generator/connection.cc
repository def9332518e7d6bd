// Connecting, gathering writes, cutting what arrives into frames.
#include "connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "../../native/clock.h"
#include "wire.h"

namespace bench {
namespace {

constexpr size_t RECEIVE_BYTES = 256 << 10;
constexpr int32_t FRAME_BYTES_MAX = 512 << 20;
constexpr size_t PIECES_PER_WRITE_MAX = 64;

int dial(const addrinfo* address, int64_t deadline_ns, std::string& error) {
  int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    error = std::string("socket: ") + strerror(errno);
    return -1;
  }
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  int failed = 0;
  if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
    failed = errno;
    if (failed == EINPROGRESS) {
      pollfd wait{fd, POLLOUT, 0};
      int left_ms = int(std::max<int64_t>(0, (deadline_ns - now_ns()) / 1'000'000));
      socklen_t length = sizeof failed;
      if (poll(&wait, 1, left_ms) <= 0) failed = ETIMEDOUT;
      else getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &length);
    }
  }
  if (failed == 0) return fd;
  error = std::string("connect: ") + strerror(failed);
  close(fd);
  return -1;
}

}  // namespace

std::unique_ptr<Connection> Connection::open(const std::string& host, int port, bool tls, int64_t deadline_ns, std::string& error) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (int failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); failed != 0) {
    error = "cannot resolve " + host + ": " + gai_strerror(failed);
    return nullptr;
  }
  int fd = -1;
  for (auto* address = found; address != nullptr && fd < 0; address = address->ai_next) fd = dial(address, deadline_ns, error);
  freeaddrinfo(found);
  if (fd < 0) return nullptr;
  std::unique_ptr<Connection> connection(new Connection(fd));
  if (!tls) return connection;
  connection->tls_.reset(Tls::open(fd, host, error));
  if (!connection->tls_) return nullptr;
  for (;;) {
    bool wants_write = false;
    int done = connection->tls_->handshake(wants_write);
    if (done == 1) return connection;
    if (done < 0 || !connection->wait(wants_write, deadline_ns)) {
      error = done < 0 ? "the TLS handshake failed" : "the TLS handshake took too long";
      return nullptr;
    }
  }
}

Connection::~Connection() {
  tls_.reset();
  close(fd_);
}

void Connection::cover() {
  if (out_.size() == covered_) return;
  pieces_.push_back({nullptr, covered_, out_.size() - covered_});
  pending_bytes_ += out_.size() - covered_;
  covered_ = out_.size();
}

void Connection::refer(const char* from, size_t length) {
  cover();
  pieces_.push_back({from, 0, length});
  pending_bytes_ += length;
}

ssize_t Connection::write_some() {
  iovec vectors[PIECES_PER_WRITE_MAX];
  size_t count = std::min(pieces_.size() - first_, tls_ ? size_t(1) : PIECES_PER_WRITE_MAX);
  for (size_t i = 0; i < count; i++) {
    const Piece& piece = pieces_[first_ + i];
    const char* from = piece.external != nullptr ? piece.external + piece.offset : out_.data() + piece.offset;
    vectors[i] = {const_cast<char*>(from), piece.length};
  }
  if (tls_) return tls_->write(static_cast<char*>(vectors[0].iov_base), vectors[0].iov_len);
  msghdr message{};
  message.msg_iov = vectors;
  message.msg_iovlen = count;
  return sendmsg(fd_, &message, MSG_NOSIGNAL);
}

bool Connection::flush() {
  cover();
  while (pending_bytes_ > 0) {
    ssize_t n = write_some();
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    pending_bytes_ -= size_t(n);
    for (size_t left = size_t(n); left > 0;) {
      Piece& piece = pieces_[first_];
      size_t taken = std::min(left, piece.length);
      piece.offset += taken;
      piece.length -= taken;
      left -= taken;
      if (piece.length == 0) first_++;
    }
  }
  pieces_.clear();
  out_.clear();
  first_ = covered_ = 0;
  return true;
}

ssize_t Connection::read_some(char* to, size_t length) { return tls_ ? tls_->read(to, length) : recv(fd_, to, length, 0); }

bool Connection::receive(const std::function<void(const char*, size_t)>& on_frame) {
  for (;;) {
    size_t wanted = RECEIVE_BYTES;
    if (held_ >= 4) {
      int32_t length = load_big_endian<int32_t>(in_.data());
      if (length < 0 || length > FRAME_BYTES_MAX) return false;
      wanted = std::max(wanted, size_t(length) + 4);
    }
    if (in_.size() < wanted) in_.resize(wanted);
    size_t room = in_.size() - held_;
    ssize_t n = read_some(in_.data() + held_, room);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    held_ += size_t(n);
    size_t at = 0;
    while (held_ - at >= 4) {
      int32_t length = load_big_endian<int32_t>(in_.data() + at);
      if (length < 0 || length > FRAME_BYTES_MAX) return false;
      if (held_ - at < size_t(length) + 4) break;
      on_frame(in_.data() + at + 4, size_t(length));
      at += size_t(length) + 4;
    }
    if (at > 0) memmove(in_.data(), in_.data() + at, held_ - at);
    held_ -= at;
    if (!tls_ && size_t(n) < room) return true;  // the socket is empty; TLS may hold more than the socket shows
  }
}

bool Connection::wait(bool writable, int64_t deadline_ns) const {
  int64_t left_ms = (deadline_ns - now_ns()) / 1'000'000;
  pollfd one{fd_, short(writable ? POLLOUT : POLLIN), 0};
  return left_ms > 0 && poll(&one, 1, int(std::min<int64_t>(left_ms, 1'000'000))) > 0;
}

bool Connection::call(std::string& response, int64_t deadline_ns, std::string& error) {
  bool answered = false;
  error = "the connection was closed";
  do {
    if (!flush()) return false;
    if (!wait(pending_bytes() > 0, deadline_ns)) {
      error = "no answer in time";
      return false;
    }
    if (pending_bytes() > 0) continue;
    bool alive = receive([&](const char* frame, size_t length) {
      response.assign(frame, length);
      answered = true;
    });
    if (!alive && !answered) return false;
  } while (!answered);
  error.clear();
  return true;
}

}  // namespace bench
