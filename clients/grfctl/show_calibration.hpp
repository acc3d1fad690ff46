// The functional calibration as text for people.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

/// What the person does during a step.
const char* calibration_hint(const std::string& step);
/// Detail of a calibrate_result.
void show_calibration(const nlohmann::ordered_json& detail);
/// The list `calibrations`.
void show_calibrations(const nlohmann::ordered_json& list);
