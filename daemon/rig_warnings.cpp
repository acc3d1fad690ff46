#include "daemon/rig_warnings.hpp"

#include <cstdio>

#include "dsp/metric.hpp"
#include "dsp/wrench.hpp"

namespace grfd {
namespace {

void check_surveys(const Settings& settings, std::vector<std::string>& out) {
  for (const PlateSettings& plate : settings.plates) {
    const PlatePose pose = pose_from_corners(plate.corners_m);
    if (!pose.doubtful()) continue;
    char text[400];
    std::snprintf(text, sizeof text,
                  "plate %s: its corners are %.1f mm off their plane and opposite edges differ by %.1f mm; a careful "
                  "survey leaves at most 1 mm, and centres of pressure are off by about as much: measure them again",
                  plate.name.c_str(), 1e3 * pose.off_plane_m, 1e3 * pose.edge_misfit_m);
    out.emplace_back(text);
  }
}

/// What the repetitions lack.
void check_repetitions(const Settings& settings, std::vector<std::string>& out) {
  if (settings.imus.empty() && settings.plates.empty()) return;  // nothing is measured anyway
  if (plates_under_both_feet(settings)) return;
  const bool left = plate_on(settings, Side::left) >= 0, right = plate_on(settings, Side::right) >= 0;
  const std::string missing = settings.plates.empty() ? "no plates"
                              : left                  ? "no plate under the right foot"
                              : right                 ? "no plate under the left foot"
                                                      : "no plate with a side";
  if (!ankle_on(settings, Side::left) && !ankle_on(settings, Side::right))
    return out.push_back(
        missing +
        ", and no ankle (sensors on shank and foot of one side): no repetitions (reps and all that begins with "
        "reps_), no events of squats and no load asymmetry; repetitions need one plate under each foot, or an "
        "ankle");
  out.push_back(
      missing +
      ": repetitions are found by the ankles alone; no depth, no load, no plateau, so not which ankle stopped first, "
      "and nobody is weighed: the standing pose is taken when all sensors are still for the first time, or by grfctl "
      "pose");
  if (settings.participant.dominance_method == "computed")
    out.push_back(
        "participant.dominance_method: \"computed\" needs one plate under each foot; the dominant side stays unknown");
}

}  // namespace

std::vector<std::string> rig_warnings(const Settings& settings) {
  std::vector<std::string> out;
  check_surveys(settings, out);
  check_repetitions(settings, out);
  return out;
}

}  // namespace grfd
