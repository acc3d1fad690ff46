// The Link over libusb. Made by UsbContext::open.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "drivers/link.hpp"
#include "drivers/usb_stream.hpp"

namespace grfd {

class UsbLink final : public Link {
 public:
  /// Owns `handle`. Everything else outlives the link. @param closed called when the device has been given back
  UsbLink(libusb_device_handle* handle, LinkInfo info, UsbCounters& counters, UsbRecovery& recovery,
          std::function<void()> closed);
  ~UsbLink() override;

  const LinkInfo& info() const override { return info_; }
  void claim(std::span<const int> interfaces) override;
  std::size_t control(std::uint8_t request_type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                      std::span<std::byte> data, int timeout_ms) override;
  void write(std::uint8_t endpoint, std::span<const std::byte> data, int timeout_ms) override;
  std::size_t read(std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms) override;
  void start_stream(std::uint8_t endpoint, std::size_t bytes, int transfers) override;
  void stop_stream(std::uint8_t endpoint, int drain_ms) noexcept override;
  void set_receiver(Receiver* receiver) override { outlet_.set(receiver); }

 private:
  libusb_device_handle* handle_;
  LinkInfo info_;
  UsbCounters& counters_;
  UsbRecovery& recovery_;
  std::function<void()> closed_;
  std::vector<int> claimed_;
  UsbOutlet outlet_;
  std::vector<std::unique_ptr<UsbStream>> streams_;
};

}  // namespace grfd
