// What every sink is told once, before the first sample.
#pragma once
#include <string>

#include "schemas/sample.hpp"
#include "schemas/settings.hpp"
#include "schemas/stream.hpp"

namespace grfd {

struct Session {
  std::string id;                 ///< unique, e.g. "20261125T203000Z-4f2a"
  TimeNs start = 0;               ///< lab clock at t = 0 of the session
  std::int64_t start_utc_ns = 0;  ///< the same instant, UTC
  std::string software_version, software_build;
  Settings settings;
  StreamTable streams;
  bool virtual_time = false;  ///< a simulation: nothing may depend on the wall clock
};

}  // namespace grfd
