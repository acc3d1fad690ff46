// What a rig cannot measure, or measures worse than it could, although nothing in its configuration is wrong.
#pragma once
#include <string>
#include <vector>

#include "schemas/settings.hpp"

namespace grfd {

/// One sentence each; empty when there is nothing to say. The corners of each plate span a plane.
std::vector<std::string> rig_warnings(const Settings& settings);

}  // namespace grfd
