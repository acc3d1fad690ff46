#include "daemon/mass_sites.hpp"

#include <algorithm>

#include "dsp/plate_model.hpp"

namespace grfd {

MassSites::MassSites(const std::vector<PlateSettings>& plates) : plates_(plates) {}

void MassSites::add(const Json& d) {
  if (!d.is_object() || !d.value("accepted", false) || !d.value("x_m", Json()).is_number()) return;
  const auto plate = std::find_if(plates_.begin(), plates_.end(),
                                  [&](const PlateSettings& p) { return d.value("plate", "") == p.name; });
  if (plate == plates_.end()) return;
  const PlateModel model(*plate);
  const double weight_n = d.at("expected_n"), x = d.at("x_m"), y = d.at("y_m");
  const Wrench6 wrench = d.at("wrench").get<Wrench6>();
  if (!(wrench[2] > 0.5 * weight_n && wrench[2] < 2 * weight_n)) return;
  LoadSite site;
  site.truth = model.own({0, 0, weight_n, y * weight_n, -x * weight_n, 0});
  site.measured = model.correction().undo(model.own(wrench));
  std::vector<LoadSite>& all = sites_[plate->name];
  if (all.size() >= kMost) all.erase(all.begin());
  all.push_back(site);
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

MassSites::Json MassSites::fit(const std::string& plate, bool by_place) const {
  const auto found = sites_.find(plate);
  const std::vector<LoadSite> none;
  const RecalibrationFit f = fit_recalibration(found == sites_.end() ? none : found->second, kVerticalLoads, by_place);
  Json json{{"plate", plate}, {"sites", f.sites}, {"by_place", by_place}, {"recalibration", f.recalibration.uniform}};
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
