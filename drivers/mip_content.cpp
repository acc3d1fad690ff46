#include "drivers/mip_content.hpp"

#include <cmath>

namespace grfd {

using namespace mip;

MipContent MipReader::read(Bytes payload) noexcept {
  MipContent c;
  FieldWalk walk(payload);
  for (Field f; walk.next(f);) {
    const auto has = [&](std::size_t n) {
      if (f.data.size() == n) return true;
      ++bad_field;
      return false;
    };
    const auto vector = [&](std::size_t at) {
      if (!has(12)) return false;
      for (std::size_t i = 0; i < 3; ++i) c.values[at + i] = read_be<float>(f.data, 4 * i);
      return true;
    };
    switch (f.descriptor) {
      case 0x04:
        c.acceleration |= vector(0);
        break;
      case 0x05:
        c.rate |= vector(3);
        break;
      case 0x12:
        if (has(12)) week_time(f.data, c);
        break;
      case 0x18:
        if (has(2)) c.over_range = read_be<std::uint16_t>(f.data);
        break;
      case 0xD0:
        if (has(1)) c.event = f.data[0] != std::byte{0};
        break;
      case 0xD2:
        if (has(4)) c.delta = true, c.ticks = read_be<std::uint32_t>(f.data);
        break;
      case 0xD5:
        if (has(8)) c.time = true, c.t_ns = read_be<std::uint64_t>(f.data);
        break;
      default:
        ++unknown_field;
    }
  }
  if (walk.bad()) ++bad_field;
  return c;
}

MipContent MipReader::read_system(Bytes payload) noexcept {
  MipContent c;
  FieldWalk walk(payload);
  for (Field f; walk.next(f);) {
    const std::size_t n = f.data.size();
    if (f.descriptor == 0xD0 && n == 1) {
      c.trigger = std::to_integer<std::uint8_t>(f.data[0]);
      c.event = c.trigger != 0;
    } else if (f.descriptor == 0xD5 && n == 8) {
      c.time = true;
      c.t_ns = read_be<std::uint64_t>(f.data);
    } else if (f.descriptor == 0x03 && n == 1) {
      c.gpio = true;
      c.levels = std::to_integer<std::uint8_t>(f.data[0]);
    } else if (f.descriptor == 0xD0 || f.descriptor == 0xD5 || f.descriptor == 0x03) {
      ++bad_field;
    }
  }
  if (walk.bad()) ++bad_field;
  return c;
}

void MipReader::week_time(Bytes data, MipContent& c) noexcept {
  constexpr double kWeekS = 604800;
  const double tow_s = read_be<double>(data);
  if (!(tow_s >= 0 && tow_s <= kWeekS)) return ++bad_field;
  c.t_ns = read_be<std::uint16_t>(data, 8) * static_cast<std::uint64_t>(kWeekS * 1e9) +
           static_cast<std::uint64_t>(std::llround(tow_s * 1e9));
  c.time = true;
}

}  // namespace grfd
