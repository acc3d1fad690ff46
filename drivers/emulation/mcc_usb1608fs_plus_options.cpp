#include "drivers/emulation/mcc_usb1608fs_plus_options.hpp"

#include "drivers/emulation/fault_names.hpp"

namespace grfd {
namespace {

constexpr FaultField<MccOptions> kMccFields[] = {{"drop_packet", &MccOptions::drop_packet},
                                                 {"drop_bytes", &MccOptions::drop_bytes},
                                                 {"short_packet", &MccOptions::short_packet},
                                                 {"overrun", &MccOptions::overrun},
                                                 {"skip_first_pulse", &MccOptions::skip_first_pulse},
                                                 {"overrun_keeps_running", &MccOptions::overrun_keeps_running},
                                                 {"overrun_discards", &MccOptions::overrun_discards},
                                                 {"overrun_resumes", &MccOptions::overrun_resumes},
                                                 {"status_sticky", &MccOptions::status_sticky},
                                                 {"stop_flushes", &MccOptions::stop_flushes},
                                                 {"interface_class", &MccOptions::interface_class, 0, 255}};
constexpr std::span kMccAll(kMccFields);

}  // namespace

MccOptions mcc_options(const EmulationSettings& emulation) { return read_faults<MccOptions>(emulation, kMccAll); }

std::vector<std::string> mcc_fault_errors(const EmulationSettings& emulation) {
  return fault_errors(emulation, names_of<MccOptions>(kMccAll));
}

std::string mcc_fault_names() { return fault_names(names_of<MccOptions>(kMccAll)); }

}  // namespace grfd
