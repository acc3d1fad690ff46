// What a device's driver says is missing, and why: rows of losses to entries of the ledger.
#include "dsp/device_input.hpp"

namespace grfd {

void DeviceInput::take_loss(const Sample& s, const TextWriter& gaps, std::uint64_t& gap_seq,
                            SampleBatch& out) noexcept {
  Sample copy = s;
  copy.t = state_.newest_t ? state_.newest_t : s.t_arrival;
  copy.seq = state_.loss_seq++;
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
  } else {
    gaps.write(out, row_time(copy), gap_seq,
               "lost {\"stream\":\"%s\",\"cause\":\"%s\",\"first_seq\":%lld,\"count\":%lld}", stream_name.data(), why,
               static_cast<long long>(first), static_cast<long long>(count));
  }
  if (which > 1) return;
  std::uint64_t& announced = which == 0 ? state_.lost_by_driver : state_.side_lost_by_driver;
  if (count < 0)
    announced = ~std::uint64_t{0};
  else if (announced != ~std::uint64_t{0})
    announced += static_cast<std::uint64_t>(count);
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

void DeviceInput::take_state(std::string_view device_state, std::string_view cause) noexcept {
  const bool explained = (state_.outage_told & 1) != 0;  // the main stream goes on: what comes now is another outage
  if (device_state != "lost" || (state_.outage[0] && !explained) || cause.empty()) return;
  state_.outage = {};
  state_.outage_told = 0;
  const std::size_t n = std::min(cause.size(), state_.outage.size() - 1);
  std::copy_n(cause.data(), n, state_.outage.begin());
}

}  // namespace grfd
