#include "drivers/emulation/mcc_usb1608fs_plus_options.hpp"

#include "drivers/emulation/fault_names.hpp"

namespace grfd {
namespace {

constexpr FaultName kMccNames[] = {{"drop_packet"},
                                   {"drop_bytes"},
                                   {"short_packet"},
                                   {"overrun"},
                                   {"skip_first_pulse"},
                                   {"overrun_keeps_running"},
                                   {"overrun_discards"},
                                   {"overrun_resumes"},
                                   {"status_sticky"},
                                   {"stop_flushes"},
                                   {"interface_class", 0, 255}};

}  // namespace

MccOptions mcc_options(const EmulationSettings& emulation) {
  MccOptions o;
  const FaultValues value(emulation, kMccNames);
  value.read("drop_packet", o.drop_packet);
  value.read("drop_bytes", o.drop_bytes);
  value.read("short_packet", o.short_packet);
  value.read("overrun", o.overrun);
  value.read("skip_first_pulse", o.skip_first_pulse);
  value.read("overrun_keeps_running", o.overrun_keeps_running);
  value.read("overrun_discards", o.overrun_discards);
  value.read("overrun_resumes", o.overrun_resumes);
  value.read("status_sticky", o.status_sticky);
  value.read("stop_flushes", o.stop_flushes);
  value.read("interface_class", o.interface_class);
  return o;
}

std::vector<std::string> mcc_fault_errors(const EmulationSettings& emulation) {
  return fault_errors(emulation, kMccNames);
}

std::string mcc_fault_names() { return fault_names(kMccNames); }

}  // namespace grfd
