#include "drivers/mip_packet.hpp"

#include <algorithm>

namespace grfd::mip {

namespace {
constexpr std::byte kSync1{0x75}, kSync2{0x65};
}

std::uint16_t fletcher(Bytes bytes) noexcept {
  unsigned a = 0, b = 0;
  for (const std::byte x : bytes) {
    a += std::to_integer<unsigned>(x);
    b += a;
  }
  return static_cast<std::uint16_t>((a & 0xff) << 8 | (b & 0xff));
}

bool FieldWalk::next(Field& field) noexcept {
  if (rest_.empty() || bad_) return false;
  const std::size_t length = std::to_integer<std::size_t>(rest_[0]);
  if (length < 2 || length > rest_.size()) {
    bad_ = true;
    return false;
  }
  field = {std::to_integer<std::uint8_t>(rest_[1]), rest_.subspan(2, length - 2)};
  rest_ = rest_.subspan(length);
  return true;
}

Bytes Parser::take(Bytes bytes, TimeNs arrival) noexcept {
  if (bytes.empty()) return bytes;
  if (end_ > begin_ && arrival - last_arrival_ > kAbandonAfter) {
    abandon_ = true;  // `next` first searches what is here, without the new bytes
    ++abandoned_packet;
    last_arrival_ = arrival;
    return bytes;
  }
  last_arrival_ = arrival;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t n = std::min(bytes.size(), buffer_.size() - end_);
  std::memcpy(buffer_.data() + end_, bytes.data(), n);
  end_ += n;
  return bytes.subspan(n);
}

void Parser::drop(std::size_t n) noexcept {
  begin_ += n;
  resync_bytes += n;
}

bool Parser::next(Packet& packet) noexcept {
  while (begin_ < end_) {
    const Bytes rest(buffer_.data() + begin_, end_ - begin_);
    if (rest[0] != kSync1) {
      const auto* sync = std::find(rest.data(), rest.data() + rest.size(), kSync1);
      drop(static_cast<std::size_t>(sync - rest.data()));
      continue;
    }
    const bool false_header = (rest.size() > 1 && rest[1] != kSync2) || (rest.size() > 2 && rest[2] == std::byte{0});
    if (false_header) {
      drop(1);
      continue;
    }
    const std::size_t length = rest.size() < 4 ? kOverhead : kOverhead + std::to_integer<std::size_t>(rest[3]);
    if (rest.size() < length) {
      if (!abandon_) return false;
      drop(1);
      continue;
    }
    if (fletcher(rest.first(length - 2)) != read_be<std::uint16_t>(rest, length - 2)) {
      ++bad_checksum;
      drop(1);
      continue;
    }
    packet = {std::to_integer<std::uint8_t>(rest[2]), rest.subspan(4, length - kOverhead)};
    begin_ += length;
    return true;
  }
  abandon_ = false;
  return false;
}

Writer::Writer(std::uint8_t set) noexcept {
  buffer_[0] = kSync1;
  buffer_[1] = kSync2;
  buffer_[2] = std::byte{set};
}

Writer& Writer::field(std::uint8_t descriptor) noexcept {
  if (size_ + 4 > kMaxPacket) {
    overflow_ = true;
    return *this;
  }
  field_ = size_;
  buffer_[size_++] = std::byte{2};
  buffer_[size_++] = std::byte{descriptor};
  return *this;
}

Writer& Writer::put(std::uint64_t v, int bytes) noexcept {
  std::array<std::byte, 8> be;
  for (int i = 0; i < bytes; ++i) be[static_cast<std::size_t>(i)] = static_cast<std::byte>(v >> 8 * (bytes - 1 - i));
  return raw(Bytes(be.data(), static_cast<std::size_t>(bytes)));
}

Writer& Writer::raw(Bytes bytes) noexcept {
  if (size_ + bytes.size() + 2 > kMaxPacket || field_ == 0) {
    overflow_ = true;
    return *this;
  }
  std::copy(bytes.begin(), bytes.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += bytes.size();
  buffer_[field_] = static_cast<std::byte>(size_ - field_);
  return *this;
}

Bytes Writer::finish() noexcept {
  buffer_[3] = static_cast<std::byte>(size_ - 4);
  const std::uint16_t sums = fletcher(Bytes(buffer_.data(), size_));
  buffer_[size_] = static_cast<std::byte>(sums >> 8);
  buffer_[size_ + 1] = static_cast<std::byte>(sums);
  return Bytes(buffer_.data(), size_ + 2);
}

}  // namespace grfd::mip
