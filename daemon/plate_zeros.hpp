// When each plate was zeroed last: a plate that never was looks like a good one, with an unknown offset in its forces.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "schemas/settings.hpp"

namespace grfd {

/// Learns from the events of a session. One thread.
class PlateZeros {
 public:
  explicit PlateZeros(const std::vector<PlateSettings>& plates);
  /// @param detail of `tare_result` or `drift_zero`; other events are ignored  @param t_s since the session's start
  void note(const std::string& event, const nlohmann::ordered_json& detail, double t_s, const std::string& utc);
  /// A zero of an earlier session is in use from `t_s` on, measured at `utc`.
  void use_kept(const std::string& plate, double t_s, const std::string& utc);
  /// For each plate `plate`, `zeroed_s` (null: never), and once it was zeroed `zeroed_utc`, `by` ("tare", "drift",
  /// "kept": in an earlier session, in use since `zeroed_s`) and of a tare `offset_fz_n`.
  const nlohmann::ordered_json& to_json() const { return plates_; }
  /// "tare", "drift", "kept"; empty: never zeroed
  std::string by(const std::string& plate) const;
  std::vector<std::string> never() const;

 private:
  nlohmann::ordered_json plates_ = nlohmann::ordered_json::array();
};

}  // namespace grfd
