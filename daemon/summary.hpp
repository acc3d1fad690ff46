// What a finished recording holds, in words and figures that people can read.
#pragma once
#include <string>
#include <vector>

namespace grfd {

/// Prints to standard output. @throws std::exception when the file cannot be read
void print_summary(const std::string& h5_file, bool json);
int run_summary(const std::vector<std::string>& args, bool json);

}  // namespace grfd
