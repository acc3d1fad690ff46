#include "drivers/xio_ximu3_message.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace grfd::ximu3 {

namespace {

constexpr std::byte kEnd{0x0A}, kEscape{0xDB}, kEscapedEnd{0xDC}, kEscapedEscape{0xDD};
constexpr std::size_t kHead = 9;  // id and time

template <class T>
T read_le(Bytes data, std::size_t at) noexcept {
  std::uint64_t v = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) v = v << 8 | std::to_integer<std::uint64_t>(data[at + i]);
  if constexpr (std::is_same_v<T, float>)
    return std::bit_cast<float>(static_cast<std::uint32_t>(v));
  else
    return static_cast<T>(v);
}

/// Takes one number and the comma before it.
template <class T>
bool take_number(std::string_view& rest, T& value) noexcept {
  if (rest.empty() || rest[0] != ',') return false;
  const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), value);
  if (error != std::errc{}) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

}  // namespace

int values_of(char letter) noexcept {
  switch (letter) {
    case 'I':
      return 6;
    case 'H':
    case 'M':
    case 'A':
    case 'B':
      return 3;
    case 'Q':
    case 'U':
      return 4;
    case 'R':
      return 9;
    case 'L':
    case 'E':
      return 7;
    case 'W':
      return 2;
    case 'T':
    case 'O':
    case 'Y':
      return 1;
    case 'S':
    case 'N':
    case 'F':
    case 'C':
      return kText;
    default:
      return kUnknown;
  }
}

bool Parser::next(Bytes& bytes, Message& message) noexcept {
  while (!bytes.empty()) {
    const auto* end = static_cast<const std::byte*>(std::memchr(bytes.data(), static_cast<int>(kEnd), bytes.size()));
    const std::size_t n = end ? static_cast<std::size_t>(end - bytes.data()) : bytes.size();
    if (size_ + n > buffer_.size()) {
      overflow_ = true;
      size_ = 0;
    } else if (!overflow_) {
      std::copy_n(bytes.begin(), n, buffer_.begin() + static_cast<std::ptrdiff_t>(size_));
      size_ += n;
    }
    bytes = bytes.subspan(end ? n + 1 : n);
    if (end && finish(message)) return true;
  }
  return false;
}

/// A whole piece is in the buffer. `message.text` refers to the buffer, which keeps its bytes until more are taken.
bool Parser::finish(Message& message) noexcept {
  message = {};
  Counter* const wrong = overflow_ ? &too_long : read(message);
  const bool first = first_;
  first_ = overflow_ = false;
  size_ = 0;
  if (wrong) ++(first ? first_piece : *wrong);
  return !wrong;
}

Counter* Parser::read(Message& message) noexcept {
  if (size_ == 0) return &unknown_message;
  const auto first = std::to_integer<unsigned>(buffer_[0]);
  if (first == '{') {
    message.letter = '{';
    message.text = text();
    return nullptr;
  }
  if (first == '^') return &wrapped_message;
  return first > 0x80 ? read_binary(message) : read_ascii(message);
}

Counter* Parser::read_binary(Message& message) noexcept {
  std::size_t to = 0;
  for (std::size_t from = 0; from < size_; ++from, ++to) {
    buffer_[to] = buffer_[from];
    if (buffer_[from] != kEscape) continue;
    if (++from == size_) return &bad_escape;
    if (buffer_[from] == kEscapedEnd)
      buffer_[to] = kEnd;
    else if (buffer_[from] != kEscapedEscape)
      return &bad_escape;
  }
  size_ = to;
  message.letter = static_cast<char>(std::to_integer<unsigned>(buffer_[0]) - 0x80);
  const int values = values_of(message.letter);
  if (values == kUnknown) return &unknown_message;
  if (size_ < kHead) return &wrong_length;
  const Bytes all(buffer_.data(), size_);
  message.t_us = read_le<std::uint64_t>(all, 1);
  if (values == kText) {
    message.text = text().substr(kHead);
    return message.text.size() > kLongestText ? &wrong_length : nullptr;
  }
  message.count = static_cast<std::size_t>(values);
  if (size_ != kHead + 4 * message.count) return &wrong_length;
  for (std::size_t i = 0; i < message.count; ++i) message.values[i] = read_le<float>(all, kHead + 4 * i);
  return nullptr;
}

Counter* Parser::read_ascii(Message& message) noexcept {
  std::string_view rest = text();
  message.letter = rest[0];
  const int values = values_of(message.letter);
  if (values == kUnknown) return &unknown_message;
  rest.remove_prefix(1);
  if (!take_number(rest, message.t_us)) return &bad_text;
  if (values == kText) {
    if (rest.empty() || rest[0] != ',') return &bad_text;
    message.text = rest.substr(1);
    return message.text.size() > kLongestText ? &wrong_length : nullptr;
  }
  message.count = static_cast<std::size_t>(values);
  for (std::size_t i = 0; i < message.count; ++i)
    if (!take_number(rest, message.values[i])) return &bad_text;
  return rest.empty() ? nullptr : &wrong_length;
}

}  // namespace grfd::ximu3
