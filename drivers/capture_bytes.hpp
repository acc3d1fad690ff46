// Numbers of a capture file: base-128 numbers and little-endian ones.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "drivers/capture.hpp"

namespace grfd {

inline void put_number(CaptureBytes& out, std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) out.push_back(static_cast<std::byte>(v | 0x80));
  out.push_back(static_cast<std::byte>(v));
}
inline void put_signed(CaptureBytes& out, std::int64_t v) {
  put_number(out, static_cast<std::uint64_t>(v) << 1 ^ static_cast<std::uint64_t>(v >> 63));
}
inline void put_fixed(CaptureBytes& out, std::uint64_t v, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::byte>(v >> 8 * i));
}
inline void put_text(CaptureBytes& out, std::string_view text) {
  const auto* p = reinterpret_cast<const std::byte*>(text.data());
  out.insert(out.end(), p, p + text.size());
}
inline void put_counted(CaptureBytes& out, std::string_view text) {
  put_number(out, text.size());
  put_text(out, text);
}

/// Reads on behind the end as zeros and remembers that it did.
class CaptureCursor {
 public:
  explicit CaptureCursor(CaptureView bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      const auto b = static_cast<std::uint64_t>(fixed(1));
      if (shift == 63 && b > 1) break;
      v |= (b & 0x7f) << shift;
      if (b < 0x80) return v;
    }
    malformed_ = true;
    return 0;
  }
  std::int64_t signed_number() {
    const std::uint64_t v = number();
    return static_cast<std::int64_t>(v >> 1 ^ (~(v & 1) + 1));
  }
  std::uint64_t fixed(int bytes) {
    std::uint64_t v = 0;
    for (int i = 0; i < bytes; ++i) {
      if (at_ == bytes_.size()) return short_ = true, 0;
      v |= std::to_integer<std::uint64_t>(bytes_[at_++]) << 8 * i;
    }
    return v;
  }
  CaptureView take(std::uint64_t n) {
    if (n > bytes_.size() - at_) {
      short_ = true;
      n = bytes_.size() - at_;
    }
    const CaptureView part = bytes_.subspan(at_, n);
    at_ += n;
    return part;
  }
  CaptureView rest() { return take(bytes_.size() - at_); }
  std::string counted() {
    const CaptureView part = take(number());
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  std::size_t used() const { return at_; }
  bool short_of_bytes() const { return short_; }
  bool malformed() const { return malformed_; }
  bool whole() const { return !short_ && !malformed_ && at_ == bytes_.size(); }

 private:
  CaptureView bytes_;
  std::size_t at_ = 0;
  bool short_ = false, malformed_ = false;
};

}  // namespace grfd
