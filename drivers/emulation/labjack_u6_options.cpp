#include "drivers/emulation/labjack_u6_options.hpp"

#include "drivers/emulation/fault_names.hpp"

namespace grfd {
namespace {

constexpr FaultName kU6Names[] = {{"drop_packet"},
                                  {"corrupt_checksum"},
                                  {"code_55"},
                                  {"short_read"},
                                  {"interface_class", 0, 255},
                                  {"no_strings"},
                                  {"serial_string"},
                                  {"dummy_late", 0, 10},
                                  {"config_error", 0, 255},
                                  {"fifo_samples", 0, 1024},
                                  {"resolution_factor", 1, 4},
                                  {"no_internal_inputs"},
                                  {"stop_forgets"}};

}  // namespace

U6Options u6_options(const EmulationSettings& emulation) {
  U6Options o;
  const FaultValues value(emulation, kU6Names);
  value.read("drop_packet", o.drop_packet);
  value.read("corrupt_checksum", o.corrupt_checksum);
  value.read("code_55", o.code_55);
  value.read("short_read", o.short_read);
  value.read("interface_class", o.interface_class);
  value.read("no_strings", o.no_strings);
  value.read("serial_string", o.serial_string);
  value.read("dummy_late", o.dummy_late);
  value.read("config_error", o.config_error);
  value.read("fifo_samples", o.fifo_samples);
  value.read("resolution_factor", o.resolution_factor);
  value.read("no_internal_inputs", o.no_internal_inputs);
  value.read("stop_forgets", o.stop_forgets);
  return o;
}

std::vector<std::string> u6_fault_errors(const EmulationSettings& emulation) {
  return fault_errors(emulation, kU6Names);
}

std::string u6_fault_names() { return fault_names(kU6Names); }

}  // namespace grfd
