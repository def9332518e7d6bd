// Loopback sockets of the limit program: one accepted connection, blocking, without Nagle's delay.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace bench {

[[noreturn]] inline void die(const char* what) {
  perror(what);
  exit(1);
}

/** A connected pair over TCP on 127.0.0.1: a socketpair would skip the network stack that every broker pays for. */
struct Loopback {
  int server = -1, client = -1;
  Loopback() {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener, 1) != 0)
      die("listen on 127.0.0.1");
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
    client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, reinterpret_cast<sockaddr*>(&address), length) != 0) die("connect");
    server = accept(listener, nullptr, nullptr);
    if (server < 0) die("accept");
    close(listener);
    int on = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // As the broker does with clients of its own host.
    setsockopt(server, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
  }
  ~Loopback() {
    close(client);
    close(server);
  }
};

/** False when the other side has closed. */
inline bool receive_all(int fd, char* to, size_t length) {
  while (length > 0) {
    ssize_t n = recv(fd, to, length, 0);
    if (n <= 0) return false;
    to += n;
    length -= size_t(n);
  }
  return true;
}

inline bool send_all(int fd, const char* from, size_t length) {
  while (length > 0) {
    ssize_t n = send(fd, from, length, MSG_NOSIGNAL);
    if (n <= 0) return false;
    from += n;
    length -= size_t(n);
  }
  return true;
}

}  // namespace bench
