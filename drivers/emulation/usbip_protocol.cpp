#include "drivers/emulation/usbip_protocol.hpp"

#include <algorithm>
#include <cstdio>

namespace grfd::usbip {
namespace {

constexpr std::uint32_t kSubmitted = 3, kUnlinkAnswer = 4, kNotIsochronous = 0xffffffff;
constexpr std::uint32_t kRefused = 1, kFullSpeed = 2, kHighSpeed = 3;
constexpr std::size_t kPath = 256;

std::uint32_t big(View bytes, std::size_t at, std::size_t size) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < size; ++i) v = v << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  return v;
}

void put(Bytes& out, std::uint32_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

void put_text(Bytes& out, const std::string& text, std::size_t size) {
  const std::size_t n = std::min(text.size(), size - 1);
  for (std::size_t i = 0; i < size; ++i) out.push_back(i < n ? static_cast<std::byte>(text[i]) : std::byte{0});
}

std::string hex(const char* what, std::uint32_t value, const char* right) {
  char text[160];
  std::snprintf(text, sizeof text, "%s is 0x%x, not %s", what, value, right);
  return text;
}

void put_device(Bytes& out, const Exported& d) {
  put_text(out, d.path, kPath);
  put_text(out, d.bus_id, kBusId);
  put(out, d.bus, 4);
  put(out, d.address, 4);
  put(out, d.speed, 4);
  for (const std::size_t at : {8u, 10u, 12u})  // vendor, product, release: little-endian in the descriptor
    put(out, static_cast<std::uint32_t>(d.device[at] | d.device[at + 1] << 8), 2);
  for (const std::size_t at : {4u, 5u, 6u}) put(out, d.device[at], 1);  // class, subclass, protocol
  put(out, d.configuration, 1);
  put(out, d.device[17], 1);
  put(out, static_cast<std::uint32_t>(d.interfaces.size()), 1);
}

}  // namespace

Operation read_operation(std::span<const std::byte, kOperation> request) {
  if (const auto version = big(request, 0, 2); version != kVersion)
    throw ProtocolError(hex("the version", version, "0x111 (USB/IP 1.1.1)"));
  const std::uint32_t code = big(request, 2, 2);
  if (code != static_cast<std::uint32_t>(Operation::device_list) &&
      code != static_cast<std::uint32_t>(Operation::import))
    throw ProtocolError(hex("the request", code, "0x8005 (list) or 0x8003 (import)"));
  return static_cast<Operation>(code);
}

std::string read_bus_id(std::span<const std::byte, kBusId> field) {
  const auto end = std::find(field.begin(), field.end(), std::byte{0});
  if (end == field.begin() || end == field.end()) throw ProtocolError("the bus id is not a text of 1 to 31 characters");
  std::string id;
  for (auto i = field.begin(); i != end; ++i) id += static_cast<char>(*i);
  return id;
}

Exported describe(const EmulatedDevice& device, std::uint32_t number) {
  Exported e;
  const std::vector<std::uint8_t> descriptor = device.device_descriptor();
  const std::vector<std::uint8_t>& configuration = device.info().configuration;
  if (descriptor.size() != e.device.size() || configuration.size() < 9)
    throw std::invalid_argument("an emulated device needs 18 bytes of device descriptor and a configuration");
  std::copy(descriptor.begin(), descriptor.end(), e.device.begin());
  e.bus_id = "1-" + std::to_string(number);
  e.path = "/sys/devices/platform/grfd/usb1/" + e.bus_id;
  e.address = number + 1;  // 1 is the root hub
  e.configuration = configuration[5];
  e.speed = kFullSpeed;
  for (std::size_t at = 0; at + 2 <= configuration.size();) {
    const std::size_t size = configuration[at];
    if (size < 2 || at + size > configuration.size())
      throw std::invalid_argument("the configuration of an emulated device is cut at byte " + std::to_string(at));
    const std::uint8_t* d = configuration.data() + at;
    if (d[1] == 4 && size >= 9 && d[3] == 0) e.interfaces.push_back({d[5], d[6], d[7]});
    // Bulk packets of 512 bytes exist at high speed only.
    if (d[1] == 5 && size >= 7 && (d[3] & 3) == 2 && (d[4] | d[5] << 8) == 512) e.speed = kHighSpeed;
    at += size;
  }
  return e;
}

void write_device_list(Bytes& out, std::span<const Exported> devices) {
  put(out, kVersion, 2);
  put(out, static_cast<std::uint32_t>(Operation::device_list) & 0x7fff, 2);
  put(out, 0, 4);
  put(out, static_cast<std::uint32_t>(devices.size()), 4);
  for (const Exported& d : devices) {
    put_device(out, d);
    for (const auto& interface : d.interfaces) {
      for (const std::uint8_t byte : interface) put(out, byte, 1);
      put(out, 0, 1);
    }
  }
}

void write_import(Bytes& out, const Exported* device) {
  put(out, kVersion, 2);
  put(out, static_cast<std::uint32_t>(Operation::import) & 0x7fff, 2);
  put(out, device ? 0 : kRefused, 4);
  if (device) put_device(out, *device);
}

Command read_command(std::span<const std::byte, kHeader> h) {
  Command c;
  const std::uint32_t kind = big(h, 0, 4), direction = big(h, 12, 4), endpoint = big(h, 16, 4);
  if (kind != static_cast<std::uint32_t>(Command::Kind::submit) &&
      kind != static_cast<std::uint32_t>(Command::Kind::unlink))
    throw ProtocolError(hex("the command", kind, "1 (submit) or 2 (unlink)"));
  c.kind = static_cast<Command::Kind>(kind);
  c.seq = big(h, 4, 4);
  c.device_id = big(h, 8, 4);
  if (direction > 1) throw ProtocolError(hex("the direction", direction, "0 (out) or 1 (in)"));
  if (endpoint > 15) throw ProtocolError(hex("the endpoint", endpoint, "0 to 15"));
  c.in = direction == 1;
  c.endpoint = static_cast<std::uint8_t>(endpoint);
  if (c.kind == Command::Kind::unlink) {
    c.victim = big(h, 20, 4);
    return c;
  }
  c.length = big(h, 24, 4);
  if (c.length > kLongestTransfer) throw ProtocolError(hex("the length of a transfer", c.length, "at most 0x100000"));
  c.start_frame = big(h, 28, 4);
  c.packets = big(h, 32, 4);
  if (c.packets != 0 && c.packets != kNotIsochronous)
    throw ProtocolError(hex("the number of isochronous packets", c.packets, "0: such transfers are not exported"));
  for (std::size_t i = 0; i < c.setup.size(); ++i) c.setup[i] = std::to_integer<std::uint8_t>(h[40 + i]);
  return c;
}

void write_submitted(Bytes& out, const Command& command, std::int32_t status, View data, std::size_t actual) {
  for (const std::uint32_t word :
       {kSubmitted, command.seq, 0u, 0u, 0u, static_cast<std::uint32_t>(status), static_cast<std::uint32_t>(actual),
        command.start_frame, command.packets, 0u, 0u, 0u})
    put(out, word, 4);
  out.insert(out.end(), data.begin(), data.end());
}

void write_unlinked(Bytes& out, std::uint32_t seq, std::int32_t status) {
  for (const std::uint32_t word :
       {kUnlinkAnswer, seq, 0u, 0u, 0u, static_cast<std::uint32_t>(status), 0u, 0u, 0u, 0u, 0u, 0u})
    put(out, word, 4);
}

}  // namespace grfd::usbip
