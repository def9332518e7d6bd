// The few functions of libssl that the generator calls.
#include "tls.h"

#include <dlfcn.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

namespace bench {
namespace {

constexpr int WANT_READ = 2, WANT_WRITE = 3, ZERO_RETURN = 6;
constexpr int CTRL_MODE = 33, CTRL_SERVER_NAME = 55;
constexpr long MODE_PARTIAL_WRITE_MOVING_BUFFER = 1 | 2;

struct Library {
  void* (*client_method)();
  void* (*context_new)(void*);
  void* (*session_new)(void*);
  void (*session_free)(void*);
  int (*set_fd)(void*, int);
  int (*connect)(void*);
  int (*read)(void*, void*, int);
  int (*write)(void*, const void*, int);
  int (*get_error)(const void*, int);
  long (*control)(void*, int, long, void*);
  void* context = nullptr;

  std::string load() {
    void* handle = nullptr;
    for (const char* name : {"libssl.so.3", "libssl.so.1.1", "libssl.so"})
      if ((handle = dlopen(name, RTLD_NOW)) != nullptr) break;
    if (handle == nullptr) return "TLS needs libssl.so.3 on this machine (package libssl3 or openssl-libs)";
    auto find = [&](auto& to, const char* name) {
      to = reinterpret_cast<std::remove_reference_t<decltype(to)>>(dlsym(handle, name));
      return to != nullptr;
    };
    bool all = find(client_method, "TLS_client_method") && find(context_new, "SSL_CTX_new") && find(session_new, "SSL_new") &&
               find(session_free, "SSL_free") && find(set_fd, "SSL_set_fd") && find(connect, "SSL_connect") &&
               find(read, "SSL_read") && find(write, "SSL_write") && find(get_error, "SSL_get_error") && find(control, "SSL_ctrl");
    if (!all) return "the machine's libssl lacks a function";
    context = context_new(client_method());
    return context == nullptr ? "libssl gives no context" : "";
  }
};

Library library;
std::string library_error;
std::once_flag loaded;

}  // namespace

Tls* Tls::open(int fd, const std::string& host, std::string& error) {
  std::call_once(loaded, [] { library_error = library.load(); });
  if (!library_error.empty()) {
    error = library_error;
    return nullptr;
  }
  void* session = library.session_new(library.context);
  library.set_fd(session, fd);
  library.control(session, CTRL_MODE, MODE_PARTIAL_WRITE_MOVING_BUFFER, nullptr);
  if (!host.empty() && !isdigit(static_cast<unsigned char>(host[0])))
    library.control(session, CTRL_SERVER_NAME, 0, const_cast<char*>(host.c_str()));
  return new Tls(session);
}

Tls::~Tls() { library.session_free(session_); }

int Tls::handshake(bool& wants_write) {
  int returned = library.connect(session_);
  if (returned == 1) return 1;
  int error = library.get_error(session_, returned);
  wants_write = error == WANT_WRITE;
  return error == WANT_READ || error == WANT_WRITE ? 0 : -1;
}

ssize_t Tls::result(int returned) {
  if (returned > 0) return returned;
  int error = library.get_error(session_, returned);
  if (error == WANT_READ || error == WANT_WRITE) {
    errno = EAGAIN;
    return -1;
  }
  if (error == ZERO_RETURN) return 0;
  if (errno == EAGAIN || errno == 0) errno = EPROTO;
  return -1;
}

ssize_t Tls::read(char* to, size_t length) { return result(library.read(session_, to, int(std::min(length, size_t(1) << 30)))); }
ssize_t Tls::write(const char* from, size_t length) {
  return result(library.write(session_, from, int(std::min(length, size_t(1) << 30))));
}

}  // namespace bench
