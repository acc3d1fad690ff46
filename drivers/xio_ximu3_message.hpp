// The messages of an x-IMU3: framing by LF, byte stuffing, binary and ASCII form. Used by the driver and its tests.
//
//   binary  80+letter | u64 t_us | f32... or text | 0A      little endian; inside, 0A is DB DC and DB is DB DD
//   ASCII   letter,t_us,number,... or letter,t_us,text | 0A
//   command {"key":value} | 0A                              acknowledgements, between data messages
//   wrapped ^ channel ... | 0A                              of another unit behind this one: passed over
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "schemas/counter.hpp"

namespace grfd::ximu3 {

using Bytes = std::span<const std::byte>;

inline constexpr std::size_t kLongestMessage = 4096, kLongestText = 255, kMostValues = 9;

struct Message {
  char letter = 0;         ///< of a data message; '{' for a command message
  std::uint64_t t_us = 0;  ///< of a data message, since power-on
  std::size_t count = 0;   ///< of values
  std::array<float, kMostValues> values{};
  std::string_view text;  ///< S N F C: their bytes; '{': the whole JSON object. Valid until the next call
};

/// Values that a data message carries; kText for S N F C, kUnknown for other letters.
inline constexpr int kText = -1, kUnknown = -2;
int values_of(char letter) noexcept;

/// Finds messages in a stream of bytes that may be cut anywhere and may hold anything. Fixed memory.
///
///     for (Message m; parser.next(bytes, m);) ...
class Parser {
 public:
  /// Takes bytes up to the end of the next message that is whole and right. @return false when all are taken
  bool next(Bytes& bytes, Message& message) noexcept;
  /// A stream begins: its first piece may be the tail of a message. It counts as one when it is, and not as damage when
  /// it is not.
  void reset() noexcept { size_ = 0, overflow_ = false, first_ = true; }
  std::uint64_t damage() const noexcept {
    return bad_escape.get() + wrong_length.get() + unknown_message.get() + bad_text.get() + too_long.get();
  }

  Counter bad_escape{"bad_escape"};            ///< DB is followed by neither DC nor DD
  Counter wrong_length{"wrong_length"};        ///< not what its letter says
  Counter unknown_message{"unknown_message"};  ///< begins with no known letter
  Counter bad_text{"bad_text"};                ///< the ASCII form does not read as such
  Counter too_long{"too_long"};                ///< more than kLongestMessage without an LF
  Counter wrapped_message{"wrapped_message"};
  Counter first_piece{"first_piece", Counter::Kind::activity};

 private:
  bool finish(Message& message) noexcept;
  Counter* read(Message& message) noexcept;
  Counter* read_binary(Message& message) noexcept;
  Counter* read_ascii(Message& message) noexcept;
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(buffer_.data()), size_}; }

  std::array<std::byte, kLongestMessage> buffer_{};
  std::size_t size_ = 0;
  bool overflow_ = false, first_ = true;
};

}  // namespace grfd::ximu3
