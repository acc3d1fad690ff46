// What the emulated U6 does wrong, and how it does what the datasheet leaves open. All of it stands in
// EmulationSettings::faults.
#pragma once
#include <string>
#include <vector>

#include "schemas/settings.hpp"

namespace grfd {

struct U6Options {
  // Faults, rates per packet.
  double drop_packet = 0;       ///< lost on its way: the packet counter jumps
  double corrupt_checksum = 0;  ///< one sample byte differs
  double code_55 = 0;           ///< fatal overlap of scans
  double short_read = 0;        ///< comes in two pieces, each of which ends its transfer early; nothing is lost

  // What no document says.
  int interface_class = 0xff;       ///< of the only interface
  bool no_strings = false;          ///< no manufacturer, no product
  bool serial_string = false;       ///< the serial number as a string, too
  int dummy_late = 0;               ///< scans of new data between a report's first free place and its dummy scan
  int config_error = 0;             ///< the answer to every impossible configuration; 0: 48, 49, 50 and 58 as fits
  int fifo_samples = 0;             ///< 0: 512 with one sample per packet, 984 with 25, linear between
  double resolution_factor = 2;     ///< conversion time of a resolution index against the one before
  bool no_internal_inputs = false;  ///< channels 14 (temperature) and 15 (ground) cannot be streamed
  bool stop_forgets = false;        ///< a stream that was stopped must be configured anew
};

/// Takes what is known and plausible; `u6_fault_errors` tells of the rest.
U6Options u6_options(const EmulationSettings& emulation);
/// Each "emulation.faults.NAME: what is wrong, what would be right".
std::vector<std::string> u6_fault_errors(const EmulationSettings& emulation);
std::string u6_fault_names();  ///< all of them, with blanks between

}  // namespace grfd
