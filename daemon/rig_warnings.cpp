#include "daemon/rig_warnings.hpp"

#include "dsp/metric.hpp"

namespace grfd {

std::vector<std::string> rig_warnings(const Settings& settings) {
  if (settings.imus.empty() && settings.plates.empty()) return {};  // nothing is measured anyway
  const bool left = plate_on(settings, Side::left) >= 0, right = plate_on(settings, Side::right) >= 0;
  if (left && right) return {};
  const std::string missing = settings.plates.empty() ? "no plates"
                              : left                  ? "no plate under the right foot"
                              : right                 ? "no plate under the left foot"
                                                      : "no plate with a side";
  return {missing +
          ": no repetitions (reps and all that begins with reps_), no events of squats and no load asymmetry; "
          "they need one plate under each foot"};
}

}  // namespace grfd
