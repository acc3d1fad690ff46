#include "show_mass.hpp"

#include <cstdio>
#include <string>

#include "json_number.hpp"

using Json = nlohmann::ordered_json;

void show_mass(const Json& d) {
  const std::string plate = d.value("plate", "");
  if (!d.value("accepted", false)) {
    std::printf("plate %s: not judged: %s\n", plate.c_str(), d.value("reason", "").c_str());
    return;
  }
  const bool right = d.value("within", false);
  std::printf("plate %s: %.2f N of %.2f N, %+.2f %%: %s\n", plate.c_str(), number(d, "measured_n"),
              number(d, "expected_n"), number(d, "error_percent"),
              right ? "right, within 0.5 %" : "wrong by more than 0.5 %");
  std::printf("sure to %.2f N; noise %.2f N\n", number(d, "uncertain_n"), number(d, "sd_n"));
  if (!right) std::printf("%s\n", d.value("hint", "").c_str());
  if (d.contains("cop_error_mm") && d["cop_error_mm"].is_number())
    std::printf("centre of pressure (%.1f, %.1f) mm from the centre, right and forward: %.1f mm off the place given\n",
                1e3 * number(d, "cop_x_m"), 1e3 * number(d, "cop_y_m"), number(d, "cop_error_mm"));
  if (!d.value("kept", true)) std::printf("this place does not count: %s\n", d.value("kept_reason", "").c_str());
  if (const int sites = d.value("sites", 0); sites > 0 && d.contains("x_m") && d["x_m"].is_number())
    std::printf("places of this plate so far: %d\n", sites);
}

void show_mass_fit(const Json& fit) {
  std::printf("plate %s, %d places; root mean square of what is wrong, plate axes:\n", fit.value("plate", "").c_str(),
              fit.value("sites", 0));
  std::printf("  %-20s %12s %12s\n", "recalibration", "without any", "with this");
  constexpr const char* kRows[] = {"Fx N", "Fy N", "Fz N", "Mx N.m", "My N.m", "Mz N.m"};
  for (std::size_t i = 0; i < 6; ++i)
    std::printf("  %-20s %12.3f %12.3f\n", kRows[i], fit["rms_before"].at(i).get<double>(),
                fit["rms_after"].at(i).get<double>());
  std::printf("  %-20s %12.2f %12.2f\n", "centre, mm", number(fit, "cop_before_mm"), number(fit, "cop_after_mm"));
  std::printf(
      "masses load Fz, Mx and My; the rest stays as it is. For the calibration file of this plate, in the place of "
      "such keys there:\n\n%s",
      fit.value("toml", "").c_str());
}
