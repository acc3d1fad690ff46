#include "dsp/pose_command.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace grfd {
namespace {
constexpr std::int64_t kAllTicks = 3000;   // of quiet standing, for the last sensor to come to rest
constexpr double kNobodyN = 100;           // on a plate
constexpr std::int64_t kTellTicks = 5000;  // after the weighing; without one, after the start
}  // namespace

void PoseCommand::start(const CommandText& command) noexcept {
  state_.wanted = true;
  state_.id = command.id();
}

void PoseCommand::frame(const Frame& frame, SampleBatch& out) noexcept {
  watch_zeros();
  if (std::exchange(state_.wanted, false)) asked(frame, out);
  weighs_ ? by_itself(frame, out) : at_first_rest(frame, out);
}

void PoseCommand::watch_zeros() noexcept {
  State& s = state_;
  const auto zeroed = static_cast<std::uint8_t>(
      std::count_if(plates_.begin(), plates_.end(), [](const auto& plate) { return plate->zeroed(); }));
  if (weighs_ && zeroed > s.plates_zeroed) {
    s.posed &= ~std::exchange(s.by_itself, 0);
    s.weighed = false;
    s.standing = s.waiting = 0;
  }
  s.plates_zeroed = zeroed;
}

PoseCommand::Sensors PoseCommand::streaming(Sensors which) const noexcept {
  for (std::size_t i = 0; i < imus_.size(); ++i)
    if (!devices_[i]->streaming()) which &= ~(Sensors{1} << i);
  return which;
}

PoseCommand::Sensors PoseCommand::at_rest(Sensors which) const noexcept {
  which = streaming(which);
  for (std::size_t i = 0; i < imus_.size(); ++i)
    if (!imus_[i]->at_rest()) which &= ~(Sensors{1} << i);
  return which;
}

/// A sensor that moves refuses it, as half a new pose fits no old one; one that gives nothing is left out.
void PoseCommand::asked(const Frame& frame, SampleBatch& out) noexcept {
  const auto id = static_cast<long long>(state_.id);
  const bool alone =  // a plate that is unknown may bear the subject
      !frame.plates.empty() && std::all_of(frame.plates.begin(), frame.plates.end(),
                                           [](const PlateFrame& p) { return p.known && p.filtered[2] <= kNobodyN; });
  const Sensors here = streaming(all()), moving = here & ~at_rest(all());
  const auto refuse = [&](const char* why, const char* hint) {
    events_.write(out, row_time(frame), seq_, "pose_result {\"id\":%lld,\"accepted\":false,\"reason\":\"%s%s\"}", id,
                  why, hint);
  };
  if (alone) return refuse("nobody stands on the plates", "");
  if (imus_.empty()) return refuse("there is no inertial sensor", "");
  if (moving != 0) return refuse(words(moving).text.data(), "; stand still for two seconds");
  if (here == 0) return refuse(words(all()).text.data(), "");
  take(here, id, all() & ~here, frame, out);
}

void PoseCommand::by_itself(const Frame& frame, SampleBatch& out) noexcept {
  State& s = state_;
  // The detector holds over a hole that a subject stands; nobody knows whether that is still so.
  const bool known = !std::isnan(frame.derived.fz_n[0] + frame.derived.fz_n[1]);
  const bool now = std::exchange(frame.squat->weighed, false), standing = now || (known && frame.squat->standing);
  s.weighed = s.weighed || now;
  const Sensors missing = all() & ~s.posed;
  if (!s.weighed || missing == 0) return;
  if (standing) ++s.standing;
  if (s.posed == 0) ++s.waiting;
  const Sensors here = streaming(missing), ready = at_rest(missing);
  if (standing && ready != 0 && (ready == here || s.standing > kAllTicks)) {
    s.standing = 0;  // the next of those left out has its time, too
    return take(ready, 0, missing & ~ready, frame, out);
  }
  if (s.posed != 0 || s.waiting <= kTellTicks || std::exchange(s.said, true)) return;
  events_.write(out, row_time(frame), seq_, "pose_waiting {\"reason\":\"%s\",\"left_out\":[%s]}",
                standing ? "no sensor has been still for 1.5 s" : "the subject does not stand still",
                json(missing & ~ready).text.data());
}

void PoseCommand::at_first_rest(const Frame& frame, SampleBatch& out) noexcept {
  State& s = state_;
  const Sensors missing = all() & ~s.posed;
  if (missing == 0) return;
  if (s.posed == 0) ++s.waiting;
  const Sensors here = streaming(all()), still = at_rest(all());
  const bool waited = s.waiting > kTellTicks;
  const bool in_repetition = frame.squat->looks_for_repetitions && !frame.squat->standing_quiet;
  if (!in_repetition && still == here && (still & missing) != 0 && (here == all() || s.posed != 0 || waited))
    return take(still & missing, 0, missing & ~still, frame, out);
  if (s.posed != 0 || !waited || std::exchange(s.said, true)) return;
  events_.write(out, row_time(frame), seq_, "pose_waiting {\"reason\":\"%s\",\"left_out\":[%s]}",
                still == 0 ? "no sensor has been still for 1.5 s" : "not all sensors are still at once",
                json(missing & ~still).text.data());
}

void PoseCommand::take(Sensors which, std::int64_t id, Sensors left_out, const Frame& frame,
                       SampleBatch& out) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < imus_.size(); ++i) {
    if ((which >> i & 1) == 0) continue;
    imus_[i]->capture_pose();
    ++count;
  }
  state_.posed |= which;
  state_.by_itself = id == 0 ? state_.by_itself | which : state_.by_itself & ~which;
  const char* const unweighed = weighs_ || id != 0 ? "" : ",\"unweighed\":true";
  if (left_out == 0)
    events_.write(out, row_time(frame), seq_, "pose_result {\"id\":%lld,\"accepted\":true,\"sensors\":%zu%s}",
                  static_cast<long long>(id), count, unweighed);
  else
    events_.write(out, row_time(frame), seq_,
                  "pose_result {\"id\":%lld,\"accepted\":true,\"sensors\":%zu%s,\"left_out\":[%s]}",
                  static_cast<long long>(id), count, unweighed, json(left_out).text.data());
}

/// foot_left is not still, shank_left is without data; or as entries of a JSON array
PoseCommand::Text PoseCommand::each(Sensors which, bool json) const noexcept {
  Text all;
  std::size_t n = 0;
  for (std::size_t i = 0; i < imus_.size() && n < all.text.size(); ++i) {
    if ((which >> i & 1) == 0) continue;
    const char *name = imus_[i]->name().c_str(), *why = devices_[i]->streaming() ? "not still" : "without data";
    char* const to = all.text.data() + n;
    const std::size_t room = all.text.size() - n;
    const int added =
        json ? std::snprintf(to, room, "%s{\"imu\":\"%s\",\"reason\":\"%s\"}", n == 0 ? "" : ",", name, why)
             : std::snprintf(to, room, "%s%s is %s", n == 0 ? "" : ", ", name, why);
    n += static_cast<std::size_t>(added);
  }
  return all;
}

}  // namespace grfd
