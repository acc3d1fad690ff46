// Known masses weighed in this session, by plate and place; what recalibrates a plate from them.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dsp/recalibration_fit.hpp"

namespace grfd {

class MassSites {
 public:
  using Json = nlohmann::ordered_json;
  static constexpr std::size_t kMost = 500;         ///< of a plate; the oldest goes first
  static constexpr double kMostCopError_m = 0.050;  ///< more is a wrong place, or a plate that no recalibration mends

  explicit MassSites(const std::vector<PlateSettings>& plates);
  /// Keeps what reads half to twice its weight and has its centre of pressure within 50 mm of its place: anything else
  /// is a mistyped place or mass, or a wrong gain, sense or plate, and would spoil the fit.
  /// @param mass_result its detail: accepted, and with x_m and y_m
  /// @return why it is not kept; empty: it is
  /// @throws Refusal as plate_named
  std::string add(const Json& mass_result);
  std::size_t count(const std::string& plate) const;
  std::size_t forget(const std::string& plate);  ///< @return how many there were
  /// The recalibration of a plate from all of them, of the components that masses load (Fz, Mx, My), to stand in the
  /// place of the one in use: `plate`, `sites`, `by_place`, `recalibration`, `standard_error` (6 x 6; also
  /// `recalibration_x_per_m`, `recalibration_y_per_m` when by_place), `rms_before`, `rms_after` (N, N.m; in plate axes,
  /// Fx to Mz; before: without any), `cop_before_mm`, `cop_after_mm` (RMS), `toml` (keys of the calibration file).
  /// @throws Refusal as plate_named; std::invalid_argument as fit_recalibration; also when the centres of pressure stay
  /// further off (RMS) than masses that are laid down with care and the plate's noise explain: names the worst place
  Json fit(const std::string& plate, bool by_place) const;

 private:
  struct Site {
    double x_m, y_m;  ///< as given
    LoadSite load;
  };
  const std::vector<PlateSettings>& plates_;
  std::map<std::string, std::vector<Site>> sites_;
};

}  // namespace grfd
