// Words for StreamInfo::parameters, made from the values that are used: a changed setting changes the text.
#pragma once
#include <cstdio>
#include <string>

#include "schemas/settings.hpp"

namespace grfd {

/// "0.1"
inline std::string short_number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}
/// "0.1 m"
inline std::string quantity(double value, const char* unit) {
  char text[48];
  std::snprintf(text, sizeof text, "%.6g %s", value, unit);
  return text;
}
inline std::string percent(double share) { return quantity(100 * share, "%"); }
/// 0: nobody measured it.
inline std::string measured(double value, const char* unit) {
  return value > 0 ? quantity(value, unit) : std::string("not measured");
}

/// What is said of all that hangs on standing_shank_deg when nobody entered it; `grfd summary` looks for it.
inline constexpr char kNoInclinometer[] = "no inclinometer entry: absolute within 5 deg";
/// "3 deg"
inline std::string standing_shank_text(const ParticipantSettings& s) {
  return quantity(s.standing_shank_deg.value_or(0), "deg") +
         (s.standing_shank_deg ? "" : std::string(", ") + kNoInclinometer);
}

inline std::string filter_text(const FilterSettings& s) {
  return "Butterworth " + std::to_string(s.order) + " / " + quantity(s.cutoff_hz, "Hz");
}

inline std::string feet_text(const ParticipantSettings& s) {
  if (!(s.foot_length_m > 0)) return "foot not measured";
  std::string text = "foot " + quantity(s.foot_length_m, "m") + ", heels";
  for (std::size_t i = 0; i < 2; ++i)
    text += " (" + quantity(s.heel_m[i][0], "m") + ", " + quantity(s.heel_m[i][1], "m") + ") toe-out " +
            quantity(s.toe_out_deg[i], "deg");
  return text;
}

/// "target band 55 % to 70 %": the monitor reads the two numbers out of the parameters of cop_foot.
inline std::string band_text(const ThresholdSettings& s) {
  return "target band " + quantity(s.cop_band_low_percent, "%") + " to " + quantity(s.cop_band_high_percent, "%");
}

/// Which side `_dn` takes for d. `knows_repetitions`: false where a computed dominance cannot be known.
inline std::string dominance_text(const ParticipantSettings& s, bool knows_repetitions = true) {
  if (s.dominance_method == "computed")
    return knows_repetitions ? "dominant: computed, the larger mean impulse of the ascents so far"
                             : "dominant: unknown (computed from repetitions)";
  if (s.dominant == Dominant::unknown) return "dominant: unknown";
  return std::string("dominant: ") + to_string(s.dominant) + " by " +
         (s.dominance_method.empty() ? std::string("an unnamed method") : s.dominance_method);
}

}  // namespace grfd
