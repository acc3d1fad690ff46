// `grfctl monitor`: asks a running grfmon (clients/monitor/README.md) to pair browsers.
#pragma once
#include <string>
#include <vector>

/// @param words "monitor" and what follows  @param control also allow zero, start, stop, mark
/// @return the exit code of grfctl. @throws boost::program_options::error on wrong use.
int monitor_command(const std::vector<std::string>& words, bool control, bool json, int timeout_ms);
