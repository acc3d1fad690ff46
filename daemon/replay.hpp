// `grfd replay`: the captures of one session through the same drivers, rings and pipeline, in virtual time, on one
// thread.
#pragma once
#include <string>
#include <vector>

#include "daemon/assembly.hpp"
#include "daemon/lab_clock.hpp"
#include "drivers/replay.hpp"

namespace grfd {

struct ReplayOptions {
  std::vector<std::string> captures = {};   ///< files, all of one session, one for each device
  std::string config = {};                  ///< empty: the settings in the captures, with the calibration files in them
  std::vector<std::string> overrides = {};  ///< --set
  std::string output = {};                  ///< the HDF5 file
  std::size_t batch = 256;                  ///< samples handed on at once; results do not depend on it
};

/// The settings a capture holds, without what the emulated devices felt. @throws ConfigError
Settings captured_settings(const CaptureSession& session, const std::vector<std::string>& overrides);

/// Plays captures of one session into the ports of the same names until all are at their end. What a capture lacks (cut
/// off, records lost) is said as a warning. @param tare_at lab time, ReplayLink::kEnd = never
/// @throws CaptureError when a capture does not fit the ports, or the drivers do something else than in it
void play(const std::vector<Capture>& captures, Assembly& assembly, VirtualClock& clock, TimeNs tare_at,
          std::size_t batch = 256);

/// Raw streams get the samples that the session gave (schemas/capture.md says what can differ). Devices without a
/// capture stay silent.
/// @return seconds of virtual time
/// @throws CaptureError for a file that cannot be used, ConfigError, std::exception
double replay(const ReplayOptions& options);

}  // namespace grfd
