#include "show_mass.hpp"

#include <cstdio>
#include <string>

using Json = nlohmann::ordered_json;

namespace {

double number_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

}  // namespace

void show_mass(const Json& d) {
  const std::string plate = d.value("plate", "");
  if (!d.value("accepted", false)) {
    std::printf("plate %s: not judged: %s\n", plate.c_str(), d.value("reason", "").c_str());
    return;
  }
  const bool right = d.value("within", false);
  std::printf("plate %s: %.2f N of %.2f N, %+.2f %%: %s\n", plate.c_str(), number_of(d, "measured_n"),
              number_of(d, "expected_n"), number_of(d, "error_percent"),
              right ? "right, within 0.5 %" : "wrong by more than 0.5 %");
  std::printf("sure to %.2f N; noise %.2f N\n", number_of(d, "uncertain_n"), number_of(d, "sd_n"));
  if (!right) std::printf("%s\n", d.value("hint", "").c_str());
  if (d.contains("cop_error_mm") && d["cop_error_mm"].is_number())
    std::printf("centre of pressure (%.1f, %.1f) mm from the centre, right and forward: %.1f mm off the place given\n",
                1e3 * number_of(d, "cop_x_m"), 1e3 * number_of(d, "cop_y_m"), number_of(d, "cop_error_mm"));
  if (const int sites = d.value("sites", 0); sites > 0 && d.contains("x_m") && d["x_m"].is_number())
    std::printf("places of this plate so far: %d\n", sites);
}

void show_mass_fit(const Json& fit) {
  std::printf("plate %s, %d places; root mean square of what is wrong, plate axes:\n", fit.value("plate", "").c_str(),
              fit.value("sites", 0));
  std::printf("  %-20s %10s %10s\n", "", "before", "after");
  constexpr const char* kRows[] = {"Fx N", "Fy N", "Fz N", "Mx N.m", "My N.m", "Mz N.m"};
  for (std::size_t i = 0; i < 6; ++i)
    std::printf("  %-20s %10.3f %10.3f\n", kRows[i], fit["rms_before"].at(i).get<double>(),
                fit["rms_after"].at(i).get<double>());
  std::printf("  %-20s %10.2f %10.2f\n", "centre, mm", number_of(fit, "cop_before_mm"), number_of(fit, "cop_after_mm"));
  std::printf(
      "masses load Fz, Mx and My; the rest stays as it is. For the calibration file of this plate, in the place of "
      "such keys there:\n\n%s",
      fit.value("toml", "").c_str());
}
