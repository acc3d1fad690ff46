// Opens a finished recording for the commands that read one.
#pragma once
#include <string>

#include "daemon/h5.hpp"

namespace grfd {

/// Read only. @throws std::runtime_error that says what the file is instead, and how a journal becomes a recording
h5::Id open_recording(const std::string& path);

}  // namespace grfd
