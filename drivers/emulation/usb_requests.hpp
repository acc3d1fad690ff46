// Endpoint zero of an emulated device: the standard requests that every USB device answers, in front of the device
// itself.
#pragma once
#include <array>
#include <set>

#include "drivers/emulation/emulated_device.hpp"

namespace grfd {

/// Source: Universal Serial Bus 2.0, chapter 9.4. Class and vendor requests, and standard ones that are not in there,
/// go on to the device. Not thread-safe.
class UsbRequests {
 public:
  explicit UsbRequests(EmulatedDevice& device) : device_(device) {}
  /// @param data what the host sends, or room for what it wants to read (never more than the setup's length is used)
  /// @return bytes moved, or -1 for a STALL
  int control(TimeNs now, const std::array<std::uint8_t, 8>& setup, std::span<std::byte> data);
  /// A halted endpoint answers STALL until the host clears it.
  bool halted(std::uint8_t endpoint) const { return halted_.count(endpoint) > 0; }
  void halt(std::uint8_t endpoint) { halted_.insert(endpoint); }
  bool has_endpoint(std::uint8_t endpoint) const;
  void power_up();  ///< unconfigured, nothing halted

 private:
  int standard(const std::array<std::uint8_t, 8>& setup, std::span<std::byte> data);
  int descriptor(std::uint16_t value, std::span<std::byte> data) const;

  EmulatedDevice& device_;
  std::set<std::uint8_t> halted_;
  std::uint8_t configuration_ = 0;
  std::array<std::uint8_t, 256> alternate_{};
};

}  // namespace grfd
