#include "dsp/lunge_command.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace grfd {
namespace {

constexpr double kPatienceS = 2;
const char* name(std::size_t side) noexcept { return to_string(static_cast<Side>(side)); }

}  // namespace

LungeCommand::LungeCommand(const Settings& settings, std::vector<std::unique_ptr<InertialSensor>>& imus,
                           const std::vector<DeviceInput*>& devices, const TextWriter& events, std::uint64_t& seq,
                           const LungeParams& params)
    : params_(params), imus_(imus), devices_(devices), events_(events), seq_(seq), trial_(params) {
  for (std::size_t i = 0; i < settings.imus.size(); ++i) {
    const ImuSettings& imu = settings.imus[i];
    Place& p = places_[static_cast<std::size_t>(imu.side)];
    if (imu.segment == Segment::shank && p.shank == kNone) p.shank = i;
    if (imu.segment == Segment::foot && p.foot == kNone) p.foot = i;
  }
}

bool LungeCommand::has_zero(std::size_t side) const noexcept {
  const Place& p = places_[side];
  return p.known() && imus_[p.shank]->segment().has_frame && imus_[p.foot]->segment().has_frame;
}

std::array<Mat3, 2> LungeCommand::zero(std::size_t side) const noexcept {
  return {imus_[places_[side].shank]->segment().frame, imus_[places_[side].foot]->segment().frame};
}

/// Empty: nothing stands in the way.
LungeCommand::Reason LungeCommand::why_unknown(std::size_t side) const noexcept {
  Reason r;
  const Place& p = places_[side];
  if (!p.known()) {
    std::snprintf(r.text.data(), r.text.size(), "the %s ankle has no sensor on its %s", name(side),
                  p.shank == kNone ? "shank" : "foot");
    return r;
  }
  for (const std::size_t i : {p.shank, p.foot}) {
    const SegmentCalibration& s = imus_[i]->segment();
    const char* why = !devices_[i]->streaming() ? "is without data"
                      : !s.has_pose             ? "has no standing zero: stand still for two seconds, then give pose"
                      : s.source == AxisSource::none ? "has no axis yet: set ml_axis_left, or calibrate"
                      : !s.has_frame ? "has an axis that is upright in standing: correct ml_axis_left, or calibrate"
                                     : nullptr;
    if (!why) continue;
    std::snprintf(r.text.data(), r.text.size(), "%s %s", imus_[i]->name().c_str(), why);
    return r;
  }
  return r;
}

/// What the operator can do about it, in words; empty: it is a trial.
LungeCommand::Reason LungeCommand::why_none(const LungeResult& r) const noexcept {
  Reason why;
  char* const text = why.text.data();
  const std::size_t size = why.text.size();
  if (r.lost > params_.lost_max || std::isnan(r.start_deg) || std::isnan(r.start_pitch_deg))
    std::snprintf(text, size, "the ankle was unknown in %.0f %% of the time; look at its sensors and repeat it",
                  100 * r.lost);
  else if (std::abs(r.start_pitch_deg) > params_.tilt_max_deg)
    std::snprintf(text, size, "the %s up from the start, by %.1f deg; put the foot flat and repeat it",
                  r.start_pitch_deg > 0 ? "heel is" : "toes are", std::abs(r.start_pitch_deg));
  else if (!(r.angle_deg - r.start_deg >= params_.moved_min_deg))
    std::snprintf(text, size,
                  "the ankle bent by only %.1f deg with the heel down; begin with the knee back, then bend it to the "
                  "wall",
                  r.angle_deg - r.start_deg);
  else if (r.angle_deg > params_.possible_deg)
    std::snprintf(text, size, "%.0f deg is more than an ankle can; do the sensors sit tight?", r.angle_deg);
  return why;
}

void LungeCommand::refuse(std::int64_t id, std::size_t side, const RowTime& now, const char* reason,
                          SampleBatch& out) noexcept {
  events_.write(
      out, now, seq_, "lunge_result {\"id\":%lld,\"side\":\"%s\",\"accepted\":false,\"reason\":\"%s\",\"trials\":%llu}",
      static_cast<long long>(id), name(side), reason, static_cast<unsigned long long>(state_.trials[side].count));
}

