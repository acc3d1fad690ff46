// What one packet of set 0x80 or 0xA0 says: generation 7 and generation 5 alike.
#pragma once
#include "drivers/mip_packet.hpp"

namespace grfd {

struct MipContent {
  bool time = false, acceleration = false, rate = false, delta = false;
  bool event = false;             ///< sent by a trigger, not by the schedule
  std::uint8_t trigger = 0;       ///< 0xD0: which one
  bool gpio = false;              ///< 0xA0,0x03 is there:
  std::uint8_t levels = 0;        ///< bit n = pin n + 1
  std::uint64_t t_ns = 0;         ///< 0xD5; else 0x12: week and time of week
  std::uint32_t ticks = 0;        ///< 0xD2
  std::uint16_t over_range = 0;   ///< 0x18
  std::array<float, 6> values{};  ///< acceleration in g, angular rate in rad/s
};

class MipReader {
 public:
  MipContent read(mip::Bytes payload) noexcept;
  /// Of the system set: event source, time and levels of the pins; other fields are passed over.
  MipContent read_system(mip::Bytes payload) noexcept;

  Counter bad_field{"bad_field"};  ///< its length is wrong, or its time is no time
  Counter unknown_field{"unknown_field"};

 private:
  void week_time(mip::Bytes data, MipContent& c) noexcept;
};

}  // namespace grfd
