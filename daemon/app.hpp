// `grfd run`: the daemon in real time.
#pragma once
#include <optional>
#include <string>

#include "schemas/settings.hpp"

namespace grfd {

struct RunOptions {
  std::optional<double> seconds;  ///< of the session; then it stops by itself
  bool summary = false;           ///< print what the last recording holds when it is finished
  bool json = false;              ///< that as JSON
};

/// Returns when a signal, or the time, ended it and everything is on disk. @return exit code
/// @throws std::exception when the session cannot be started (nothing runs then)
int run(Settings settings, const RunOptions& options);

}  // namespace grfd
