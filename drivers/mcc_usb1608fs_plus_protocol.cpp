#include "drivers/mcc_usb1608fs_plus_protocol.hpp"

#include <bit>
#include <cmath>

namespace grfd::mcc {
namespace {

void put32(std::byte* to, std::uint32_t v) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<std::byte>(v >> (8 * i));
}
std::uint32_t get32(const std::byte* from) {
  std::uint32_t v = 0;
  for (int i = 0; i < 4; ++i) v |= std::to_integer<std::uint32_t>(from[i]) << (8 * i);
  return v;
}

}  // namespace

std::array<std::byte, 10> encode(const ScanStart& start) {
  std::array<std::byte, 10> p{};
  put32(p.data(), start.scan_count);
  put32(p.data() + 4, start.pacer_period);
  p[8] = std::byte{start.mask};
  p[9] = std::byte{start.options};
  return p;
}

ScanStart decode(std::span<const std::byte, 10> p) {
  return {get32(p.data()), get32(p.data() + 4), std::to_integer<std::uint8_t>(p[8]),
          std::to_integer<std::uint8_t>(p[9])};
}

std::optional<std::uint32_t> pacer_period(double rate_hz) {
  if (!(rate_hz > 0)) return std::nullopt;
  const double counts = std::nearbyint(kPacerHz / rate_hz);
  if (counts < 2 || counts > 4294967296.0) return std::nullopt;  // a period of 0 would mean the external clock
  return static_cast<std::uint32_t>(counts - 1);
}

bool ChannelCalibration::plausible() const {
  return std::isfinite(slope) && std::isfinite(offset) && slope >= 0.5 && slope <= 1.5;
}

ChannelCalibration read_calibration(std::span<const std::byte> memory, std::uint8_t range, std::size_t channel) {
  const std::byte* at = memory.subspan(calibration_address(range, channel), 8).data();
  return {std::bit_cast<float>(get32(at)), std::bit_cast<float>(get32(at + 4))};
}

void write_calibration(std::span<std::byte> memory, std::uint8_t range, std::size_t channel, float slope,
                       float offset) {
  std::byte* at = memory.subspan(calibration_address(range, channel), 8).data();
  put32(at, std::bit_cast<std::uint32_t>(slope));
  put32(at + 4, std::bit_cast<std::uint32_t>(offset));
}

}  // namespace grfd::mcc
