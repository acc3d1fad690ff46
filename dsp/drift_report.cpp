#include "dsp/drift_report.hpp"

#include <algorithm>

namespace grfd {
namespace {
constexpr double kEvery_s = 1, kMoved_n = 0.05;
}

void DriftReport::tell(const std::string& plate, const PlateModel& model, const DriftZero& drift, const PlateAdc& adc,
                       const PlateCodes& zero, double fz_n, double t_s, const Sample& cause, const TextWriter& events,
                       std::uint64_t& event_seq, SampleBatch& out) noexcept {
  State& s = state_;
  if (!s.started) {
    s.started = true;
    s.warned_at_s = t_s;
  }
  if (t_s - std::max(drift.unloaded_at_s(), s.warned_at_s) > drift.overdue_s()) {
    s.warned_at_s = t_s;
    events.write(out, row_time(cause), event_seq,
                 "drift_zero_overdue {\"plate\":\"%s\",\"seconds\":%.0f,\"reason\":\"no unloaded second; step off the "
                 "plate for two seconds\"}",
                 plate.c_str(), t_s - drift.unloaded_at_s());
  }
  if (drift.off_zero() && !s.told_off)
    events.write(
        out, row_time(cause), event_seq,
        "drift_zero_off {\"plate\":\"%s\",\"fz_n\":%s,\"reason\":\"quiet but off zero; when nobody and nothing is "
        "on it: tare\"}",
        plate.c_str(), JsonNumber(fz_n).text);
  s.told_off = drift.off_zero();
  const bool changed = drift.following() != s.told_following;
  if (!changed && !(drift.following() && t_s - s.told_at_s >= kEvery_s)) return;
  if (changed && drift.following() && s.told_at_s == 0)
    s.told_zero = zero;  // what was before is no drift: nothing followed it
  PlateZero before;
  before.codes = s.told_zero;
  const Wrench6 moved = model.lab(model.sensor(tared_volts(adc, zero, before)));
  if (!changed) {
    s.told_at_s = t_s;
    if (!(std::max({std::abs(moved[0]), std::abs(moved[1]), std::abs(moved[2])}) >= kMoved_n)) return;
  }
  s.told_following = drift.following();
  s.told_at_s = t_s;
  s.told_zero = zero;
  events.write(
      out, row_time(cause), event_seq,
      "drift_zero "
      "{\"plate\":\"%s\",\"state\":\"%s\",\"reason\":\"%s\",\"moved_fx_n\":%s,\"moved_fy_n\":%s,\"moved_fz_n\":%s}",
      plate.c_str(), drift.following() ? "following" : "held", to_string(drift.reason()), JsonNumber(moved[0]).text,
      JsonNumber(moved[1]).text, JsonNumber(moved[2]).text);
}

}  // namespace grfd
