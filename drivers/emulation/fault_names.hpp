// The names that EmulationSettings::faults of one driver may hold: faults (rates per packet) and options.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <variant>
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

/// @return the value that the settings give, or else `otherwise`
inline double fault_value(const EmulationSettings& emulation, const char* name, double otherwise) {
  const auto given = emulation.faults.find(name);
  return given == emulation.faults.end() ? otherwise : given->second;
}

/// A fault or an option and the field of `Options` that holds it; a switch is on from 0.5, whole numbers are rounded.
template <class Options>
struct FaultField : FaultName {
  using Field = std::variant<double Options::*, int Options::*, bool Options::*>;
  constexpr FaultField(const char* fault, Field to, double from = 0, double up_to = 1)
      : FaultName{fault, from, up_to}, field(to) {}
  Field field;
};

template <class Options>
std::vector<FaultName> names_of(std::span<const FaultField<Options>> fields) {
  return {fields.begin(), fields.end()};
}

/// What is not given, or not in order, leaves its default.
template <class Options>
Options read_faults(const EmulationSettings& emulation, std::span<const FaultField<Options>> fields) {
  Options options;
  for (const FaultField<Options>& f : fields) {
    const double value = fault_value(emulation, f.name, std::numeric_limits<double>::quiet_NaN());
    if (!(value >= f.least && value <= f.most)) continue;
    const auto set = [&](auto field) {
      using Value = std::remove_reference_t<decltype(options.*field)>;
      if constexpr (std::is_same_v<Value, bool>)
        options.*field = value >= 0.5;
      else if constexpr (std::is_same_v<Value, int>)
        options.*field = static_cast<int>(std::lround(value));
      else
        options.*field = value;
    };
    std::visit(set, f.field);
  }
  return options;
}

}  // namespace grfd
