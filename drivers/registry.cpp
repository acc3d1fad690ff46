// Every driver grfd knows, one line each.
#include "drivers/driver.hpp"

namespace grfd {

extern const DriverEntry labjack_u6;
extern const DriverEntry mcc_usb1608fs_plus;
extern const DriverEntry microstrain_mip;
extern const DriverEntry xio_ximu3;

std::span<const DriverEntry> driver_registry() {
  static const DriverEntry drivers[] = {
      labjack_u6,
      mcc_usb1608fs_plus,
      microstrain_mip,
      xio_ximu3,
  };
  return drivers;
}

const DriverEntry* find_driver(std::string_view name) {
  for (const DriverEntry& entry : driver_registry())
    if (name == entry.name) return &entry;
  return nullptr;
}

}  // namespace grfd
