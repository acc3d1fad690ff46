// Events as lines for people: the log says what happened, the file keeps the figures.
#pragma once
#include <string>

namespace grfd {

/// @param detail the event's JSON
std::string event_text(const std::string& name, const std::string& detail);

}  // namespace grfd
