// Answers of the daemon as text for people.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

void show(const std::string& command, const nlohmann::ordered_json& result);
void show_event(const nlohmann::ordered_json& result);
