// Which leg is called dominant, and how that was decided.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

/// "right, by kicking leg" from the daemon's status; empty when nobody said it, and none is computed.
template <class Json>
std::string dominance(const Json& status) {
  const auto word = [&](const char* key) {
    const auto found = status.find(key);
    return found != status.end() && found->is_string() ? found->template get<std::string>() : std::string();
  };
  const std::string side = word("dominant"), method = word("dominance_method");
  if (method == "computed") {
    // As the last repetition has it: 0 unknown, 1 left, 2 right.
    const Json code = status.value(typename Json::json_pointer("/streams/reps_asymmetry/newest/dominant"), Json());
    const int known = code.is_number() ? code.template get<int>() : 0;
    return std::string(known == 1   ? "left"
                       : known == 2 ? "right"
                                    : "not known yet") +
           ", computed from the ascents so far";
  }
  if (side != "left" && side != "right") return "";
  return side + ", by " + (method.empty() ? "an unnamed method" : method);
}
