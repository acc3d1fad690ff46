#include "daemon/sample_block.hpp"

#include <algorithm>

namespace grfd {
namespace {
// Bits of the byte behind the stream id.
constexpr std::uint8_t kHasFlags = 1, kHasEpoch = 2, kHasPart = 4, kHasSeq = 8;
constexpr std::size_t kPrefix = 12;  // count, base time

constexpr std::uint64_t zigzag(std::uint64_t d) { return (d << 1) ^ (0 - (d >> 63)); }
constexpr std::uint64_t unzigzag(std::uint64_t z) { return (z >> 1) ^ (0 - (z & 1)); }

std::byte* put(std::byte* p, std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) *p++ = static_cast<std::byte>(v | 0x80);
  *p++ = static_cast<std::byte>(v);
  return p;
}
std::byte* put16(std::byte* p, std::uint16_t v) {
  std::memcpy(p, &v, 2);
  return p + 2;
}
[[noreturn]] void malformed() {
  throw MalformedBlock("a block of samples is malformed although its checksum is right");
}
}  // namespace

std::size_t detail::used_bytes(const StreamInfo& info, const Sample& s) {
  if (info.type == ValueType::text) return text(s).size();
  const std::size_t whole = info.columns.size() * value_size(info.type), before = s.part * s.data.size();
  return std::min(s.data.size(), whole - std::min(whole, before));
}

SampleBlockEncoder::SampleBlockEncoder(const StreamTable& streams)
    : streams_(&streams), previous_(streams.size()), per_stream_(streams.size()) {
  clear();
}

void SampleBlockEncoder::clear() {
  bytes_.assign(kPrefix, std::byte{});
  std::fill(previous_.begin(), previous_.end(), detail::Previous{});
  std::fill(per_stream_.begin(), per_stream_.end(), 0u);
  order_ = count_ = 0;
}

void SampleBlockEncoder::add(const Sample& s) {
  const StreamInfo& info = (*streams_)[s.stream];
  detail::Previous& was = previous_[s.stream];
  if (count_ == 0) std::memcpy(bytes_.data() + 4, &s.t, 8);
  if (was.fresh) {
    std::memcpy(&was.t, bytes_.data() + 4, 8);
    was.fresh = false;
  }
  const auto t = static_cast<std::uint64_t>(s.t), arrival = static_cast<std::uint64_t>(s.t_arrival);
  const std::uint64_t predicted = s.part == 0 ? was.seq + 1 : was.seq;
  std::uint8_t has = 0;
  if (s.flags) has |= kHasFlags;
  if (s.epoch != was.epoch) has |= kHasEpoch;
  if (s.part != 0 || s.parts != 1) has |= kHasPart;
  if (s.seq != predicted) has |= kHasSeq;

  const std::size_t at = bytes_.size(), used = detail::used_bytes(info, s);
  bytes_.resize(at + 160);  // more than the longest record
  std::byte* p = put(bytes_.data() + at, s.stream);
  *p++ = static_cast<std::byte>(has);
  if (has & kHasFlags) p = put16(p, s.flags);
  if (has & kHasEpoch) p = put16(p, s.epoch);
  if (has & kHasPart) {
    *p++ = static_cast<std::byte>(s.part);
    *p++ = static_cast<std::byte>(s.parts);
  }
  if (has & kHasSeq) p = put(p, zigzag(s.seq - predicted));
  p = put(p, zigzag(t - was.t));
  // Arrival lies near t once the clock is mapped, and near the arrival before as long as it is not.
  p = put(p, zigzag(arrival - (s.t ? t : was.t_arrival)));
  p = put(p, zigzag(s.t_device - was.t_device));
  p = put(p, zigzag(s.order - order_));
  if (info.type == ValueType::text) *p++ = static_cast<std::byte>(used);
  std::memcpy(p, s.data.data(), used);
  bytes_.resize(static_cast<std::size_t>(p - bytes_.data()) + used);
  was.seq = s.seq;
  was.t = t;
  was.t_arrival = arrival;
  was.t_device = s.t_device;
  was.epoch = s.epoch;
  order_ = s.order;
  ++count_;
  ++per_stream_[s.stream];
}

std::span<const std::byte> SampleBlockEncoder::payload() {
  std::memcpy(bytes_.data(), &count_, 4);
  return bytes_;
}

SampleBlockDecoder::SampleBlockDecoder(const StreamTable& streams) : streams_(&streams), previous_(streams.size()) {}

void SampleBlockDecoder::start(std::span<const std::byte> payload) {
  if (payload.size() < kPrefix) malformed();
  detail::Previous fresh;
  std::memcpy(&left_, payload.data(), 4);
  std::memcpy(&fresh.t, payload.data() + 4, 8);
  std::fill(previous_.begin(), previous_.end(), fresh);
  rest_ = payload.subspan(kPrefix);
  order_ = 0;
}

std::uint8_t SampleBlockDecoder::byte() {
  if (rest_.empty()) malformed();
  const auto b = static_cast<std::uint8_t>(rest_.front());
  rest_ = rest_.subspan(1);
  return b;
}

std::uint64_t SampleBlockDecoder::varint() {
  std::uint64_t v = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint8_t b = byte();
    v |= static_cast<std::uint64_t>(b & 0x7f) << shift;
    if (b < 0x80) return v;
  }
  malformed();
}

bool SampleBlockDecoder::next(Sample& s) {
  if (left_ == 0) return false;
  --left_;
  s = Sample{};
  const std::uint64_t stream = varint();
  if (stream >= streams_->size()) malformed();
  s.stream = static_cast<StreamId>(stream);
  const StreamInfo& info = (*streams_)[s.stream];
  detail::Previous& was = previous_[s.stream];
  const auto word = [this] {
    const unsigned low = byte(), high = byte();
    return static_cast<std::uint16_t>(low | high << 8);
  };
  const std::uint8_t has = byte();
  if (has & kHasFlags) s.flags = word();
  if (has & kHasEpoch) was.epoch = word();
  s.epoch = was.epoch;
  if (has & kHasPart) {
    s.part = byte();
    s.parts = byte();
  }
  s.seq = s.part == 0 ? was.seq + 1 : was.seq;
  if (has & kHasSeq) s.seq += unzigzag(varint());
  const std::uint64_t t = was.t + unzigzag(varint());
  const std::uint64_t arrival = (t ? t : was.t_arrival) + unzigzag(varint());
  s.t = static_cast<TimeNs>(t);
  s.t_arrival = static_cast<TimeNs>(arrival);
  s.t_device = was.t_device + unzigzag(varint());
  s.order = order_ + unzigzag(varint());
  const std::size_t used = info.type == ValueType::text ? byte() : detail::used_bytes(info, s);
  if (used > s.data.size() || used > rest_.size()) malformed();
  std::memcpy(s.data.data(), rest_.data(), used);
  rest_ = rest_.subspan(used);
  was.seq = s.seq;
  was.t = t;
  was.t_arrival = arrival;
  was.t_device = s.t_device;
  order_ = s.order;
  return true;
}

}  // namespace grfd
