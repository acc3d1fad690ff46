#include "drivers/mcc_usb1608fs_plus_stream.hpp"

#include <algorithm>

#include "drivers/sync_stream.hpp"

namespace grfd {
namespace {
constexpr std::size_t kPacketCodes = mcc::kPacket / 2;
}  // namespace

MccStream::MccStream(std::size_t channels, double rate_hz, double drift_ppm, const Streams& streams, int sync_column,
                     int sync_input) noexcept
    : channels_(std::clamp<std::size_t>(channels, 1, mcc::kChannels)),
      rotates_(kPacketCodes % channels_ != 0),
      interval_ns_(1e9 / rate_hz),
      streams_(streams),
      sync_column_(sync_column),
      sync_input_(sync_input),
      lateness_(interval_ns_, static_cast<double>(kPacketCodes) / static_cast<double>(channels_) * interval_ns_,
                drift_ppm) {}

void MccStream::restart(MccLoss cause) noexcept {
  if (half_ || channel_ > 0) ++incomplete_scans_;  // the last bytes of the scan before do not make one
  rotated_from_ = rotates_ && !rotated_told_ && !lateness_.certain() ? first_uncertain() : next_seq_;
  withholding_ = rotated_told_ = false;
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
  if (!withholding_) watch(arrival, out);
  if (withholding_) {
    bytes_withheld_ += bytes.size();
    return;
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
  // Scans straddle packets: whole ones alone would come up to one interval early or late.
  lateness_.count(arrival, static_cast<double>(scan_) + static_cast<double>(channel_) / static_cast<double>(channels_));
}

void MccStream::bytes_lost(const char* why) noexcept {
  if (fault()) return;
  withholding_ = true;
  fail(MccLoss::link_error, why);
}

void MccStream::fail(MccLoss cause, const char* name) noexcept {
  fault_cause_.store(cause, std::memory_order_relaxed);
  fault_.store(name, std::memory_order_release);
}

std::uint64_t MccStream::first_uncertain() const noexcept {
  return base_seq_ + static_cast<std::uint64_t>(lateness_.certain_scans());
}

void MccStream::push_loss(const Sample& header, std::uint64_t first, std::int64_t count, MccLoss cause,
                          SampleBatch& out) noexcept {
  Sample& loss = out.next();
  loss = header;
  loss.flags = 0;
  loss.stream = streams_.loss;
  loss.seq = loss_seq_++;
  set_value(loss, 0, static_cast<std::int64_t>(first));
  set_value(loss, 1, count);
  set_value(loss, 2, static_cast<std::int64_t>(cause));
}

/// All scans from `first` to the newest one.
void MccStream::push_rotated(const Sample& header, std::uint64_t first, SampleBatch& out) noexcept {
  if (first >= next_seq_) return;
  push_loss(header, first, static_cast<std::int64_t>(next_seq_ - first), MccLoss::columns_rotated, out);
  scans_rotated_ += next_seq_ - first;
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
    push_rotated(header, rotated_from_, out);
    push_loss(header, next_seq_, -1, restart_cause_, out);
  }
  first_of_epoch_ = false;
  Sample& s = out.next();
  s = header;
  s.stream = streams_.scan;
  s.seq = base_seq_ + scan_;
  next_seq_ = s.seq + 1;
  for (std::size_t i = 0; i < channels_; ++i) set_value(s, i, codes_[i]);

  if (sync_column_ < 0) return;
  const double code = codes_[static_cast<std::size_t>(sync_column_)];
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

void MccStream::watch(TimeNs arrival, SampleBatch& out) noexcept {
  if (!lateness_.look(arrival) || fault()) return;
  ++scans_missing_;
  fail(MccLoss::scans_missing, "scans_missing");
  if (!rotates_) return;
  // Told now: whether there will be a new start nobody knows.
  Sample header;
  header.t_arrival = arrival;
  header.t_device = scan_;
  header.epoch = epoch();
  push_rotated(header, first_uncertain(), out);
  rotated_told_ = withholding_ = true;
}

}  // namespace grfd
