// Every driver grfd knows, one line each.
#include "drivers/driver.hpp"

#include <array>

namespace grfd {

extern const DriverEntry microstrain_mip;

std::span<const DriverEntry> driver_registry() {
  static const std::array entries{
      microstrain_mip,
  };
  return entries;
}

const DriverEntry* find_driver(std::string_view name) {
  for (const DriverEntry& entry : driver_registry())
    if (name == entry.name) return &entry;
  return nullptr;
}

}  // namespace grfd
