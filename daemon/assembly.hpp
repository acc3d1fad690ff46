// One session put together from its settings: stream table, pipeline, engine, device ports. The same for real and
// virtual time.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "daemon/device_port.hpp"
#include "daemon/emulation.hpp"
#include "daemon/engine.hpp"
#include "schemas/session.hpp"

namespace grfd {

const char* software_version();
const char* software_build();

struct Assembly {
  /// @throws ConfigError-like std::exception when the stimulus cannot be read
  Assembly(Settings settings, TimeNs session_start, std::int64_t start_utc_ns, bool virtual_time);

  /// Puts "verb {json}" into the commands stream. One thread only. @return false when the ring is full
  bool command(TimeNs now, std::string_view text);

  std::unique_ptr<Stimulus> stimulus;
  std::vector<std::string> warnings;  ///< about the settings, the stimulus, and what the rig cannot measure
  Session session;
  StreamId commands, ticks, counters, gaps, events, first_truth;
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<Engine> engine;
  SampleRing* command_ring;
  SampleRing* truth_ring;
  std::vector<std::unique_ptr<DevicePort>> ports;  ///< as Settings::devices
};

}  // namespace grfd
