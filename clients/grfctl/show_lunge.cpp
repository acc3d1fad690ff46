#include "show_lunge.hpp"

#include <cstdio>

using Json = nlohmann::ordered_json;

namespace {

/// "38.24"; "-" when it is not known
std::string figure(const Json& object, const char* key, const char* format = "%.1f", double scale = 1) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, format, scale * found->get<double>());
  return text;
}

}  // namespace

std::string lunge_hint(const std::string& side) {
  return side + " foot flat, toes to the wall: bend the knee to the wall, and on until the heel rises; then back";
}

void show_lunge(const Json& d) {
  const std::string side = d.value("side", "");
  const int trials = d.value("trials", 0);
  if (!d.value("accepted", false)) {
    std::printf("no trial: %s\n", d.value("reason", "").c_str());
    if (trials > 0) std::printf("the %d before still count\n", trials);
    return;
  }
  std::printf("%s ankle, trial %d: %s deg, as %s cm to the wall; heel down in %s %% of the time\n", side.c_str(),
              trials, figure(d, "angle_deg").c_str(), figure(d, "cm").c_str(),
              figure(d, "heel_down", "%.0f", 100).c_str());
  if (trials > 1)
    std::printf("best of %d: %s deg, SD %s deg; in use from now on\n", trials, figure(d, "best_deg").c_str(),
                figure(d, "sd_deg").c_str());
  else
    std::printf("in use from now on\n");
  if (trials < 3) std::printf("%s\n", trials == 1 ? "two more trials make three" : "one more trial makes three");
  std::printf("for the settings, [participant]: available_%s_deg = %s\n", side.c_str(),
              figure(d, "best_deg", "%.1f").c_str());
}

void show_lunges_in_use(const Json& d) {
  for (const char* side : {"left", "right"})
    if (const std::string deg = figure(d, (std::string(side) + "_deg").c_str()); deg != "-")
      std::printf("in use: %s ankle, %s deg\n", side, deg.c_str());
  if (const std::string why = d.value("reason", ""); !why.empty()) std::printf("not in use: %s\n", why.c_str());
}

void show_lunges(const Json& list) {
  if (list.empty()) std::printf("no knee-to-wall test is kept; see grfctl lunge\n");
  for (const Json& l : list)
    std::printf("%-12s %-5s %s deg, %d trials, SD %s deg, measured %s\n", l.value("participant", "").c_str(),
                l.value("side", "").c_str(), figure(l, "available_deg").c_str(), l.value("trials", 0),
                figure(l, "sd_deg").c_str(), l.value("measured_utc", "").c_str());
}
