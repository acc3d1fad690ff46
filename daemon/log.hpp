// Lines for people and the system's journal, on standard error. Any thread; never the hot path.
#pragma once
#include <string>

namespace grfd {

enum class Level { debug, info, warning, error };
/// One line. Under systemd it carries the priority prefix, otherwise the time since start.
void log(Level level, const std::string& text);

}  // namespace grfd
