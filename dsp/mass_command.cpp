#include "dsp/mass_command.hpp"

#include <cmath>
#include <cstdio>

namespace grfd {
namespace {
constexpr double kMassPatienceS = 3;  // beyond what is collected
constexpr const char* kLost = "samples were lost meanwhile; repeat it";
}  // namespace

MassCommand::MassCommand(const Settings& settings, std::vector<const ForcePlate*> plates, const TextWriter& events,
                         std::uint64_t& seq, const KnownMassParams& params)
    : params_(params),
      plates_(std::move(plates)),
      contact_n_(settings.thresholds.contact_on_n),
      events_(events),
      seq_(seq),
      mass_(params) {
  for (const PlateSettings& p : settings.plates)
    noise_.push_back({p.calibration.noise_force_n, p.calibration.noise_moment_nm});
}

void MassCommand::refuse(std::int64_t id, const char* plate, double kg, const RowTime& now, const char* reason,
                         SampleBatch& out) noexcept {
  events_.write(out, now, seq_,
                "mass_result {\"id\":%lld,\"plate\":\"%s\",\"accepted\":false,\"reason\":\"%s\",\"kg\":%s}",
                static_cast<long long>(id), plate, reason, JsonNumber(kg).text);
}

void MassCommand::give_up(const RowTime& now, const char* reason, SampleBatch& out) noexcept {
  state_.running = false;
  refuse(state_.id, plates_[state_.plate]->name().c_str(), state_.kg, now, reason, out);
}

void MassCommand::start(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept {
  const double kg = command.number("kg").value_or(kNaN);
  for (std::size_t i = 0; i < plates_.size(); ++i) {
    if (!command.says("plate", plates_[i]->name())) continue;
    const char* why = state_.running          ? "another mass is being weighed; wait for its end"
                      : !(kg > 0)             ? "its mass is not above 0 kg"
                      : plates_[i]->taring()  ? "the plate is just being zeroed; wait for its end"
                      : !plates_[i]->zeroed() ? "the plate was never zeroed: take everything off and give tare"
                                              : nullptr;
    if (why) return refuse(command.id(), plates_[i]->name().c_str(), kg, row_time(cause), why, out);
    state_ = {};
    state_.id = command.id();
    state_.started = cause.t;
    state_.kg = kg;
    state_.x_m = command.number("x_m").value_or(kNaN);
    state_.y_m = command.number("y_m").value_or(kNaN);
    state_.plate = i;
    state_.running = true;
    mass_.reset();
    return;
  }
  refuse(command.id(), "", kg, row_time(cause), "there is no such plate", out);
}

void MassCommand::tick(const Sample& tick, SampleBatch& out) noexcept {
  if (state_.running && seconds(tick.t - state_.started) > 1e-3 * params_.samples + kMassPatienceS)
    give_up(row_time(tick), mass_.samples() == 0 ? "no data from the plate" : kLost, out);
}

void MassCommand::frame(const Frame& frame, SampleBatch& out) noexcept {
  if (!state_.running || frame.t < state_.started) return;
  const PlateFrame& plate = frame.plates[state_.plate];
  bool known = plate.known;
  for (const double v : plate.wrench) known &= std::isfinite(v);
  if (plate.flags & kClipped) return give_up(row_time(frame), "a channel is at its limit; check the amplifier", out);
  if (!known && mass_.samples() == 0) return;  // still to come, or tick ends it
  if (!known || (plate.flags & kBridged)) return give_up(row_time(frame), kLost, out);
  if (plate.zeroed) return give_up(row_time(frame), "the plate was zeroed meanwhile; repeat it", out);
  for (std::size_t i = 0; i < plates_.size(); ++i) state_.others_n[i] += frame.plates[i].wrench[2];
  if (mass_.push(plate.wrench)) finish(row_time(frame), out);
}

void MassCommand::finish(const RowTime& now, SampleBatch& out) noexcept {
  KnownMassResult r = mass_.result();
  if (!(std::abs(r.mean[2]) >= contact_n_)) r.cop.x = r.cop.y = kNaN;  // of nothing there is no point
  const MassVerdict v = judge_mass(r, state_.kg, noise_[state_.plate].force_n, noise_[state_.plate].moment_nm, params_);
  for (std::size_t i = 0; i < plates_.size(); ++i) {
    const double load_n = state_.others_n[i] / r.samples;  // unknown: NaN, no load that is known of
    if (i == state_.plate || !plates_[i]->zeroed() || !(std::abs(load_n) >= contact_n_)) continue;
    char reason[160];
    std::snprintf(reason, sizeof reason, "plate %s carries %.0f N meanwhile; take everything off the other plates",
                  plates_[i]->name().c_str(), load_n);
    return give_up(now, reason, out);
  }
  if (v.refusal[0]) return give_up(now, v.refusal, out);
  state_.running = false;
  const double off_mm = 1e3 * std::hypot(r.cop.x - state_.x_m, r.cop.y - state_.y_m);
  events_.write(
      out, now, seq_,
      "mass_result {\"id\":%lld,\"plate\":\"%s\",\"accepted\":true,\"reason\":\"\",\"kg\":%s,\"expected_n\":%.4f,"
      "\"measured_n\":%.4f,\"error_percent\":%.4f,\"within\":%s,\"uncertain_n\":%.4f,\"sd_n\":%.4f,"
      "\"slope_n_s\":%.4f,\"seconds\":%.3f,\"cop_x_m\":%s,\"cop_y_m\":%s,\"x_m\":%s,\"y_m\":%s,"
      "\"cop_error_mm\":%s,\"wrench\":[%s,%s,%s,%s,%s,%s],\"hint\":\"%s\"}",
      static_cast<long long>(state_.id), plates_[state_.plate]->name().c_str(), JsonNumber(state_.kg).text,
      v.expected_n, r.mean[2], v.error_percent, v.within ? "true" : "false", v.uncertain_n, r.sd[2], r.slope_n_s,
      1e-3 * r.samples, JsonNumber(r.cop.x).text, JsonNumber(r.cop.y).text, JsonNumber(state_.x_m).text,
      JsonNumber(state_.y_m).text, JsonNumber(off_mm).text, JsonNumber(r.mean[0]).text, JsonNumber(r.mean[1]).text,
      JsonNumber(r.mean[2]).text, JsonNumber(r.mean[3]).text, JsonNumber(r.mean[4]).text, JsonNumber(r.mean[5]).text,
      v.hint);
}

}  // namespace grfd
