#include "dsp/pose_command.hpp"

#include <algorithm>
#include <utility>

namespace grfd {

void PoseCommand::start(const CommandText& command) noexcept {
  state_.wanted = true;
  state_.id = command.id();
}

void PoseCommand::frame(const Frame& frame, bool weighed, SampleBatch& out) noexcept {
  const bool asked = std::exchange(state_.wanted, false);
  if (!asked && (!weighed || state_.posed)) return;
  const char* why = take(frame, asked);
  const auto id = static_cast<long long>(asked ? state_.id : 0);
  if (!why && (asked || !imus_.empty()))
    events_.write(out, row_time(frame), seq_, "pose_result {\"id\":%lld,\"accepted\":true,\"sensors\":%zu}", id,
                  imus_.size());
  else if (why && asked)
    events_.write(out, row_time(frame), seq_, "pose_result {\"id\":%lld,\"accepted\":false,\"reason\":\"%s\"}", id,
                  why);
}

const char* PoseCommand::take(const Frame& frame, bool asked) noexcept {
  const bool alone =
      !frame.plates.empty() && std::none_of(frame.plates.begin(), frame.plates.end(),
                                            [](const PlateFrame& p) { return p.known && p.filtered[2] > 100; });
  if (asked && alone) return "nobody stands on the plates";
  if (!std::all_of(imus_.begin(), imus_.end(), [](const auto& i) { return i->at_rest(); }))
    return "a sensor is not still; stand still for two seconds";
  for (auto& i : imus_) i->capture_pose();
  state_.posed = true;
  return nullptr;
}

}  // namespace grfd
