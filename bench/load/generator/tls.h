// TLS through the system's libssl, opened at run time: its handles are opaque, so neither its headers nor its version
// matter to the build. Certificates are not verified: a benchmark's broker signs its own.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <string>

namespace bench {

/** One TLS session on a non-blocking socket. */
class Tls {
 public:
  /** Null with `error` set when libssl cannot be loaded. */
  static Tls* open(int fd, const std::string& host, std::string& error);
  ~Tls();
  /** 1: done; 0: wait for the socket, `wants_write` says for what; -1: refused. */
  int handshake(bool& wants_write);
  /** As recv and send: -1 with errno EAGAIN when the socket must be waited for; 0 at the end. */
  ssize_t read(char* to, size_t length);
  ssize_t write(const char* from, size_t length);

 private:
  explicit Tls(void* session) : session_(session) {}
  ssize_t result(int returned);
  void* session_;
};

}  // namespace bench
