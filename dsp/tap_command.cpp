#include "dsp/tap_command.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace grfd {
namespace {

constexpr double kPatienceS = 2;
constexpr std::size_t kWindow = TapParams::kWindow, kLag = TapParams::kLongestLag;

/// What the operator can do about it, in words.
void describe(const TapVerdict& v, const TapParams& p, char* text, std::size_t size) noexcept {
  using Reason = TapVerdict::Reason;
  switch (v.reason) {
    case Reason::none:
      text[0] = 0;
      return;
    case Reason::no_taps:
      std::snprintf(text, size, "no tap was felt by the plate; tap harder");
      return;
    case Reason::gap:
      std::snprintf(text, size, "samples were lost meanwhile; tap again");
      return;
    case Reason::no_match:
      std::snprintf(text, size, "it does not feel the taps (best r %.2f); does it lie on the plate?", v.r);
      return;
    case Reason::too_few:
      std::snprintf(text, size, "only %zu taps of %zu are clear enough; tap again", v.taps, p.taps_min);
      return;
    case Reason::spread:
      std::snprintf(text, size, "the taps differ by %.1f ms; tap again", 1e3 * v.spread_s);
      return;
  }
}

}  // namespace

TapCommand::TapCommand(std::vector<Plate> plates, std::vector<Imu> imus, const TextWriter& events, std::uint64_t& seq,
                       const TapParams& params)
    : params_(params),
      plates_(std::move(plates)),
      imus_(std::move(imus)),
      plate_track_(params),
      detector_(params),
      events_(events),
      seq_(seq) {
  channels_.resize(imus_.size(), Channel{TapTrack(params), {}, {}});
}

void TapCommand::refuse(std::int64_t id, const Sample& cause, const char* reason, SampleBatch& out) noexcept {
  events_.write(out, row_time(cause), seq_, "tap_result {\"id\":%lld,\"accepted\":false,\"imus\":[],\"reason\":\"%s\"}",
                static_cast<long long>(id), reason);
}

