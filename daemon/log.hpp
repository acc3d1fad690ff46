// Lines for people and the system's journal, on standard error. Any thread; never the hot path.
#pragma once
#include <cstdint>
#include <string>

namespace grfd {

enum class Level { debug, info, warning, error };
/// One line. Under systemd it carries the priority prefix, otherwise seconds: since the first line, or see below.
void log(Level level, const std::string& text);
/// From now on the seconds count from this instant of CLOCK_MONOTONIC: the session's start, as the times of events do.
void log_times_from(std::int64_t lab_ns);

}  // namespace grfd
