// Writes one JSON object per line to standard output, the only way the benchmark programs report.
#pragma once
#include <cmath>
#include <concepts>
#include <cstdio>
#include <string>
#include <string_view>

namespace bench {

class JsonLine {
 public:
  explicit JsonLine(std::string_view type) : text_("{") { field("type", type); }

  JsonLine& field(std::string_view name, std::string_view value) {
    key(name);
    quote(value);
    return *this;
  }
  JsonLine& field(std::string_view name, const char* value) { return field(name, std::string_view(value)); }
  template <std::integral T>
  JsonLine& field(std::string_view name, T value) {
    key(name);
    text_ += std::to_string(value);
    return *this;
  }
  JsonLine& field(std::string_view name, double value) {
    key(name);
    char digits[40];
    snprintf(digits, sizeof digits, "%.9g", std::isfinite(value) ? value : 0.0);
    text_ += digits;
    return *this;
  }
  /** `json` is text that already is JSON. */
  JsonLine& raw(std::string_view name, std::string_view json) {
    key(name);
    text_ += json;
    return *this;
  }
  void print() {
    text_ += "}\n";
    fwrite(text_.data(), 1, text_.size(), stdout);
    fflush(stdout);
  }

 private:
  void key(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    quote(name);
    text_ += ':';
  }
  void quote(std::string_view value) {
    text_ += '"';
    for (char c : value) {
      if (c == '"' || c == '\\') (text_ += '\\') += c;
      else if (static_cast<unsigned char>(c) < 0x20) text_ += ' ';
      else text_ += c;
    }
    text_ += '"';
  }
  std::string text_;
};

}  // namespace bench