void TapCommand::start(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept {
  if (state_.running) return refuse(command.id(), cause, "another tap test is running", out);
  std::uint32_t plate = 0;
  while (plate < plates_.size() && !command.says("plate", plates_[plate].plate->name())) ++plate;
  if (plate == plates_.size()) return refuse(command.id(), cause, "there is no such plate", out);
  if (imus_.empty()) return refuse(command.id(), cause, "there is no inertial sensor", out);
  const double seconds = std::clamp(command.number("seconds").value_or(15), 1.0, 120.0);
  state_ = {};
  state_.id = command.id();
  state_.started = cause.t;
  state_.frames_wanted = static_cast<std::uint64_t>(seconds * 1000);
  state_.plate = plate;
  state_.running = true;
  plate_track_.reset();
  detector_.reset();
  for (Channel& c : channels_) c.track.reset(), c.series.reset();
}

void TapCommand::use(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept {
  int used = 0;
  for (std::size_t i = 0; i < imus_.size(); ++i)
    if (const auto delay = command.number(imus_[i].device->name()); delay && std::abs(*delay) <= 1) {
      imus_[i].device->set_delay(*delay);
      channels_[i].earlier = {};
      ++used;
    }
  events_.write(out, row_time(cause), seq_, "delays_result {\"id\":%lld,\"accepted\":%s,\"sensors\":%d}",
                static_cast<long long>(command.id()), used > 0 ? "true" : "false", used);
}

void TapCommand::frame(const Frame& frame, SampleBatch& out) noexcept {
  State& s = state_;
  if (!s.running) return;
  const double fz = frame.plates[s.plate].wrench[2];
  plate_track_.push(fz);
  for (std::size_t i = 0; i < imus_.size(); ++i)
    channels_[i].track.push(imus_[i].imu->force_at(frame.t, imus_[i].device->interval_s()));
  const std::uint64_t now = s.frames++;
  // A tap at the very beginning has no window before it.
  if (detector_.push(fz) && now >= kWindow + kLag && now < s.frames_wanted) {
    if (s.taps < kMostTaps)
      s.tap[s.taps++] = now;
    else
      ++s.too_many;
  }
  evaluate();
  if (s.frames >= s.frames_wanted && s.done == s.taps) finish(row_time(frame), out);
}

void TapCommand::evaluate() noexcept {
  State& s = state_;
  if (s.done == s.taps) return;
  const std::uint64_t tap = s.tap[s.done];
  if (s.frames < tap + kWindow + kLag + 1) return;
  std::array<float, 2 * kWindow + 1> plate;
  std::array<float, 2 * (kWindow + kLag) + 1> sensor;
  Channel& c = channels_[s.next_imu];
  if (plate_track_.copy(tap - kWindow, plate) && c.track.copy(tap - kWindow - kLag, sensor))
    c.series.add(match_tap(plate, sensor), params_);
  else
    c.series.add_gap();
  if (++s.next_imu < channels_.size()) return;
  s.next_imu = 0;
  ++s.done;
}

void TapCommand::tick(const Sample& tick, SampleBatch& out) noexcept {
  if (state_.running &&
      seconds(tick.t - state_.started) > static_cast<double>(state_.frames_wanted) * 1e-3 + kPatienceS)
    finish(row_time(tick), out);
}

void TapCommand::finish(const RowTime& now, SampleBatch& out) noexcept {
  State& s = state_;
  s.running = false;
  char list[5600];
  std::size_t used = 0;
  bool any = false, any_moved = false;
  list[0] = 0;
  for (std::size_t i = 0; i < imus_.size(); ++i) {
    DeviceInput& device = *imus_[i].device;
    const TapVerdict v = channels_[i].series.verdict(params_);
    const bool settling = device.settling() || plates_[s.plate].device->settling();
    const double delay = device.delay_s() + v.delay_s;
    Earlier& earlier = channels_[i].earlier;
    const bool repeated = v.accepted() && earlier.known && plates_[earlier.plate].device == plates_[s.plate].device,
               earlier_settling = repeated && earlier.settling;
    const bool moved = repeated && std::abs(v.delay_s) > params_.change_max_s;
    if (v.accepted()) {
      device.set_delay(delay);
      earlier = {1, settling, s.plate};
    }
    any |= v.accepted();
    any_moved |= moved;
    char reason[100];
    describe(v, params_, reason, sizeof reason);
    const int n = std::snprintf(list + used, sizeof list - used,
                                "%s{\"imu\":\"%s\",\"accepted\":%s,\"reason\":\"%s\",\"delay_s\":%s,\"change_s\":%s,"
                                "\"spread_s\":%s,\"taps\":%zu,"
                                "\"r\":%.4f,\"settling\":%s,\"repeated\":%s,\"moved\":%s%s}",
                                used ? "," : "", imus_[i].imu->name().c_str(), v.accepted() ? "true" : "false", reason,
                                JsonNumber(device.delay_s()).text, JsonNumber(v.accepted() ? v.delay_s : kNaN).text,
                                JsonNumber(v.taps ? v.spread_s : kNaN).text, v.taps, v.r, settling ? "true" : "false",
                                repeated ? "true" : "false", moved ? "true" : "false",
                                earlier_settling ? ",\"earlier_settling\":true" : "");
    used = std::min(used + static_cast<std::size_t>(n), sizeof list - 1);
  }
  events_.write(
      out, now, seq_,
      "tap_result "
      "{\"id\":%lld,\"accepted\":%s,\"plate\":\"%s\",\"taps\":%u,\"moved\":%s,\"moved_above_s\":%s,\"imus\":[%s]}",
      static_cast<long long>(s.id), any ? "true" : "false", plates_[s.plate].plate->name().c_str(), s.taps + s.too_many,
      any_moved ? "true" : "false", JsonNumber(params_.change_max_s).text, list);
}

void TapCommand::states(StatePieces& pieces) {
  add_state(pieces, state_);
  add_state(pieces, plate_track_.state());
  add_state(pieces, plate_track_.filter().state());
  add_state(pieces, detector_.state());
  for (Channel& c : channels_) {
    add_state(pieces, c.track.state());
    add_state(pieces, c.track.filter().state());
    add_state(pieces, c.series.state());
    add_state(pieces, c.earlier);
  }
}

}  // namespace grfd
