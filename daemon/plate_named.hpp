// A plate that a command names.
#pragma once
#include <string>
#include <vector>

#include "schemas/settings.hpp"

namespace grfd {

/// @throws Refusal that says which plates there are
const PlateSettings& plate_named(const std::vector<PlateSettings>& plates, const std::string& name);

}  // namespace grfd
