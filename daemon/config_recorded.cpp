// What a recording keeps of its settings: TOML, and as comments what the command line said, which wins.
#include <sstream>

#include "daemon/config_parts.hpp"

namespace grfd {

RecordedLimits recorded_limits(const std::string& effective) {
  RecordedLimits r;
  try {
    toml::table settings = toml::parse(effective);
    Findings findings;
    std::istringstream lines(effective);
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("# --set ")) apply_override(settings, line.substr(8), findings);
    const auto take = [&](const char* table, const char* key, auto& value) {
      value = settings[table][key].value_or(value);
    };
    take("filter", "cutoff_hz", r.filter.cutoff_hz);
    take("filter", "order", r.filter.order);
    take("thresholds", "cop_off_n", r.cop_off_n);
    take("thresholds", "cop_total_off_n", r.cop_total_off_n);
  } catch (const toml::parse_error& e) {
    throw std::runtime_error("its settings are no TOML (" + std::string(e.description()) + ")");
  }
  return r;
}

}  // namespace grfd
