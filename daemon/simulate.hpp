// `grfd simulate`: the same devices, drivers, rings and pipeline in virtual time, on one thread.
#pragma once
#include <functional>
#include <string>

#include "schemas/settings.hpp"

namespace grfd {

struct Assembly;

struct SimulateOptions {
  std::string output;       ///< the HDF5 file
  double seconds = 30;      ///< of virtual time; with a recording 0 = until its end
  std::size_t batch = 256;  ///< samples handed on at once; results do not depend on it
  /// Called once before the first sample, if set: to add outlets, which must outlive the call of `simulate`.
  std::function<void(Assembly&)> assembled{};
};

/// Two runs with the same settings write equal files. @return seconds of virtual time. @throws std::exception
double simulate(Settings settings, const SimulateOptions& options);

}  // namespace grfd
