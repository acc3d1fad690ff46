// In which order devices start: a device that paces others after them, and after the one it is told to wait for.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "schemas/settings.hpp"

namespace grfd {

struct StartOrder {
  static constexpr std::size_t kOwn = static_cast<std::size_t>(-1);
  std::vector<std::size_t> order;                ///< indices of the devices, first one first
  std::vector<std::vector<std::size_t>> before;  ///< by device: what must run or be armed before it
  std::vector<std::size_t> clock;                ///< by device: whose pacer it counts by; kOwn: its own
};

/// @param trouble gets "device: why" when names are unknown or devices wait for each other; those wishes are left out
StartOrder start_order(const std::vector<DeviceSettings>& devices, std::vector<std::string>* trouble = nullptr);

}  // namespace grfd
