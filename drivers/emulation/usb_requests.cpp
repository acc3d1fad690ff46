#include "drivers/emulation/usb_requests.hpp"

#include <algorithm>

namespace grfd {
namespace {

constexpr int kStall = -1, kNotStandard = -2;
constexpr std::uint8_t kDevice = 0, kInterface = 1, kEndpoint = 2;
constexpr std::uint8_t kGetStatus = 0, kClearFeature = 1, kSetFeature = 3, kSetAddress = 5, kGetDescriptor = 6,
                       kGetConfiguration = 8, kSetConfiguration = 9, kGetInterface = 10, kSetInterface = 11;
constexpr std::uint16_t kEndpointHalt = 0, kRemoteWakeup = 1;

int answer(std::span<const std::uint8_t> bytes, std::span<std::byte> data) {
  const std::size_t n = std::min(bytes.size(), data.size());
  for (std::size_t i = 0; i < n; ++i) data[i] = static_cast<std::byte>(bytes[i]);
  return static_cast<int>(n);
}

/// UTF-16LE of a text that is ASCII in every device we know; other bytes become '?'.
std::vector<std::uint8_t> string_descriptor(const std::string& text) {
  const std::size_t n = std::min<std::size_t>(text.size(), 126);
  std::vector<std::uint8_t> d{static_cast<std::uint8_t>(2 + 2 * n), 3};
  for (std::size_t i = 0; i < n; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    d.push_back(c < 0x80 ? c : std::uint8_t{'?'});
    d.push_back(0);
  }
  return d;
}

/// f(descriptor) for each descriptor of a configuration, until it returns true.
template <class F>
bool any_descriptor(const std::vector<std::uint8_t>& configuration, F f) {
  for (std::size_t at = 0; at + 2 <= configuration.size();) {
    const std::size_t size = configuration[at];
    if (size < 2 || at + size > configuration.size()) return false;
    if (f(std::span(configuration).subspan(at, size))) return true;
    at += size;
  }
  return false;
}

}  // namespace

void UsbRequests::power_up() {
  halted_.clear();
  configuration_ = 0;
  alternate_ = {};
}

bool UsbRequests::has_endpoint(std::uint8_t endpoint) const {
  if ((endpoint & 0x7f) == 0) return true;
  return any_descriptor(device_.info().configuration,
                        [endpoint](auto d) { return d[1] == 5 && d.size() >= 7 && d[2] == endpoint; });
}

int UsbRequests::control(TimeNs now, const std::array<std::uint8_t, 8>& setup, std::span<std::byte> data) {
  data = data.first(std::min<std::size_t>(data.size(), static_cast<std::size_t>(setup[6] | setup[7] << 8)));
  if ((setup[0] & 0x60) == 0)
    if (const int n = standard(setup, data); n != kNotStandard) return n;
  const auto word = [&setup](std::size_t at) { return static_cast<std::uint16_t>(setup[at] | setup[at + 1] << 8); };
  return device_.control(now, setup[0], setup[1], word(2), word(4), data);
}

int UsbRequests::standard(const std::array<std::uint8_t, 8>& setup, std::span<std::byte> data) {
  const bool in = setup[0] & 0x80;
  const std::uint8_t recipient = setup[0] & 0x1f, request = setup[1];
  const auto value = static_cast<std::uint16_t>(setup[2] | setup[3] << 8);
  const std::uint8_t index = setup[4];
  const std::uint8_t own_configuration = device_.info().configuration.at(5);
  switch (request) {
    case kGetStatus:
      if (!in || recipient > kEndpoint || (recipient == kEndpoint && !has_endpoint(index))) return kStall;
      return answer(std::array<std::uint8_t, 2>{recipient == kEndpoint && halted(index), 0}, data);
    case kClearFeature:
    case kSetFeature:
      if (in) return kStall;
      if (recipient == kDevice && value == kRemoteWakeup) return 0;
      if (recipient != kEndpoint || value != kEndpointHalt || !has_endpoint(index)) return kStall;
      if (request == kSetFeature)
        halt(index);
      else
        halted_.erase(index);
      return 0;
    case kSetAddress:
      return in ? kStall : 0;  // the host's side of the cable keeps addresses
    case kGetDescriptor:
      if (!in || recipient != kDevice)
        return kNotStandard;  // an interface's own descriptors (HID) are the device's matter
      return descriptor(value, data);
    case kGetConfiguration:
      return in ? answer(std::array{configuration_}, data) : kStall;
    case kSetConfiguration:
      if (in || (value != 0 && value != own_configuration)) return kStall;
      power_up();
      configuration_ = static_cast<std::uint8_t>(value);
      return 0;
    case kGetInterface:
      return in && configuration_ != 0 ? answer(std::array{alternate_[index]}, data) : kStall;
    case kSetInterface: {
      const bool exists = any_descriptor(device_.info().configuration, [&](auto d) {
        return d[1] == 4 && d.size() >= 9 && d[2] == index && d[3] == value;
      });
      if (in || !exists || configuration_ == 0 || recipient != kInterface) return kStall;
      alternate_[index] = static_cast<std::uint8_t>(value);
      halted_.clear();
      return 0;
    }
    default:
      return kNotStandard;
  }
}

int UsbRequests::descriptor(std::uint16_t value, std::span<std::byte> data) const {
  const LinkInfo& info = device_.info();
  const std::vector<std::uint8_t> device = device_.device_descriptor();
  const auto type = static_cast<std::uint8_t>(value >> 8), number = static_cast<std::uint8_t>(value);
  if (type == 1 && number == 0) return answer(device, data);
  if (type == 2 && number == 0) return answer(info.configuration, data);
  if (type != 3) return kStall;
  if (number == 0) return answer(std::array<std::uint8_t, 4>{4, 3, 0x09, 0x04}, data);  // English
  if (number == device.at(14)) return answer(string_descriptor(info.manufacturer), data);
  if (number == device.at(15)) return answer(string_descriptor(info.product), data);
  if (number == device.at(16)) return answer(string_descriptor(info.serial_string), data);
  return kStall;
}

}  // namespace grfd
