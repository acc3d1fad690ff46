// Finds real devices on USB for the devices thread.
#pragma once
#include <memory>

#include "daemon/devices.hpp"

namespace grfd {

/// Starts the USB event thread. @throws std::runtime_error when libusb cannot be used
std::unique_ptr<LinkFinder> make_usb_finder(Engine& engine);

}  // namespace grfd
