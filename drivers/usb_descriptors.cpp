#include "drivers/usb_descriptors.hpp"

#include <libusb.h>

#include <algorithm>

#include "drivers/usb_transfer.hpp"

namespace grfd {
namespace {

constexpr int kAnswerMs = 500;

/// A string descriptor is UTF-16LE. @return UTF-8, with U+FFFD for halves of pairs
std::string utf8(std::span<const std::byte> descriptor) {
  std::string text;
  for (std::size_t i = 2; i + 1 < descriptor.size(); i += 2) {
    unsigned c = std::to_integer<unsigned>(descriptor[i]) | std::to_integer<unsigned>(descriptor[i + 1]) << 8;
    if (c == 0) break;
    if (c >= 0xd800 && c < 0xe000) c = 0xfffd;
    if (c < 0x80) {
      text += static_cast<char>(c);
    } else if (c < 0x800) {
      text += {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
    } else {
      text += {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f)),
               static_cast<char>(0x80 | (c & 0x3f))};
    }
  }
  return text;
}

/// GET_DESCRIPTOR; empty when the device refuses. @throws LinkError when it does not answer
std::vector<std::byte> descriptor(libusb_device_handle* handle, std::uint8_t type, std::uint8_t index,
                                  std::uint16_t language, std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::size_t moved = 0;
  const int error = usb_control(handle, LIBUSB_ENDPOINT_IN, LIBUSB_REQUEST_GET_DESCRIPTOR,
                                static_cast<std::uint16_t>(type << 8 | index), language, bytes, kAnswerMs, moved);
  if (error != 0 && error != LIBUSB_ERROR_PIPE) throw_usb_error(error, "reading its descriptors");
  bytes.resize(error == 0 ? moved : 0);
  return bytes;
}

std::string read_string(libusb_device_handle* handle, std::uint8_t index, std::uint16_t language) {
  if (index == 0) return {};
  std::vector<std::byte> d = descriptor(handle, LIBUSB_DT_STRING, index, language, 255);
  if (d.size() < 2 || d[1] != std::byte{LIBUSB_DT_STRING}) return {};
  d.resize(std::min<std::size_t>(d.size(), std::to_integer<std::size_t>(d[0])));
  return utf8(d);
}

}  // namespace

bool has_acm(libusb_device* device) {
  libusb_config_descriptor* config = nullptr;
  if (libusb_get_active_config_descriptor(device, &config) != 0) return false;
  bool found = false;
  for (int i = 0; i < config->bNumInterfaces; ++i)
    for (int a = 0; a < config->interface[i].num_altsetting; ++a) {
      const libusb_interface_descriptor& d = config->interface[i].altsetting[a];
      found |= d.bInterfaceClass == 0x02 && d.bInterfaceSubClass == 0x02;
    }
  libusb_free_config_descriptor(config);
  return found;
}

UsbStrings read_strings(libusb_device_handle* handle) {
  libusb_device_descriptor d{};
  libusb_get_device_descriptor(libusb_get_device(handle), &d);
  if (!d.iManufacturer && !d.iProduct && !d.iSerialNumber) return {};
  std::uint16_t language = 0x0409;
  if (const auto known = descriptor(handle, LIBUSB_DT_STRING, 0, 0, 255); known.size() >= 4)
    language =
        static_cast<std::uint16_t>(std::to_integer<unsigned>(known[2]) | std::to_integer<unsigned>(known[3]) << 8);
  return {read_string(handle, d.iManufacturer, language), read_string(handle, d.iProduct, language),
          read_string(handle, d.iSerialNumber, language)};
}

std::vector<std::uint8_t> read_active_configuration(libusb_device_handle* handle) {
  libusb_device* device = libusb_get_device(handle);
  libusb_device_descriptor facts{};
  libusb_get_device_descriptor(device, &facts);
  libusb_config_descriptor* active = nullptr;
  if (const int error = libusb_get_active_config_descriptor(device, &active); error != 0)
    throw LinkError(LinkError::Kind::io, "the device has no active configuration, or one that cannot be read");
  const std::uint8_t number = active->bConfigurationValue;
  const std::size_t size = active->wTotalLength;
  libusb_free_config_descriptor(active);
  for (std::uint8_t i = 0; i < facts.bNumConfigurations; ++i) {
    const std::vector<std::byte> d = descriptor(handle, LIBUSB_DT_CONFIG, i, 0, size);
    if (d.size() < 9 || d[1] != std::byte{LIBUSB_DT_CONFIG} || d[5] != std::byte{number}) continue;
    const auto* first = reinterpret_cast<const std::uint8_t*>(d.data());
    return {first, first + d.size()};
  }
  throw LinkError(LinkError::Kind::io, "the device does not give its configuration descriptor");
}

}  // namespace grfd
