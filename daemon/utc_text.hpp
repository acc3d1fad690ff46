// Date and time of now, UTC, for people and files.
#pragma once
#include <ctime>
#include <string>

namespace grfd {

inline std::string utc_text() {
  const std::time_t now = std::time(nullptr);
  std::tm tm{};
  gmtime_r(&now, &tm);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
  return text;
}

}  // namespace grfd
