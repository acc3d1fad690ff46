// Numbers of the daemon's answers, where null is one that nobody knows.
#pragma once
#include <cmath>
#include <nlohmann/json.hpp>

/// NaN when the key is not there or holds no number.
inline double number(const nlohmann::ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : NAN;
}
