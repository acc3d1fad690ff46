// What a USB device says about itself.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

struct libusb_device;
struct libusb_device_handle;

namespace grfd {

/// An interface of class 2 subclass 2 in the active configuration. Asks only the kernel.
bool has_acm(libusb_device* device);

struct UsbStrings {
  std::string manufacturer, product, serial;  ///< UTF-8; empty when the device has none
};
/// In the device's first language. The event thread must run. @throws LinkError when it does not answer
UsbStrings read_strings(libusb_device_handle* handle);

/// As the device sends it (libusb gives only its own parsed form). @throws LinkError
std::vector<std::uint8_t> read_active_configuration(libusb_device_handle* handle);

}  // namespace grfd
