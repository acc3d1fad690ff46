// Answers of the daemon as text for people.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

void show(const std::string& command, const nlohmann::ordered_json& result);
/// What the person does during a step of the functional calibration.
const char* calibration_hint(const std::string& step);
void show_event(const nlohmann::ordered_json& result);
