// The names that EmulationSettings::faults of one driver may hold: faults (rates per packet) and options.
#pragma once
#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "schemas/settings.hpp"

namespace grfd {

/// All names, with a blank between them.
inline std::string fault_names(std::span<const char* const> faults, std::span<const char* const> options) {
  std::string names;
  for (const auto& list : {faults, options})
    for (const char* n : list) names += (names.empty() ? "" : " ") + std::string(n);
  return names;
}

/// Those of the settings that are neither.
inline std::vector<std::string> unknown_faults(const EmulationSettings& emulation, std::span<const char* const> faults,
                                               std::span<const char* const> options) {
  std::vector<std::string> unknown;
  for (const auto& [name, rate] : emulation.faults) {
    const auto is = [&n = name](const char* known) { return n == known; };
    if (std::none_of(faults.begin(), faults.end(), is) && std::none_of(options.begin(), options.end(), is))
      unknown.push_back(name);
  }
  return unknown;
}

}  // namespace grfd
