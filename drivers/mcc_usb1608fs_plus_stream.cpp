#include "drivers/mcc_usb1608fs_plus_stream.hpp"

#include <algorithm>
#include <bit>

#include "drivers/sync_stream.hpp"

namespace grfd {
namespace {
constexpr int kPacketCodes = mcc::kPacket / 2;
}  // namespace

MccStream::MccStream(std::uint8_t asked, double rate_hz, double drift_ppm, const Streams& streams, int sync_column,
                     int sync_input) noexcept
    : asked_(asked),
      interval_ns_(1e9 / rate_hz),
      streams_(streams),
      sync_column_(sync_column),
      sync_input_(sync_input),
      lateness_(interval_ns_, kPacketCodes / std::max(1, std::popcount(mcc::padded(asked))) * interval_ns_, drift_ppm) {
  const unsigned scanned = mcc::padded(asked);
  for (std::uint8_t input = 0; input < mcc::kChannels; ++input)
    if (scanned >> input & 1) inputs_[channels_++] = input;
}

void MccStream::restart(MccLoss cause) noexcept {
  if (half_ || channel_ > 0) ++incomplete_scans_;  // the last bytes of the scan before do not make one
  cut_ = false;
  epoch_ += started_;
  started_ = true;
  half_ = false;
  channel_ = 0;
  scan_ = 0;
  base_seq_ = next_seq_;
  first_of_epoch_ = true;
  level_known_ = false;
  restart_cause_ = cause;
  lateness_.reset();
  last_bytes_.store(kNever, std::memory_order_relaxed);
  fault_.store(nullptr, std::memory_order_release);
}

void MccStream::decode(std::span<const std::byte> bytes, TimeNs arrival, SampleBatch& out) noexcept {
  if (bytes.empty()) return;
  last_bytes_.store(arrival, std::memory_order_relaxed);
  bytes_ += bytes.size();
  if (cut_) return;
  if (lateness_.look(arrival) && !fault()) {
    ++scans_missing_;
    fail(MccLoss::scans_missing, "scans_missing");
  }
  const auto* p = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::size_t left = bytes.size();
  if (half_) {
    put(static_cast<std::uint16_t>(low_byte_ | *p << 8), arrival, out);
    ++p;
    --left;
  }
  for (; left >= 2; p += 2, left -= 2) put(static_cast<std::uint16_t>(p[0] | p[1] << 8), arrival, out);
  half_ = left == 1;
  if (half_) low_byte_ = *p;
  lateness_.count(arrival, static_cast<double>(scan_));
}

void MccStream::bytes_lost(const char* why) noexcept {
  cut_ = true;
  if (!fault()) fail(MccLoss::link_error, why);
}

void MccStream::fail(MccLoss cause, const char* name) noexcept {
  fault_cause_.store(cause, std::memory_order_relaxed);
  fault_.store(name, std::memory_order_release);
}

void MccStream::put(std::uint16_t code, TimeNs arrival, SampleBatch& out) noexcept {
  codes_[channel_] = code;
  if (++channel_ < channels_) return;
  channel_ = 0;
  emit(arrival, out);
  ++scan_;
}

void MccStream::emit(TimeNs arrival, SampleBatch& out) noexcept {
  Sample header;
  header.t_arrival = arrival;
  header.t_device = scan_;
  header.epoch = epoch();
  if (first_of_epoch_ && epoch_ > 0) {
    header.flags = kGapBefore | kNewEpoch;
    Sample& loss = out.next();
    loss = header;
    loss.flags = 0;
    loss.stream = streams_.loss;
    loss.seq = loss_seq_++;
    set_value(loss, 0, static_cast<std::int64_t>(next_seq_));
    set_value(loss, 1, std::int64_t{-1});
    set_value(loss, 2, static_cast<std::int64_t>(restart_cause_));
  }
  first_of_epoch_ = false;
  Sample& s = out.next();
  s = header;
  s.stream = streams_.scan;
  s.seq = base_seq_ + scan_;
  next_seq_ = s.seq + 1;
  double code = 0;
  for (std::size_t i = 0, column = 0; i < channels_; ++i) {
    if (!(asked_ >> inputs_[i] & 1)) continue;
    if (static_cast<int>(column) == sync_column_) code = codes_[i];
    set_value(s, column++, codes_[i]);
  }

  if (sync_column_ < 0) return;
  const bool level = level_known_ && level_ ? code > low_ : code >= high_;
  if (level_known_ && level != level_) {
    header.flags = 0;
    header.stream = streams_.sync;
    header.seq = edge_seq_++;
    push_edge(out, header, sync_input_, level);
  }
  level_ = level;
  level_known_ = true;
}

}  // namespace grfd
