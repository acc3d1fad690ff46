// What grfctl prints of the knee-to-wall test.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

/// What the subject does now.
std::string lunge_hint(const std::string& side);
/// Detail of a lunge_result.
void show_lunge(const nlohmann::ordered_json& detail);
/// Detail of a lunges_result.
void show_lunges_in_use(const nlohmann::ordered_json& detail);
/// The list `lunges`.
void show_lunges(const nlohmann::ordered_json& list);