void LungeCommand::start(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept {
  const std::size_t side = command.says("side", "right") ? 1 : 0;
  if (state_.running)
    return refuse(command.id(), side, row_time(cause), "another trial is running; wait for its end", out);
  if (const Reason why = why_unknown(side); why.text[0])
    return refuse(command.id(), side, row_time(cause), why.text.data(), out);
  state_.id = command.id();
  state_.started = cause.t;
  state_.side = side;
  state_.steps_wanted =
      static_cast<std::uint64_t>(std::clamp(command.number("seconds").value_or(10), 1.0, 120.0) * 1000);
  state_.steps = 0;
  state_.running = true;
  trial_.reset();
}

void LungeCommand::use(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept {
  int used = 0;
  std::array<Reason, 2> why;
  std::array<double, 2> deg{kNaN, kNaN};
  for (std::size_t side = 0; side < 2; ++side) {
    const auto given = command.number(name(side));
    if (!given) continue;
    Trials& t = state_.trials[side];
    char* const text = why[side].text.data();
    const std::size_t size = why[side].text.size();
    if (!(*given > 0 && *given <= params_.possible_deg))
      std::snprintf(text, size, "%s: %g deg is more than an ankle can", name(side), *given);
    else if (!has_zero(side))
      why[side] = why_unknown(side);
    else if (t.count > 0)
      std::snprintf(text, size, "%s: trials of this session are in use", name(side));
    if (text[0]) continue;
    t = {};
    t.zero = zero(side);
    t.room_deg = deg[side] = *given;
    ++used;
  }
  std::array<char, 2 * sizeof why[0].text + 4> both;
  std::snprintf(both.data(), both.size(), "%s%s%s", why[0].text.data(), why[0].text[0] && why[1].text[0] ? "; " : "",
                why[1].text.data());
  events_.write(out, row_time(cause), seq_,
                "lunges_result {\"id\":%lld,\"accepted\":%s,\"left_deg\":%s,\"right_deg\":%s,\"reason\":\"%s\"}",
                static_cast<long long>(command.id()), used > 0 ? "true" : "false", JsonNumber(deg[0]).text,
                JsonNumber(deg[1]).text, both.data());
}

void LungeCommand::watch_zero(std::size_t side, const RowTime& now, SampleBatch& out) noexcept {
  Trials& t = state_.trials[side];
  const bool held = t.count > 0 || !std::isnan(t.room_deg);
  if (!held || (has_zero(side) && zero(side) == t.zero)) return;
  events_.write(out, now, seq_,
                "lunge_cleared {\"side\":\"%s\",\"trials\":%llu,\"room_deg\":%s,\"reason\":\"a new standing pose or "
                "axis: another zero\"}",
                name(side), static_cast<unsigned long long>(t.count), JsonNumber(t.room_deg).text);
  t = {};
}

void LungeCommand::prepare(Frame& frame, SampleBatch& out) noexcept {
  for (std::size_t side = 0; side < 2; ++side) {
    watch_zero(side, row_time(frame), out);
    frame.measured_room_deg[side] = state_.trials[side].room_deg;
  }
  frame.knee_to_wall = state_.running;
}

void LungeCommand::frame(const Frame& frame, SampleBatch& out) noexcept {
  State& s = state_;
  if (!s.running) return;
  if (s.steps == 0) s.zero = zero(s.side);
  trial_.push(frame.derived.dorsiflexion_deg[s.side], frame.derived.foot_pitch_deg[s.side]);
  if (++s.steps >= s.steps_wanted) finish(row_time(frame), out);
}

void LungeCommand::tick(const Sample& tick, SampleBatch& out) noexcept {
  if (state_.running && seconds(tick.t - state_.started) > static_cast<double>(state_.steps_wanted) * 1e-3 + kPatienceS)
    finish(row_time(tick), out);
}

void LungeCommand::finish(const RowTime& now, SampleBatch& out) noexcept {
  State& s = state_;
  s.running = false;
  if (const Reason why = why_unknown(s.side); why.text[0]) return refuse(s.id, s.side, now, why.text.data(), out);
  if (s.steps == 0 || zero(s.side) != s.zero)
    return refuse(s.id, s.side, now, s.steps == 0 ? "no data came" : "the standing zero changed meanwhile; repeat it",
                  out);
  const LungeResult r = trial_.result();
  if (const Reason why = why_none(r); why.text[0]) return refuse(s.id, s.side, now, why.text.data(), out);
  accept(r, now, out);
}

void LungeCommand::accept(const LungeResult& r, const RowTime& now, SampleBatch& out) noexcept {
  Trials& t = state_.trials[state_.side];
  t.zero = state_.zero;
  const double off = r.angle_deg - t.mean_deg;
  ++t.count;
  t.mean_deg += off / static_cast<double>(t.count);
  t.squares_deg2 += off * (r.angle_deg - t.mean_deg);
  if (!(r.angle_deg <= t.room_deg)) t.room_deg = r.angle_deg;
  const double sd = t.count > 1 ? std::sqrt(t.squares_deg2 / static_cast<double>(t.count - 1)) : kNaN;
  events_.write(out, now, seq_,
                "lunge_result {\"id\":%lld,\"side\":\"%s\",\"accepted\":true,\"reason\":\"\",\"trials\":%llu,"
                "\"angle_deg\":%.3f,\"best_deg\":%.3f,\"sd_deg\":%s,\"heel_down\":%.4f,\"cm\":%.2f,\"start_deg\":%.3f,"
                "\"start_pitch_deg\":%.3f,\"lost\":%.4f,\"seconds\":%.3f}",
                static_cast<long long>(state_.id), name(state_.side), static_cast<unsigned long long>(t.count),
                r.angle_deg, t.room_deg, JsonNumber(sd).text, r.heel_down, r.angle_deg / params_.deg_per_cm,
                r.start_deg, r.start_pitch_deg, r.lost, r.seconds);
}

}  // namespace grfd
