// The names that EmulationSettings::faults of one driver may hold: faults (rates per packet) and options.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "schemas/settings.hpp"

namespace grfd {

/// A fault or an option and the values that make sense; a rate or a switch lies between 0 and 1.
struct FaultName {
  const char* name;
  double least = 0, most = 1;
};

/// All names, with a blank between them.
/// @param rates names of faults that are rates, beside those in `names`
inline std::string fault_names(std::span<const FaultName> names, std::span<const char* const> rates = {}) {
  std::string all;
  for (const char* rate : rates) all += std::string(all.empty() ? "" : " ") + rate;
  for (const FaultName& f : names) all += std::string(all.empty() ? "" : " ") + f.name;
  return all;
}

/// Each "emulation.faults.NAME: what is wrong, what would be right", the names in the order of the settings.
inline std::vector<std::string> fault_errors(const EmulationSettings& emulation, std::span<const FaultName> names,
                                             std::span<const char* const> rates = {}) {
  std::vector<FaultName> all;
  for (const char* rate : rates) all.push_back({rate});
  all.insert(all.end(), names.begin(), names.end());
  std::vector<std::string> errors;
  for (const auto& [name, value] : emulation.faults) {
    const auto known = std::find_if(all.begin(), all.end(), [&n = name](const FaultName& f) { return n == f.name; });
    if (known == all.end()) {
      errors.push_back("emulation.faults." + name + ": no such fault; known are " + fault_names(all));
    } else if (!(value >= known->least && value <= known->most)) {
      char text[96];
      std::snprintf(text, sizeof text, ": is %g, must be from %g to %g", value, known->least, known->most);
      errors.push_back("emulation.faults." + name + text);
    }
  }
  return errors;
}

/// Reads the settings; what is not given, or not in order, leaves its default.
class FaultValues {
 public:
  FaultValues(const EmulationSettings& emulation, std::span<const FaultName> names)
      : emulation_(emulation), names_(names) {}
  template <class T>
  void read(const char* name, T& to) const {
    const auto given = emulation_.faults.find(name);
    if (given == emulation_.faults.end()) return;
    for (const FaultName& f : names_) {
      if (given->first != f.name || !(given->second >= f.least && given->second <= f.most)) continue;
      if constexpr (std::is_same_v<T, bool>)
        to = given->second >= 0.5;
      else if constexpr (std::is_integral_v<T>)
        to = static_cast<T>(std::lround(given->second));
      else
        to = given->second;
    }
  }

 private:
  const EmulationSettings& emulation_;
  const std::span<const FaultName> names_;
};

}  // namespace grfd
