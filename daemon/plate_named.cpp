#include "daemon/plate_named.hpp"

#include "daemon/control.hpp"

namespace grfd {

const PlateSettings& plate_named(const std::vector<PlateSettings>& plates, const std::string& name) {
  if (plates.empty()) throw Refusal("no plate is configured");
  std::string names;
  for (const PlateSettings& p : plates) {
    if (p.name == name) return p;
    names += (names.empty() ? "" : ", ") + p.name;
  }
  throw Refusal((name.empty() ? "\"plate\" is missing" : "there is no plate '" + name + "'") + "; there are: " + names);
}

}  // namespace grfd
