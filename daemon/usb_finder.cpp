#include "daemon/usb_finder.hpp"

namespace grfd {
// Interim: devices on USB are not found yet; drivers/usb.cpp is on its way.
std::unique_ptr<LinkFinder> make_usb_finder(Engine&) { return nullptr; }
}  // namespace grfd
