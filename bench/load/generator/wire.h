// Kafka's primitive types: a writer into a string, a reader with bounds. Compact forms belong to flexible versions.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace bench {

template <typename T>
inline void store_big_endian(char* to, T value) {
  for (size_t i = 0; i < sizeof(T); i++) to[i] = char(uint64_t(value) >> (8 * (sizeof(T) - 1 - i)));
}

template <typename T>
inline T load_big_endian(const char* from) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); i++) value = value << 8 | uint8_t(from[i]);
  return T(value);
}

class Writer {
 public:
  Writer(std::string& to, bool flexible) : to_(to), flexible_(flexible) {}

  template <typename T>
  void fixed(T value) {
    char bytes[sizeof(T)];
    store_big_endian(bytes, value);
    to_.append(bytes, sizeof(T));
  }
  void i8(int8_t v) { fixed(v); }
  void i16(int16_t v) { fixed(v); }
  void i32(int32_t v) { fixed(v); }
  void i64(int64_t v) { fixed(v); }
  void varint(uint32_t v) {
    for (; v >= 0x80; v >>= 7) to_ += char(v | 0x80);
    to_ += char(v);
  }
  void string(std::string_view v) {
    if (flexible_) varint(uint32_t(v.size()) + 1);
    else i16(int16_t(v.size()));
    to_.append(v);
  }
  void null_string() {
    if (flexible_) varint(0);
    else i16(-1);
  }
  void array(size_t count) {
    if (flexible_) varint(uint32_t(count) + 1);
    else i32(int32_t(count));
  }
  /** The length that stands before `length` bytes of records. */
  void records_length(size_t length) { array(length); }
  void no_tags() {
    if (flexible_) to_ += '\0';
  }

 private:
  std::string& to_;
  bool flexible_;
};

/** After a read past the end `bad()` is true and every value is 0. */
class Reader {
 public:
  Reader(const char* from, size_t length, bool flexible) : at_(from), end_(from + length), flexible_(flexible) {}

  bool bad() const { return bad_; }
  size_t left() const { return size_t(end_ - at_); }
  const char* at() const { return at_; }

  template <typename T>
  T fixed() {
    if (!need(sizeof(T))) return 0;
    T value = load_big_endian<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  int8_t i8() { return fixed<int8_t>(); }
  int16_t i16() { return fixed<int16_t>(); }
  int32_t i32() { return fixed<int32_t>(); }
  int64_t i64() { return fixed<int64_t>(); }
  uint32_t varint() {
    uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (!need(1)) return 0;
      uint8_t byte = uint8_t(*at_++);
      value |= uint32_t(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    bad_ = true;
    return 0;
  }
  /** Empty for null too. */
  std::string_view string() {
    int64_t length = flexible_ ? int64_t(varint()) - 1 : i16();
    if (length <= 0 || !need(size_t(length))) return {};
    std::string_view value(at_, size_t(length));
    at_ += length;
    return value;
  }
  /** 0 for null too. */
  uint32_t array() {
    int64_t count = flexible_ ? int64_t(varint()) - 1 : i32();
    if (count > int64_t(left())) bad_ = true;  // every element has at least one byte
    return bad_ || count < 0 ? 0 : uint32_t(count);
  }
  std::string_view bytes() {
    uint32_t length = array();
    if (!need(length)) return {};
    std::string_view value(at_, length);
    at_ += length;
    return value;
  }
  void skip(size_t length) {
    if (need(length)) at_ += length;
  }
  void tags() {
    if (!flexible_) return;
    for (uint32_t count = varint(); count > 0 && !bad_; count--) {
      varint();
      skip(varint());
    }
  }

 private:
  bool need(size_t length) {
    if (bad_ || left() < length) bad_ = true;
    return !bad_;
  }
  const char* at_;
  const char* end_;
  bool flexible_, bad_ = false;
};

enum ApiKey : int16_t { PRODUCE = 0, FETCH = 1, LIST_OFFSETS = 2, METADATA = 3, API_VERSIONS = 18, INIT_PRODUCER_ID = 22 };

constexpr std::string_view CLIENT_ID = "millrace-bench";

/** Starts a request frame: room for its length, then the header. Finish it with finish_frame(). */
inline void begin_frame(std::string& to, ApiKey api, int version, int32_t correlation_id, bool flexible) {
  Writer writer(to, false);
  writer.i32(0);
  writer.i16(api);
  writer.i16(int16_t(version));
  writer.i32(correlation_id);
  writer.string(CLIENT_ID);
  if (flexible) to += '\0';
}

/** `extra` bytes follow the frame's part that stands in `frame`. */
inline void finish_frame(char* frame, size_t length, size_t extra = 0) {
  store_big_endian<int32_t>(frame, int32_t(length - 4 + extra));
}

}  // namespace bench
