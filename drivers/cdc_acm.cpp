#include "drivers/cdc_acm.hpp"

#include <array>

#include "drivers/driver.hpp"

namespace grfd {

namespace {

constexpr std::uint8_t kClassToInterface = 0x21, kSetLineCoding = 0x20, kSetControlLineState = 0x22;
constexpr int kTimeoutMs = 1000;

/// A device may stall a request that it does not know: that is no error.
void class_request(Link& link, const CdcAcm& port, std::uint8_t request, std::uint16_t value,
                   std::span<std::byte> data) {
  try {
    link.control(kClassToInterface, request, value, static_cast<std::uint16_t>(port.control_interface), data,
                 kTimeoutMs);
  } catch (const LinkError& e) {
    if (e.kind != LinkError::Kind::stall) throw;
  }
}

struct Walk {
  std::span<const std::uint8_t> rest;
  bool next(std::span<const std::uint8_t>& d) {
    if (rest.size() < 2 || rest[0] < 2 || rest[0] > rest.size()) return false;
    d = rest.first(rest[0]);
    rest = rest.subspan(rest[0]);
    return true;
  }
};

bool is_interface(std::span<const std::uint8_t> d) { return d.size() >= 9 && d[1] == 4; }

}  // namespace

CdcAcm find_cdc_acm(std::span<const std::uint8_t> configuration) {
  CdcAcm port;
  std::span<const std::uint8_t> d;
  bool in_control = false;
  for (Walk walk{configuration}; walk.next(d);) {
    if (is_interface(d)) {
      const bool acm = d[5] == 0x02 && d[6] == 0x02;
      in_control = acm && d[3] == 0 && (port.control_interface < 0 || port.control_interface == d[2]);
      if (in_control) port.control_interface = d[2];
      if (port.control_interface >= 0 && port.data_interface < 0 && d[5] == 0x0A) port.data_interface = d[2];
    } else if (in_control && d.size() >= 5 && d[1] == 0x24 && d[2] == 0x06) {
      port.data_interface = d[4];
    } else if (in_control && d.size() >= 7 && d[1] == 5 && (d[2] & 0x80) && (d[3] & 3) == 3) {
      port.notify = d[2];
    }
  }
  if (port.control_interface < 0) throw DeviceError("no CDC-ACM function in the configuration descriptor");
  bool in_data = false;  // in a second walk: the data interface may come before the one that names it
  for (Walk walk{configuration}; walk.next(d);) {
    if (is_interface(d)) {
      in_data = d[2] == port.data_interface && d[3] == 0 && d[5] == 0x0A;
    } else if (in_data && d.size() >= 7 && d[1] == 5 && (d[3] & 3) == 2) {
      const auto packet = static_cast<std::uint16_t>((d[4] | d[5] << 8) & 0x7ff);
      if (d[2] & 0x80) {
        port.in = d[2];
        port.max_packet = packet;
      } else {
        port.out = d[2];
        port.out_packet = packet;
      }
    }
  }
  if (port.in == 0 || port.out == 0 || port.max_packet == 0 || port.out_packet == 0)
    throw DeviceError("the CDC-ACM function has no pair of bulk endpoints");
  return port;
}

void open_cdc_acm(Link& link, const CdcAcm& port) {
  const std::array interfaces{port.control_interface, port.data_interface};
  link.claim(interfaces);
  std::array<std::byte, 7> coding{
      std::byte{0x00}, std::byte{0xC2}, std::byte{0x01}, std::byte{0},
      std::byte{0},    std::byte{0},    std::byte{8}};  // 115200 baud, 1 stop bit, no parity, 8 bits
  class_request(link, port, kSetLineCoding, 0, coding);
  class_request(link, port, kSetControlLineState, 3, {});
}

void write_cdc_acm(Link& link, const CdcAcm& port, std::span<const std::byte> data, int timeout_ms) {
  link.write(port.out, data, timeout_ms);
  if (data.size() % port.out_packet == 0) link.write(port.out, {}, timeout_ms);
}

void close_cdc_acm(Link& link, const CdcAcm& port) noexcept {
  try {
    class_request(link, port, kSetControlLineState, 0, {});
  } catch (const std::exception&) {  // the device is gone: nothing is left to close
  }
}

}  // namespace grfd
