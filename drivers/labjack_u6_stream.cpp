#include "drivers/labjack_u6_stream.hpp"

#include <algorithm>

#include "drivers/sync_stream.hpp"

namespace grfd {
using namespace u6;
namespace {
constexpr std::size_t kLatePackets = 4;  // in which the mark of a report that came without it may still begin
}

U6Stream::U6Stream(std::size_t channels, double rate_hz, StreamId scan, StreamId loss) noexcept
    : channels_(std::clamp<std::size_t>(channels, 1, kMaxChannels)),
      ambiguous_after_(
          static_cast<TimeNs>(0.8e9 * 256 * kSamplesPerPacket / (static_cast<double>(channels_) * rate_hz))),
      scan_stream_(scan),
      loss_stream_(loss) {}

void U6Stream::restart(U6Loss cause) noexcept {
  if (restart_cause_ == U6Loss::restart) restart_cause_ = cause;
  epoch_ += started_;
  started_ = true;
  carried_ = 0;
  skipped_ = 0;
  await_origin_ = true;
  expected_ = 0;
  halted_ = false;
  scan_ = 0;
  channel_ = 0;
  partial_ = all_ones_ = recovering_ = seeking_ = last_chance_ = false;
  late_codes_ = 0;
  levels_known_ = false;
  base_seq_ = next_seq_;
  first_of_epoch_ = true;
  hole_ = U6Loss{};
  last_packet_.store(kNever, std::memory_order_relaxed);
  fault_.store(nullptr, std::memory_order_release);
}

void U6Stream::decode(std::span<const std::byte> bytes, TimeNs arrival, SampleBatch& out) noexcept {
  const auto* p = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::size_t left = bytes.size();
  while (left > 0) {
    if (carried_ == 0 && left >= kPacket) {
      const std::size_t used = packet(p, arrival, out) ? kPacket : 1;
      p += used;
      left -= used;
      continue;
    }
    const std::size_t take = std::min(kPacket - carried_, left);
    std::copy_n(p, take, carry_.begin() + static_cast<std::ptrdiff_t>(carried_));
    carried_ += take;
    p += take;
    left -= take;
    if (carried_ < kPacket) return;
    if (packet(carry_.data(), arrival, out)) {
      carried_ = 0;
    } else {  // drop one byte and look again with the next one
      std::copy(carry_.begin() + 1, carry_.end(), carry_.begin());
      carried_ = kPacket - 1;
    }
  }
}

/// Takes the 64 bytes at p if they are a packet. A rejected one is searched byte by byte for the next, so that the next
/// 64-byte boundary is found as well as a packet after bytes that went missing.
bool U6Stream::packet(const std::uint8_t* p, TimeNs arrival, SampleBatch& out) noexcept {
  const bool header =
      p[1] == kStreamData && p[2] == kSamplesPerPacket + 4 && p[3] == 0xc0 && p[0] == checksum8({p + 1, 5});
  if (!header || checksum16({p + 6, kPacket - 6}) != read16(p + 4)) {
    if (header)
      ++bad_checksum_;
    else if (skipped_ == 0)
      ++bad_header_;
    ++skipped_;
    ++resync_bytes_;
    return false;
  }
  const std::uint64_t rejected = (skipped_ + kPacket - 1) / kPacket;
  skipped_ = 0;
  const std::uint8_t counter = p[10], code = p[11];
  const TimeNs before = last_packet_.load(std::memory_order_relaxed);
  last_packet_.store(arrival, std::memory_order_relaxed);
  if (halted_) return ++after_fault_, true;
  if (await_origin_ && counter != (rejected & 0xff)) return ++stale_packet_, true;  // left over from an earlier stream
  const unsigned missing = static_cast<std::uint8_t>(counter - expected_);
  if (missing != 0 && !await_origin_ && arrival - before > ambiguous_after_) {
    ++ambiguous_;
    return halt(U6Loss::counter_ambiguous, "packet_counter_ambiguous"), true;
  }
  await_origin_ = false;
  expected_ = static_cast<std::uint8_t>(counter + 1);
  if (missing != 0) {
    if (recovering_ && code == 0) {
      ++report_lost_;
      return halt(U6Loss::report_lost, "auto_recovery_report_lost"), true;
    }
    jump(missing, rejected >= missing ? U6Loss::bad_packet : U6Loss::packet_lost);
  }
  ++packets_;
  switch (code) {
    case 0:
      break;
    case kRecoverActive:
      ++recovery_packets_;
      recovering_ = true;
      break;
    case kRecoverReport:
      ++recovery_reports_;
      if (seeking_) unplaced();
      recovering_ = false;
      seeking_ = true;
      left_out_ = std::max<std::uint64_t>(1, read16(p + 6));
      break;
    case kRecoverOverflow:
      ++recovery_overflow_;
      return halt(U6Loss::auto_recovery_overflow, "auto_recovery_overflow"), true;
    default:
      ++fatal_code_;
      return halt(U6Loss::fatal_code, error_name(code)), true;
  }
  if (p[kPacket - 2] > 128) ++backlog_high_;
  for (int i = 0; i < kSamplesPerPacket; ++i) put(read16(p + 12 + 2 * i), arrival, out);
  if (seeking_ && code == kRecoverReport) {
    last_chance_ = channel_ > 0 && all_ones_;
    if (!last_chance_) unplaced();
  }
  return true;
}

/// `packets` packets did not come: the scans on both sides of the hole are incomplete and go with them.
void U6Stream::jump(unsigned packets, U6Loss cause) noexcept {
  if (seeking_) {  // the dummy's end is in the hole
    scan_ += left_out_ - 1;
    seeking_ = last_chance_ = false;
    hole(U6Loss::auto_recovery);
  }
  late_codes_ = 0;
  packet_lost_ += packets;
  hole(cause);
  const std::size_t samples = channel_ + packets * kSamplesPerPacket;
  scan_ += samples / channels_;
  channel_ = samples % channels_;
  partial_ = channel_ != 0;
  all_ones_ = false;
}

void U6Stream::put(std::uint16_t code, TimeNs arrival, SampleBatch& out) noexcept {
  all_ones_ = (channel_ == 0 || all_ones_) && code == 0xffff;
  codes_[channel_] = code;
  late_codes_ -= late_codes_ > 0;
  if (++channel_ < channels_) return;
  channel_ = 0;
  if (late_codes_ > 0 && all_ones_ && !seeking_) {  // its instant is one of those that the report counted
    late_codes_ = 0;
    ++recovery_late_;
    return;
  }
  if (seeking_ && all_ones_) {
    scan_ += left_out_;
    seeking_ = last_chance_ = false;
    hole(U6Loss::auto_recovery);
    return;
  }
  if (!partial_) emit(arrival, out);
  partial_ = false;
  ++scan_;
  if (last_chance_) unplaced();
}

/// The report's mark was not found: the time that passed is known, its place only to one packet. Should the mark still
/// come it is no data.
void U6Stream::unplaced() noexcept {
  late_codes_ = kLatePackets * kSamplesPerPacket + channels_;
  scan_ += left_out_;
  seeking_ = last_chance_ = false;
  ++recovery_unplaced_;
  hole(U6Loss::auto_recovery_unplaced);
}

void U6Stream::halt(U6Loss cause, const char* why) noexcept {
  halted_ = true;
  restart_cause_ = cause;
  fault_.store(why, std::memory_order_release);
}

void U6Stream::emit(TimeNs arrival, SampleBatch& out) noexcept {
  const std::uint64_t seq = base_seq_ + scan_;
  std::uint16_t flags = 0;
  if (first_of_epoch_ && epoch_ > 0) {
    flags = kGapBefore | kNewEpoch;
    lose(next_seq_, -1, restart_cause_, arrival, out);
    restart_cause_ = U6Loss::restart;
  } else if (seq != next_seq_) {
    flags = kGapBefore;
    lose(next_seq_, static_cast<std::int64_t>(seq - next_seq_), hole_, arrival, out);
    scans_lost_ += seq - next_seq_;
  }
  first_of_epoch_ = false;
  hole_ = U6Loss{};
  next_seq_ = seq + 1;
  Sample& s = out.next();
  s.seq = seq;
  s.t_arrival = arrival;
  s.t_device = scan_;
  s.stream = scan_stream_;
  s.flags = flags;
  s.epoch = epoch();
  for (std::size_t i = 0; i < channels_; ++i) set_value(s, i, codes_[i]);
  if (sync_bits_ != 0) edges(Sample(s), out);
}

/// The levels at the start are no edges. After a hole a level that differs is one edge, which may lie in the hole.
void U6Stream::edges(const Sample& scan, SampleBatch& out) noexcept {
  const std::int32_t now = codes_[channels_ - 1], changed = levels_known_ ? (now ^ levels_) & sync_bits_ : 0;
  levels_ = now;
  levels_known_ = true;
  Sample header = scan;
  header.stream = sync_stream_;
  header.flags = scan.flags & kGapBefore;
  header.data = {};
  for (int line = 0; line < 16; ++line) {
    if (!(changed >> line & 1)) continue;
    header.seq = sync_seq_++;
    push_edge(out, header, line, (now >> line & 1) != 0);
  }
}

void U6Stream::lose(std::uint64_t first, std::int64_t count, U6Loss cause, TimeNs arrival, SampleBatch& out) noexcept {
  Sample& s = out.next();
  s.seq = loss_seq_++;
  s.t_arrival = arrival;
  s.t_device = scan_;
  s.stream = loss_stream_;
  s.epoch = epoch();
  set_value(s, 0, static_cast<std::int64_t>(first));
  set_value(s, 1, count);
  set_value(s, 2, static_cast<std::int64_t>(cause));
}

}  // namespace grfd
