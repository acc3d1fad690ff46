#include "drivers/emulation/labjack_u6_options.hpp"

#include "drivers/emulation/fault_names.hpp"

namespace grfd {
namespace {

constexpr FaultField<U6Options> kU6Fields[] = {{"drop_packet", &U6Options::drop_packet},
                                               {"corrupt_checksum", &U6Options::corrupt_checksum},
                                               {"code_55", &U6Options::code_55},
                                               {"short_read", &U6Options::short_read},
                                               {"interface_class", &U6Options::interface_class, 0, 255},
                                               {"no_strings", &U6Options::no_strings},
                                               {"serial_string", &U6Options::serial_string},
                                               {"dummy_late", &U6Options::dummy_late, 0, 10},
                                               {"config_error", &U6Options::config_error, 0, 255},
                                               {"fifo_samples", &U6Options::fifo_samples, 0, 1024},
                                               {"resolution_factor", &U6Options::resolution_factor, 1, 4},
                                               {"no_internal_inputs", &U6Options::no_internal_inputs},
                                               {"stop_forgets", &U6Options::stop_forgets}};
constexpr std::span kU6All(kU6Fields);

}  // namespace

U6Options u6_options(const EmulationSettings& emulation) { return read_faults<U6Options>(emulation, kU6All); }

std::vector<std::string> u6_fault_errors(const EmulationSettings& emulation) {
  return fault_errors(emulation, names_of<U6Options>(kU6All));
}

std::string u6_fault_names() { return fault_names(names_of<U6Options>(kU6All)); }

}  // namespace grfd
