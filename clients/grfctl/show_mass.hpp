// What grfctl prints of known masses.
#pragma once
#include <nlohmann/json.hpp>

/// Detail of a mass_result.
void show_mass(const nlohmann::ordered_json& detail);
/// Answer to mass_fit.
void show_mass_fit(const nlohmann::ordered_json& fit);
