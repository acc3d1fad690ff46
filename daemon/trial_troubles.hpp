// What a person should know before trusting a trial: samples the disk refused, streams that stayed empty, loads
// beyond a range, outages, refused commands.
#pragma once
#include <string>
#include <vector>

#include "daemon/h5.hpp"

namespace grfd {

/// @param file an open recording
/// @param streams names of its streams
/// @return a sentence each; none when nothing is wrong
/// @throws std::runtime_error when the file cannot be read
std::vector<std::string> trial_troubles(hid_t file, const std::vector<std::string>& streams);

}  // namespace grfd
