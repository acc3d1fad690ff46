// `grfd emulate`: the emulated devices of a configuration on USB/IP, for a Linux kernel to import.
#pragma once
#include <optional>
#include <string>

#include "schemas/settings.hpp"

namespace grfd {

struct EmulateOptions {
  std::string listen = "127.0.0.1:3240";
  std::optional<double> seconds;  ///< then it ends by itself
};

/// Returns when a signal, or the time, ended it. @return exit code
/// @throws std::exception when there is nothing to export, or the address cannot be used
int emulate(Settings settings, const EmulateOptions& options);

}  // namespace grfd
