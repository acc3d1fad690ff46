// One emulated device behind USB/IP: transfers that wait, transfers that end, in the device's own time. No socket.
#pragma once
#include <deque>
#include <map>

#include "drivers/emulation/usb_requests.hpp"
#include "drivers/emulation/usbip_protocol.hpp"

namespace grfd {

/// Time is the device's (EmulatedDevice), given by the caller, never decreasing. Not thread-safe.
class UsbipExport {
 public:
  /// @param number place on the bus, from 1. @throws std::invalid_argument for broken descriptors
  UsbipExport(EmulatedDevice& device, std::uint32_t number);
  const usbip::Exported& described() const { return described_; }

  /// Plugged in: power comes, all that was pending is forgotten.
  void plug(TimeNs now);
  /// Takes one command; `data` is what followed its header. Answers that are ready at once are appended to `out`.
  void take(TimeNs now, const usbip::Command& command, usbip::View data, usbip::Bytes& out);
  /// Ends all transfers that are due until `now`, each at its own time however late the caller is: a host controller
  /// needs no processor. @return device time of the next event, EmulatedDevice::kNever when none is due
  TimeNs run(TimeNs now, usbip::Bytes& out);
  /// The endpoint's next transfer ends with STALL, and so do later ones until the host clears it.
  void stall(std::uint8_t endpoint) { requests_.halt(endpoint); }

  std::size_t pending() const;                  ///< IN transfers that wait
  std::uint64_t urbs() const { return urbs_; }  ///< taken since the start

 private:
  void submit(const usbip::Command& command, usbip::View data, usbip::Bytes& out);
  void unlink(const usbip::Command& command, usbip::Bytes& out);
  void finish(const usbip::Command& command, int bytes, usbip::Bytes& out);

  EmulatedDevice& device_;
  usbip::Exported described_;
  UsbRequests requests_;
  std::map<std::uint8_t, std::deque<usbip::Command>> pending_;  // by endpoint address, IN only
  usbip::Bytes buffer_;
  TimeNs now_ = 0;
  std::uint64_t urbs_ = 0;
};

}  // namespace grfd
