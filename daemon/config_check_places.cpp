// Rigs that cannot be: plates inside each other or on the wrong side, feet beside their plates, signals that no
// converter sees.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "daemon/config_check.hpp"
#include "daemon/geometry.hpp"

namespace grfd {
namespace {

constexpr double kTouching_m = 0.005;  ///< surveys by tape are no better
constexpr double kBehind_m = 0.05;     ///< plates of a walkway lie one behind the other
constexpr double kHeelOff_m = 0.02;    ///< a heel may hang over the edge
constexpr double kLeastSignal_v = 0.5, kMostSignal_v = 20;

std::string index(const char* array, std::size_t i, const char* key) {
  std::string path = array;
  return path.append("[").append(std::to_string(i)).append("]").append(key);
}
std::string mm(double m) { return number_text(std::round(m * 1000)) + " mm"; }

/// The key that says where a plate is; empty when it could not be read.
std::string place_of(const Check& c, std::size_t i) {
  for (const char* key : {".side", ".corners_m", ".center_m", ".size_m", ".z_axis", ".turn_deg"})
    if (!c.good(index("plate", i, key))) return "";
  const std::string corners = index("plate", i, ".corners_m"), center = index("plate", i, ".center_m");
  if (!survey_error(c.s.plates[i].corners_m).empty()) return "";
  return c.given(corners) ? corners : c.given(center) ? center : "";
}

void check_pair(Check& c, std::size_t i, std::size_t j) {
  const PlateSettings &a = c.s.plates[i], &b = c.s.plates[j];
  const std::string path = place_of(c, j);
  if (a.side == b.side || path.empty() || place_of(c, i).empty()) return;
  const double overlap = overlap_m(a.corners_m, b.corners_m);
  if (overlap > kTouching_m)
    c.report(path, "reaches " + mm(overlap) + " into the " + a.name + " plate, must lie beside it");
  const auto x = [](const PlateSettings& p) { return centre(p.corners_m)[0]; };
  const PlateSettings &left = a.side == Side::left ? a : b, &right = a.side == Side::left ? b : a;
  if (x(left) > x(right) + kBehind_m)
    c.report(path, "puts the left plate (X = " + number_text(x(left)) + " m) to the right of the right one (X = " +
                       number_text(x(right)) + " m): X points to the subject's right, so its X must be smaller");
}

void check_heels(Check& c) {
  const ParticipantSettings& who = c.s.participant;
  for (std::size_t i = 0; i < c.s.plates.size(); ++i) {
    const PlateSettings& p = c.s.plates[i];
    const bool left = p.side == Side::left;
    const std::string path = left ? "participant.heel_left_m" : "participant.heel_right_m";
    if (!c.given(path) || !c.good(path) || place_of(c, i).empty()) continue;
    const auto& heel = who.heel_m[left ? 0 : 1];
    const double off = outside_m(p.corners_m, heel[0], heel[1]);
    if (off > kHeelOff_m)
      c.report(path, "is [" + number_text(heel[0]) + ", " + number_text(heel[1]) + "], " + mm(off) + " off the " +
                         p.name + " plate, must lie on it: to the right, forward, in metres of the lab");
  }
}

/// What the amplifier gives at full scale should be about what a converter of +-10 V can see.
void check_signals(Check& c, std::size_t i) {
  const PlateCalibration& cal = c.s.plates[i].calibration;
  if (cal.kind != PlateKind::strain || cal.gain.size() != cal.sensitivity.size()) return;
  const std::string path = index("plate", i, ".calibration:sensitivity");
  for (const char* key : {".calibration", ".calibration:sensitivity", ".calibration:gain", ".calibration:excitation_v",
                          ".calibration:full_scale"})
    if (!c.good(index("plate", i, key))) return;
  if (!c.given(path)) return;  // the file could not be read
  for (std::size_t channel = 0; channel < cal.sensitivity.size(); ++channel) {
    double uv_v = 0;
    for (std::size_t k = 0; k < 6; ++k)
      uv_v = std::max(uv_v, std::abs(cal.sensitivity[channel][k] * cal.full_scale[k]));
    const double v = uv_v * 1e-6 * std::abs(cal.gain[channel]) * cal.excitation_v;
    const std::string text = "channel " + std::to_string(channel) + " gives ";
    if (!(v > 0)) return c.report(path, text + "nothing at any load, must give a signal");
    if (v < kLeastSignal_v || v > kMostSignal_v) {
      char volts[32];
      std::snprintf(volts, sizeof volts, "%.2g V", v);
      c.warn(path, text + volts +
                       " at full_scale (sensitivity x full_scale x gain x excitation_v), should be about the 10 V of "
                       "the converter: is a unit or a gain wrong?");
    }
  }
}

}  // namespace

void check_places(Check& c) {
  for (std::size_t j = 0; j < c.s.plates.size(); ++j) {
    for (std::size_t i = 0; i < j; ++i) check_pair(c, i, j);
    check_signals(c, j);
  }
  check_heels(c);
}

}  // namespace grfd
