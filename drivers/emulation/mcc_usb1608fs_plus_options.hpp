// What the emulated USB-1608FS-Plus does wrong, and how it does what no document says. All of it stands in
// EmulationSettings::faults.
#pragma once
#include <string>
#include <vector>

#include "schemas/settings.hpp"

namespace grfd {

struct MccOptions {
  // Faults, rates per packet.
  double drop_packet = 0;   ///< lost on its way; nothing in the stream tells
  double drop_bytes = 0;    ///< 1 to 63 bytes of it are lost
  double short_packet = 0;  ///< ends early, the rest follows
  double overrun = 0;       ///< as if the FIFO were full

  // What no document says.
  bool skip_first_pulse = false;       ///< the first scan of a unit that paces gives no edge on SYNC
  bool overrun_keeps_running = false;  ///< the running bit stays up, so that everything is refused until a stop
  bool overrun_discards = false;       ///< what the FIFO held goes with it
  bool overrun_resumes = false;        ///< scans are left out while the FIFO is full, then it goes on
  bool status_sticky = false;          ///< nothing clears the overrun bit
  bool stop_flushes = false;           ///< a stop sends what does not fill a packet as a short one
  int interface_class = 0xff;
};

/// Takes what is known and plausible; `mcc_fault_errors` tells of the rest.
MccOptions mcc_options(const EmulationSettings& emulation);
/// Each "emulation.faults.NAME: what is wrong, what would be right".
std::vector<std::string> mcc_fault_errors(const EmulationSettings& emulation);
std::string mcc_fault_names();  ///< all of them, with blanks between

}  // namespace grfd
