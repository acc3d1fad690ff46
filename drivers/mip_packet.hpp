// The MIP packet of MicroStrain inertial sensors: framing, checksum, fields. Used by driver, emulated device and tests.
//
//   0  0x75     2  descriptor set (commands below 0x80, data from 0x80; 0 is not a set)
//   1  0x65     3  payload length n      4..4+n-1  fields      4+n, 5+n  Fletcher sums a, b over all bytes before
//   field: length (counts itself and the descriptor), descriptor, data. Numbers are big endian.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "schemas/counter.hpp"
#include "schemas/sample.hpp"

namespace grfd::mip {

using Bytes = std::span<const std::byte>;

inline constexpr std::size_t kOverhead = 6, kMaxPacket = 255 + kOverhead;
inline constexpr TimeNs kAbandonAfter = 100'000'000;  ///< a packet that stops half way for that long is given up

/// 8-bit Fletcher sums, a in the high byte.
std::uint16_t fletcher(Bytes bytes) noexcept;

/// Big-endian value at `at`; the caller has checked the length.
template <class T>
T read_be(Bytes data, std::size_t at = 0) noexcept {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<float>(read_be<std::uint32_t>(data, at));
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<double>(read_be<std::uint64_t>(data, at));
  } else {
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) v = v << 8 | std::to_integer<std::uint64_t>(data[at + i]);
    return static_cast<T>(v);
  }
}

inline std::uint8_t byte_at(Bytes data, std::size_t at) noexcept { return std::to_integer<std::uint8_t>(data[at]); }

struct Packet {
  std::uint8_t set = 0;
  Bytes payload;
};

struct Field {
  std::uint8_t descriptor = 0;
  Bytes data;
};

/// Walks the fields of a payload. A field shorter than its header or longer than the payload ends the walk.
class FieldWalk {
 public:
  explicit FieldWalk(Bytes payload) noexcept : rest_(payload) {}
  bool next(Field& field) noexcept;
  bool bad() const noexcept { return bad_; }

 private:
  Bytes rest_;
  bool bad_ = false;
};

/// Finds packets in a stream of bytes that may be cut anywhere and may hold other text between packets.
/// Fixed memory; after a wrong checksum one byte is dropped and the rest is searched again, so that a packet inside a
/// false one is found.
///
///     while (!bytes.empty()) {
///       bytes = parser.take(bytes, arrival);
///       for (Packet p; parser.next(p);) ...      // valid until the next take; must run until false
///     }
class Parser {
 public:
  /// Copies what fits. @return what did not fit yet
  Bytes take(Bytes bytes, TimeNs arrival) noexcept;
  bool next(Packet& packet) noexcept;
  void reset() noexcept { begin_ = end_ = 0, abandon_ = false; }

  Counter bad_checksum{"bad_checksum"};
  Counter resync_bytes{"resync_bytes"};          ///< bytes outside any packet
  Counter abandoned_packet{"abandoned_packet"};  ///< stopped half way for longer than kAbandonAfter

 private:
  void drop(std::size_t n) noexcept;
  std::array<std::byte, 4 * kMaxPacket> buffer_{};
  std::size_t begin_ = 0, end_ = 0;
  TimeNs last_arrival_ = 0;
  bool abandon_ = false;
};

/// Builds one packet in place. A value that does not fit is left out and `overflow` is set.
class Writer {
 public:
  explicit Writer(std::uint8_t set) noexcept;
  Writer& field(std::uint8_t descriptor) noexcept;  ///< starts a field
  Writer& u8(std::uint8_t v) noexcept { return put(v, 1); }
  Writer& u16(std::uint16_t v) noexcept { return put(v, 2); }
  Writer& u32(std::uint32_t v) noexcept { return put(v, 4); }
  Writer& u64(std::uint64_t v) noexcept { return put(v, 8); }
  Writer& f32(float v) noexcept { return u32(std::bit_cast<std::uint32_t>(v)); }
  Writer& f64(double v) noexcept { return u64(std::bit_cast<std::uint64_t>(v)); }
  Writer& raw(Bytes bytes) noexcept;
  /// Length and checksum are set; the bytes live as long as the writer.
  Bytes finish() noexcept;
  std::size_t payload_size() const noexcept { return size_ - 4; }
  bool overflow() const noexcept { return overflow_; }

 private:
  Writer& put(std::uint64_t v, int bytes) noexcept;
  std::array<std::byte, kMaxPacket> buffer_{};
  std::size_t size_ = 4, field_ = 0;
  bool overflow_ = false;
};

}  // namespace grfd::mip
