// Finds real devices on USB for the devices thread.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "daemon/devices.hpp"
#include "drivers/usb.hpp"

namespace grfd {

/// Devices thread only. A candidate is opened, asked who it is, and released at once when it is not the one. Somebody
/// else's device is remembered by its serial until it is unplugged; one that does not answer as it should is left alone
/// for 1, 2, 4 ... 60 s, so that a foreign device is not disturbed every second. Of two with one serial the first on
/// the bus is taken, with a warning.
class UsbFinder final : public LinkFinder {
 public:
  /// Starts the USB event thread. @throws std::runtime_error when libusb cannot be used
  /// @param realtime ask for real-time priority for that thread
  explicit UsbFinder(bool realtime);
  std::unique_ptr<Link> open(const DeviceSettings& settings, Driver& driver) override;
  std::uint64_t changes() const override { return usb_.changes(); }
  std::span<const Counter* const> counters() const noexcept { return usb_.counters(); }
  const std::set<std::string>& twins() const noexcept { return twins_; }  ///< "driver serial", each warned of once
  std::uint64_t identified() const noexcept { return identified_; }       ///< how often a device was asked

 private:
  struct Known {
    std::string serial;   ///< empty: it has not said yet
    std::string trouble;  ///< why not
    TimeNs retry_at = 0, pause = 0;
  };
  void warn_of_twins(const UsbDevice& device, const std::string& driver, const std::vector<UsbDevice>& candidates);
  std::unique_ptr<Link> ask(const UsbDevice& device, Driver& driver, Known& known);

  UsbContext usb_;
  std::set<std::string> twins_;                                   // warned of
  std::map<std::pair<std::string, std::uint64_t>, Known> known_;  // by driver and plugging-in
  std::uint64_t identified_ = 0;
};

/// A UsbFinder whose counters the engine publishes as "usb.<name>".
std::unique_ptr<LinkFinder> make_usb_finder(Engine& engine, bool realtime = true);

}  // namespace grfd
