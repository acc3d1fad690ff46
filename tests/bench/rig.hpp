// The demonstration rig in virtual time: its raw samples in memory, as the pipeline is given them.
#pragma once
#include <memory>
#include <vector>

#include "daemon/assembly.hpp"

namespace grfd::bench {

inline constexpr TimeNs kStart = 1'000'000'000'000;

struct Rig {
  Settings settings;                   ///< of config/demo.toml
  std::unique_ptr<Assembly> assembly;  ///< stream table and pipeline; its ports and engine are not used
  std::vector<Sample> raw;             ///< in order of arrival, numbered; with ticks, truth and the tare command
  double seconds = 0;
};

/// @param truth whether the rows of the emulation's truth are among the samples
Rig demo_rig(double seconds, bool truth);

/// All that the pipeline passes on or derives from the raw samples.
std::vector<Sample> all_streams(Rig& rig);

}  // namespace grfd::bench
