// Events as lines for people: the log says what happened, the file keeps the figures.
#pragma once
#include <string>
#include <vector>

#include "daemon/log.hpp"

namespace grfd {

/// @param detail the event's JSON
Level event_level(const std::string& stream, const std::string& name, const std::string& detail);

/// @param detail the event's JSON
std::string event_text(const std::string& name, const std::string& detail);
/// Of a tap_result's detail: a sentence for each sensor whose delay moved since the tap before in this session.
std::vector<std::string> moved_sensors(const std::string& detail);

}  // namespace grfd
