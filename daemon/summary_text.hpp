// A summary for people, on the standard output.
#pragma once
#include <nlohmann/json.hpp>

namespace grfd {

/// @param summary of one recording, as summary.cpp makes it
void print_summary_text(const nlohmann::ordered_json& summary);

}  // namespace grfd
