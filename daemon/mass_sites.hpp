// Known masses weighed in this session, by plate and place; what recalibrates a plate from them.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dsp/recalibration.hpp"

namespace grfd {

class MassSites {
 public:
  using Json = nlohmann::ordered_json;
  static constexpr std::size_t kMost = 500;  ///< of a plate; the oldest goes first

  explicit MassSites(const std::vector<PlateSettings>& plates);
  /// Detail of a mass_result. Kept when it was accepted, says where the mass lay and reads half to twice its
  /// weight: anything else is a wrong gain, sense or plate and no place to fit.
  void add(const Json& mass_result);
  std::size_t count(const std::string& plate) const;
  std::size_t forget(const std::string& plate);  ///< @return how many there were
  /// The recalibration of a plate from all of them, of the components that masses load (Fz, Mx, My), to stand in the
  /// place of the one in use: `plate`, `sites`, `by_place`, `recalibration`, `standard_error` (6 x 6; also
  /// `recalibration_x_per_m`, `recalibration_y_per_m` when by_place), `rms_before`, `rms_after` (N, N.m; in plate axes,
  /// Fx to Mz; before: without any), `cop_before_mm`, `cop_after_mm` (RMS), `toml` (keys of the calibration file).
  /// @throws std::invalid_argument as fit_recalibration
  Json fit(const std::string& plate, bool by_place) const;

 private:
  const std::vector<PlateSettings>& plates_;
  std::map<std::string, std::vector<LoadSite>> sites_;
};

}  // namespace grfd
