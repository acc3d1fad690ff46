// One USB transfer that is waited for, without taking part in libusb's event handling.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "drivers/link.hpp"

struct libusb_device_handle;

namespace grfd {

/// libusb's own synchronous calls may run other transfers' callbacks on the caller's thread. These wait instead, so
/// that every callback runs on the event thread, which must be running. Any other thread.
/// @return 0 or a (negative) libusb_error; `moved` is valid in both cases: a transfer that timed out may have moved
/// bytes
int usb_bulk(libusb_device_handle* handle, std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms,
             std::size_t& moved);
int usb_control(libusb_device_handle* handle, std::uint8_t request_type, std::uint8_t request, std::uint16_t value,
                std::uint16_t index, std::span<std::byte> data, int timeout_ms, std::size_t& moved);

/// "endpoint 0x82".
std::string endpoint_name(std::uint8_t endpoint);
/// @throws LinkError "<what>: <reason of libusb>"
[[noreturn]] void throw_usb_error(int error, const std::string& what);

}  // namespace grfd
