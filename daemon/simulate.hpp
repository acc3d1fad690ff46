// `grfd simulate`: the same devices, drivers, rings and pipeline in virtual time, on one thread.
#pragma once
#include <string>

#include "schemas/settings.hpp"

namespace grfd {

struct SimulateOptions {
  std::string output;       ///< the HDF5 file
  double seconds = 30;      ///< of virtual time; with a recording 0 = until its end
  std::size_t batch = 256;  ///< samples handed on at once; results do not depend on it
};

/// Two runs with the same settings write equal files. @return seconds of virtual time. @throws std::exception
double simulate(Settings settings, const SimulateOptions& options);

}  // namespace grfd
