#include "daemon/mass_sites.hpp"

#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "daemon/plate_named.hpp"
#include "dsp/known_mass.hpp"
#include "dsp/plate_model.hpp"

namespace grfd {
namespace {

constexpr double kLaidDown_m = 0.005;  // RMS of masses laid down by hand to 2 mm in x and y is 2.2 mm, at most 4

/// The centres of pressure of these loads, fitted, are at most that far off (RMS) when all places are right: three
/// standard errors of the plate's noise come on top of what laying down leaves.
double most_cop_rms_m(const std::vector<LoadSite>& loads, double noise_moment_nm) {
  double squares = 0;
  for (const LoadSite& s : loads) {
    const double error_m = KnownMassParams{}.least_uncertain * noise_moment_nm / s.truth[2];
    squares += 2 * error_m * error_m / static_cast<double>(loads.size());
  }
  return std::hypot(kLaidDown_m, 3 * std::sqrt(squares));
}

}  // namespace

MassSites::MassSites(const std::vector<PlateSettings>& plates) : plates_(plates) {}

std::string MassSites::add(const Json& d) {
  const PlateSettings& settings = plate_named(plates_, d.at("plate"));
  const PlateModel model(settings);
  const double weight_n = d.at("expected_n"), x = d.at("x_m"), y = d.at("y_m");
  const Wrench6 wrench = d.at("wrench").get<Wrench6>();
  char why[200];
  if (const double times = wrench[2] / weight_n; !(times > 0.5 && times < 2)) {
    std::snprintf(why, sizeof why,
                  "it reads %.3g times its weight, must be 0.5 to 2: was the mass mistyped, or is a gain, a sense or "
                  "the plate wrong?",
                  times);
    return why;
  }
  const PressurePoint cop = center_of_pressure(wrench);
  if (const double off_m = std::hypot(cop.x - x, cop.y - y); !(off_m <= kMostCopError_m)) {
    std::snprintf(why, sizeof why,
                  "its centre of pressure is %.1f mm off the place given, must be at most %.0f mm: is the place right, "
                  "in metres to the right and forward from the plate's centre?",
                  1e3 * off_m, 1e3 * kMostCopError_m);
    return why;
  }
  std::vector<Site>& all = sites_[settings.name];
  if (all.size() >= kMost) all.erase(all.begin());
  all.push_back({x,
                 y,
                 {.truth = model.own({0, 0, weight_n, y * weight_n, -x * weight_n, 0}),
                  .measured = model.correction().undo(model.own(wrench))}});
  return {};
}

std::size_t MassSites::count(const std::string& plate) const {
  const auto found = sites_.find(plate);
  return found == sites_.end() ? 0 : found->second.size();
}

std::size_t MassSites::forget(const std::string& plate) {
  const std::size_t n = count(plate);
  sites_.erase(plate);
  return n;
}

MassSites::Json MassSites::fit(const std::string& name, bool by_place) const {
  const PlateSettings& settings = plate_named(plates_, name);
  std::vector<LoadSite> loads;
  const auto found = sites_.find(name);
  if (found != sites_.end())
    for (const Site& s : found->second) loads.push_back(s.load);
  const RecalibrationFit f = fit_recalibration(loads, half_size(settings.corners_m), by_place);
  if (const double most = most_cop_rms_m(loads, settings.calibration.noise_moment_nm); !(f.cop_rms_after_m <= most)) {
    const Site& worst = found->second[f.worst];
    char text[400];
    std::snprintf(text, sizeof text,
                  "after the fit the centre of pressure is still %.1f mm off (RMS of %zu places), must be at most %.1f "
                  "mm; worst is place %zu, x_m=%g y_m=%g, %.1f mm off: was it mistyped? Forget them and begin anew%s",
                  1e3 * f.cop_rms_after_m, loads.size(), 1e3 * most, f.worst + 1, worst.x_m, worst.y_m,
                  1e3 * f.worst_cop_m,
                  by_place ? "" : ", or fit by_place if the plate reads differently all over its surface");
    throw std::invalid_argument(text);
  }
  Json json{{"plate", name}, {"sites", f.sites}, {"by_place", by_place}, {"recalibration", f.recalibration.uniform}};
  if (by_place) {
    json["recalibration_x_per_m"] = f.recalibration.x_per_m;
    json["recalibration_y_per_m"] = f.recalibration.y_per_m;
  }
  json["standard_error"] = f.standard_error;
  json["rms_before"] = f.rms_before;
  json["rms_after"] = f.rms_after;
  json["cop_before_mm"] = 1e3 * f.cop_rms_before_m;
  json["cop_after_mm"] = 1e3 * f.cop_rms_after_m;
  json["toml"] = recalibration_toml(f.recalibration);
  return json;
}

}  // namespace grfd
