#include "daemon/rig_warnings.hpp"

#include "dsp/metric.hpp"

namespace grfd {

std::vector<std::string> rig_warnings(const Settings& settings) {
  if (settings.imus.empty() && settings.plates.empty()) return {};  // nothing is measured anyway
  if (plates_under_both_feet(settings)) return {};
  const bool left = plate_on(settings, Side::left) >= 0, right = plate_on(settings, Side::right) >= 0;
  const std::string missing = settings.plates.empty() ? "no plates"
                              : left                  ? "no plate under the right foot"
                              : right                 ? "no plate under the left foot"
                                                      : "no plate with a side";
  if (!ankle_on(settings, Side::left) && !ankle_on(settings, Side::right))
    return {missing +
            ", and no ankle (sensors on shank and foot of one side): no repetitions (reps and all that begins with "
            "reps_), no events of squats and no load asymmetry; repetitions need one plate under each foot, or an "
            "ankle"};
  std::vector<std::string> out = {
      missing +
      ": repetitions are found by the ankles alone; no depth, no load, no plateau, so not which ankle stopped first, "
      "and nobody is weighed: the standing pose is taken when all sensors are still for the first time, or by grfctl "
      "pose"};
  if (settings.participant.dominance_method == "computed")
    out.push_back(
        "participant.dominance_method: \"computed\" needs one plate under each foot; the dominant side stays unknown");
  return out;
}

}  // namespace grfd
