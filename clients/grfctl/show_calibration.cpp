#include "show_calibration.hpp"

#include <cmath>
#include <cstdio>

using Json = nlohmann::ordered_json;

namespace {

std::string vector_text(const Json& v) {
  std::string text;
  for (const Json& x : v) {
    char one[32];
    std::snprintf(one, sizeof one, "%.3f", x.is_number() ? x.get<double>() : NAN);
    text += (text.empty() ? "(" : ", ") + std::string(one);
  }
  return text + ")";
}

/// What was measured on one sensor in a step, a line for each; schemas/control.md says which there are.
void show_calibration_figures(const Json& i) {
  struct Figure {
    const char *key, *label, *unit;
    int decimals;
    double scale;
  };
  constexpr Figure kFigures[] = {
      {"seconds", "data", "s", 1, 1},
      {"lost", "missing in these", "%", 1, 100},
      {"still_deg_s", "turning while still, RMS", "deg/s", 2, 1},
      {"still_m_s2", "shaking while still, RMS", "m/s^2", 3, 1},
      {"pose_change_deg", "pose changed since \"still\" by", "deg", 1, 1},
      {"moving_s", "moved for", "s", 1, 1},
      {"share", "of the turning about one axis", "%", 1, 100},
      {"halves_deg", "first and second half differ by", "deg", 1, 1},
      {"tilt_deg", "axis out of the horizontal by", "deg", 1, 1},
      {"turns_for", "turns that agree in direction", "", 0, 1},
      {"turns_against", "turns that do not", "", 0, 1},
      {"hinge_ratio", "hinge fit, ratio", "", 3, 1},
      {"hinge_singular_rad_s", "hinge fit, smallest singular value", "rad/s", 3, 1},
      {"turning_deg_s", "turning, RMS", "deg/s", 1, 1},
      {"toe_deg", "yaw of the heel raises' axis", "deg", 1, 1},
  };
  for (const Figure& f : kFigures)
    if (i.contains(f.key) && i[f.key].is_number())
      std::printf("    %-34s %10.*f%s%s\n", f.label, f.decimals, i[f.key].get<double>() * f.scale, *f.unit ? " " : "",
                  f.unit);
  if (i.contains("side_checked"))
    std::printf("    %-34s %10s\n", "side told by a movement of one leg", i["side_checked"] == true ? "yes" : "no");
  if (i.contains("source"))
    std::printf("    %-34s %10s\n", "axis by", i["source"] == "hinge" ? "hinge fit" : "principal axis");
  if (i.contains("ml_axis_left"))
    std::printf("    %-34s %s, in the sensor\n", "axis to the left", vector_text(i["ml_axis_left"]).c_str());
  if (i.contains("up_m_s2"))
    std::printf("    %-34s %s m/s^2, in the sensor\n", "up in standing", vector_text(i["up_m_s2"]).c_str());
}

}  // namespace

const char* calibration_hint(const std::string& step) {
  if (step == "still" || step == "finish") return "stand still, knees straight, feet flat";
  if (step == "leg_raises")
    return "hold on to something: raise this leg forward, straight, three times; the other leg stands still";
  if (step == "heel_raises") return "from standing: five slow heel raises, down again after each";
  if (step == "knee_bends") return "from standing: five slow knee bends with the heels down, up again after each";
  if (step == "bows") return "from standing: bow forward five times, up again after each";
  return "this leg free: bend and stretch the ankle eight times while the leg moves about";
}

void show_calibrations(const Json& list) {
  if (list.empty()) std::printf("no calibration has been made yet; see grfctl calibrate\n");
  for (const Json& c : list)
    std::printf("%-18s %-16s %-5s %-5s axis by %s, measured %s%s\n", c.value("device", "").c_str(),
                c.value("serial", "").c_str(), c.value("side", "").c_str(), c.value("segment", "").c_str(),
                c.value("source", "") == "hinge" ? "hinge fit" : "principal axis", c.value("measured_utc", "").c_str(),
                c.value("side_checked", true) ? "" : ", side not checked");
}

void show_calibration(const Json& d) {
  const bool accepted = d.value("accepted", false);
  if (accepted)
    std::printf(d.value("step", "") == "finish" ? "accepted: the axes are in use\n" : "accepted\n");
  else
    std::printf("refused: %s\n", d.value("reason", "").c_str());
  for (const Json& w : d["warnings"]) std::printf("warning: %s\n", w.get<std::string>().c_str());
  for (const Json& i : d["imus"]) {
    std::printf("  %s: %s\n", i.value("imu", "").c_str(),
                i.value("accepted", false) ? "good" : i.value("reason", "").c_str());
    show_calibration_figures(i);
  }
}
