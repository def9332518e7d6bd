// See mailbox.h.
#include "mailbox.h"

#include <algorithm>
#include <new>

#include "environment.h"

namespace millrace {

Mailbox* Mailbox::create(napi_env env, napi_value receive, const char* name) {
  auto* mailbox = new (std::nothrow) Mailbox();
  if (mailbox == nullptr) return nullptr;
  mailbox->env_ = env;
  napi_value resource;
  napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &resource);
  if (napi_create_threadsafe_function(env, receive, nullptr, resource, 0, 1, nullptr, nullptr, mailbox, deliver,
                                      &mailbox->function_) != napi_ok) {
    delete mailbox;
    return nullptr;
  }
  napi_unref_threadsafe_function(env, mailbox->function_);
  return mailbox;
}

void Mailbox::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void Mailbox::expect() {
  if (expected_++ == 0 && function_ != nullptr) napi_ref_threadsafe_function(env_, function_);
}

void Mailbox::settle(size_t count) {
  if (expected_ == 0) return;
  expected_ -= count < expected_ ? count : expected_;
  if (expected_ == 0 && function_ != nullptr) napi_unref_threadsafe_function(env_, function_);
}

void Mailbox::post(double token, double result) {
  std::lock_guard lock(mutex_);
  if (function_ == nullptr) return;
  posted_.push_back({token, result});
  if (signalled_) return;
  signalled_ = true;
  napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

void Mailbox::deliver(napi_env env, napi_value receive, void* context, void*) {
  if (env == nullptr) return;
  auto* mailbox = static_cast<Mailbox*>(context);
  std::vector<Delivery> posted;
  {
    std::lock_guard lock(mailbox->mutex_);
    posted.swap(mailbox->posted_);
    mailbox->signalled_ = false;
  }
  mailbox->settle(posted.size());
  napi_value number, nothing;
  napi_get_undefined(env, &nothing);
  double* exchange = environmentOf(env)->exchange;
  constexpr size_t DELIVERIES_MAX = EXCHANGE_DOUBLES / 2;
  for (size_t from = 0; from < posted.size(); from += DELIVERIES_MAX) {
    const size_t count = std::min(posted.size() - from, DELIVERIES_MAX);
    for (size_t at = 0; at < count; at++) {
      exchange[at * 2] = posted[from + at].token;
      exchange[at * 2 + 1] = posted[from + at].result;
    }
    napi_create_uint32(env, static_cast<uint32_t>(count), &number);
    napi_call_function(env, nothing, receive, 1, &number, nullptr);
  }
}

void Mailbox::end(void* mailbox) {
  auto* ended = static_cast<Mailbox*>(mailbox);
  ended->close();
  ended->release();
}

void Mailbox::close() {
  napi_threadsafe_function function;
  {
    std::lock_guard lock(mutex_);
    function = function_;
    function_ = nullptr;
    std::vector<Delivery>().swap(posted_);
  }
  if (function != nullptr) napi_release_threadsafe_function(function, napi_tsfn_abort);
}

}  // namespace millrace
