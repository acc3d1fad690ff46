// The command side of an emulated MicroStrain sensor: its settings and its answers. Knows no time and no USB.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "drivers/mip_command.hpp"

namespace grfd {

/// What save, load and default work on.
struct MipSettings {
  struct FormatField {
    std::uint8_t descriptor;
    std::uint16_t decimation;
  };
  using Format = std::vector<FormatField>;
  struct LowPass {
    bool enable = true, manual = false;
    float frequency_hz = 500;
  };
  struct Pin {
    std::uint8_t feature = 0, behaviour = 0, mode = 0;
  };
  struct Trigger {
    std::uint8_t type = 0, pin = 0, mode = 0;
  };
  struct Action {
    std::uint8_t trigger = 0, type = 0, set = 0;
    std::uint16_t decimation = 0;
    std::vector<std::uint8_t> fields;
  };
  Format sensor_format, system_format;
  bool sensor_enabled = true, system_enabled = true;
  std::uint8_t accel_range = 2, gyro_range = 3;  ///< setting numbers
  LowPass accel_filter, gyro_filter;
  std::array<float, 4> rotation{1, 0, 0, 0};
  std::uint8_t pps_source = 0;
  std::array<Pin, 4> pins;
  std::array<Trigger, 12> triggers;
  std::array<Action, 12> actions;
  std::array<std::uint8_t, 12> event_control{};
};

class MipServer {
 public:
  struct Options {
    std::string serial = "6286.123456";
    bool generation5 = false;
    bool over_range_field = false;
    bool gpio_levels = false;                              ///< 0xA0,0x03 can be sent
    unsigned timestamp_pins = 15;                          ///< bit n: pin n + 1 can time-stamp edges
    bool event_query = true;                               ///< 0C,2A is known and listed
    std::uint8_t gpio_triggers = 4, message_actions = 12;  ///< 0: none of this kind
  };
  static constexpr int kBaseRateHz = 1000;

  explicit MipServer(Options options) : options_(std::move(options)) {}

  /// Executes the commands of one packet and writes their answers. Effects that need time are left in `idle`,
  /// `reset_requested` and `test_events`.
  void answer(const mip::Packet& command, mip::Writer& reply);
  void power_up() { now_ = saved_, idle = reset_requested = false, test_events.clear(); }
  /// As if this format had been saved in an earlier life.
  void save_format(MipSettings::Format format) {
    saved_.sensor_format = format, now_.sensor_format = std::move(format);
  }

  const MipSettings& settings() const { return now_; }
  double accel_range_g() const;
  double gyro_range_deg_s() const;

  bool idle = false, reset_requested = false;
  std::vector<std::uint8_t> test_events;  ///< trigger instances asked for one test pulse

 private:
  std::uint8_t base(std::uint8_t descriptor, mip::Writer& data, bool& has_data);
  std::uint8_t set_3dm(std::uint8_t descriptor, mip::Bytes in, mip::Writer& data, bool& has_data);
  std::uint8_t format(std::uint8_t descriptor, mip::Bytes in, mip::Writer& data, bool& has_data);
  std::uint8_t stream_control(mip::Bytes in, mip::Writer& data, bool& has_data);
  std::uint8_t ranges(std::uint8_t descriptor, mip::Bytes in, mip::Writer& data, bool& has_data);
  std::uint8_t low_pass(mip::Bytes in, mip::Writer& data, bool& has_data);
  std::uint8_t events(std::uint8_t descriptor, mip::Bytes in, mip::Writer& data, bool& has_data);
  float half_rate_hz(std::uint8_t field) const;
  bool can_send(std::uint8_t set, std::uint8_t field) const;

  Options options_;
  MipSettings now_, saved_;
};

}  // namespace grfd
