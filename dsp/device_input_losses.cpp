// What a device's driver says is missing, and why: rows of losses to entries of the ledger.
#include "dsp/device_input.hpp"

#include <algorithm>
#include <utility>

namespace grfd {
namespace {
constexpr double kTimeToStart = 1;  ///< s: so long any device takes until its first sample; no loss
constexpr char kAbsent[] = "absent";
}  // namespace

void DeviceInput::take_loss(const Sample& s, const TextWriter& gaps, std::uint64_t& gap_seq,
                            SampleBatch& out) noexcept {
  Sample copy = s;
  copy.t = state_.newest_t ? state_.newest_t : s.t_arrival;
  copy.seq = state_.loss_seq++;
  copy.epoch = told_epoch(s);
  const auto first = value<std::int64_t>(s, 0) + static_cast<std::int64_t>(state_.seq_shift);
  set_value(copy, 0, first);
  out.push(copy);
  const auto count = value<std::int64_t>(s, 1), cause = value<std::int64_t>(s, 2);
  const bool named = cause >= 0 && static_cast<std::size_t>(cause) < causes_.size();
  const std::int64_t which = loss_streams_.empty() ? 0 : value<std::int64_t>(s, 3);
  std::array<char, 160> stream_name{};
  if (which > 0 && static_cast<std::size_t>(which) < loss_streams_.size())
    std::snprintf(stream_name.data(), stream_name.size(), "raw/%s/%s", name_.c_str(),
                  loss_streams_[static_cast<std::size_t>(which)].c_str());
  else
    std::snprintf(stream_name.data(), stream_name.size(), "%s", stream_name_.c_str());
  const char* why = named ? causes_[static_cast<std::size_t>(cause)].c_str() : "unknown";
  const bool started_anew = count < 0 || (named && causes_[static_cast<std::size_t>(cause)] == "the driver restarted");
  if (started_anew && explains(which, s)) {
    gaps.write(out, row_time(copy), gap_seq,
               "lost {\"stream\":\"%s\",\"cause\":\"%s\",\"first_seq\":%lld,\"count\":%lld,\"seconds\":%.4f}",
               stream_name.data(), state_.outage.data(), static_cast<long long>(first), static_cast<long long>(count),
               state_.outage_s);
    if (which == 0 && sync_ != kNoStream && (count < 0 || !driver_tells_edges()))
      tell_edges_away(copy, state_.outage.data(), state_.outage_s, false, gaps, gap_seq, out);
  } else {
    gaps.write(out, row_time(copy), gap_seq,
               "lost {\"stream\":\"%s\",\"cause\":\"%s\",\"first_seq\":%lld,\"count\":%lld}", stream_name.data(), why,
               static_cast<long long>(first), static_cast<long long>(count));
  }
  if (which == 0) state_.trial_start = 0;  // told
  if (which > 1) return;
  std::uint64_t& announced = which == 0 ? state_.lost_by_driver : state_.side_lost_by_driver;
  if (count < 0)
    announced = ~std::uint64_t{0};
  else if (announced != ~std::uint64_t{0})
    announced += static_cast<std::uint64_t>(count);
}

bool DeviceInput::driver_tells_edges() const noexcept {
  return std::find(loss_streams_.begin(), loss_streams_.end(), "sync") != loss_streams_.end();
}

/// The driver only sees that it was started anew; the daemon knows why, and for how long. Each stream of the device has
/// its own hole of the one outage, and tells it with its own first sample.
bool DeviceInput::explains(std::int64_t which, const Sample& loss) noexcept {
  State& d = state_;
  const std::uint32_t stream = 1U << std::clamp<std::int64_t>(which, 0, 31);
  if (!d.outage[0] || (d.outage_told & stream)) return false;
  if (d.outage_told == 0) {
    d.outage_epoch = loss.epoch;
    d.outage_s = seconds(loss.t_arrival - d.newest_arrival);
  } else if (which != 0 && loss.epoch != d.outage_epoch) {
    return false;  // of a start after that
  }
  d.outage_told |= stream;
  return true;
}

void DeviceInput::begin_trial(TimeNs t) noexcept { state_.trial_start = t; }

void DeviceInput::tell_late_start(const Sample& s, const TextWriter& gaps, std::uint64_t& gap_seq,
                                  SampleBatch& out) noexcept {
  const double late_s = seconds(s.t_arrival - std::exchange(state_.trial_start, 0));
  if (late_s > kTimeToStart) tell_away(s, kAbsent, s.seq, late_s, false, gaps, gap_seq, out);
}

void DeviceInput::end_trial(const Sample& s, const TextWriter& gaps, std::uint64_t& gap_seq,
                            SampleBatch& out) noexcept {
  State& d = state_;
  if (d.away) {
    const bool unexplained = d.outage[0] && !(d.outage_told & 1);
    const double since_s = seconds(s.t - std::max(d.trial_start, d.newest_arrival));
    tell_away(s, unexplained ? d.outage.data() : kAbsent, d.next_seq, since_s, true, gaps, gap_seq, out);
  }
  d.trial_start = 0;
}

void DeviceInput::tell_away(const Sample& cause, const char* why, std::uint64_t first_seq, double seconds, bool open,
                            const TextWriter& gaps, std::uint64_t& gap_seq, SampleBatch& out) const noexcept {
  gaps.write(out, row_time(cause), gap_seq,
             "lost {\"stream\":\"%s\",\"cause\":\"%s\",\"first_seq\":%llu,\"count\":-1,\"seconds\":%.4f%s}",
             stream_name_.c_str(), why, static_cast<unsigned long long>(first_seq), seconds,
             open ? ",\"open\":true" : "");
  if (sync_ != kNoStream) tell_edges_away(cause, why, seconds, open, gaps, gap_seq, out);
}

void DeviceInput::tell_edges_away(const Sample& cause, const char* why, double seconds, bool open,
                                  const TextWriter& gaps, std::uint64_t& gap_seq, SampleBatch& out) const noexcept {
  gaps.write(out, row_time(cause), gap_seq,
             "lost {\"stream\":\"raw/%s/sync\",\"cause\":\"%s\",\"first_seq\":%llu,\"count\":-1,\"seconds\":%.4f%s}",
             name_.c_str(), why, static_cast<unsigned long long>(state_.sync_next_seq), seconds,
             open ? ",\"open\":true" : "");
}

void DeviceInput::take_state(std::string_view device_state, std::string_view cause) noexcept {
  state_.away = device_state != "streaming";
  const bool explained = (state_.outage_told & 1) != 0;  // the main stream goes on: what comes now is another outage
  if (device_state != "lost" || (state_.outage[0] && !explained) || cause.empty()) return;
  state_.outage = {};
  state_.outage_told = 0;
  const std::size_t n = std::min(cause.size(), state_.outage.size() - 1);
  std::copy_n(cause.data(), n, state_.outage.begin());
}

}  // namespace grfd
