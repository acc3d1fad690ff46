// The device side of drivers/microstrain_mip.cpp: a 3DM-CV7-AHRS (or, by option, a generation-5 unit) on USB.
#pragma once
#include <deque>

#include "drivers/emulation/emulated_device.hpp"
#include "drivers/emulation/imu_noise.hpp"
#include "drivers/emulation/mip_server.hpp"
#include "drivers/emulation/stimulus.hpp"

namespace grfd {

enum class MipFault : std::uint8_t { drop_packet, drop_bytes, corrupt_checksum, nan, nmea, over_range, burst };
inline constexpr std::size_t kMipFaults = 7;

/// Keys of EmulationSettings::faults. Rates per packet: the names of MipFault. The others are options:
///   gen5        1: a generation-5 unit (0C,06 and 0C,08; 0x12 instead of 0xD2 and 0xD5)
///   needs_dtr   1: nothing comes out while DTR is 0
///   streaming   1: a saved format lets it stream from power-up
///   group       samples per USB message (4)        reply_ms    time from a command to its answer (2)
///   timestamp_pins  mask of the pins that can time-stamp edges, bit n = pin n + 1 (15)
///   gpio_levels 1: event packets can carry the levels of the pins (0xA0,0x03)
///   aux_port    1: the strings of the second port of a two-port unit
///   event_query 0: 0C,2A is neither known nor listed (1)
///   gpio_triggers, message_actions   how many of them 0C,2A answers (4, 12); 0: there are none
///   burst_ms    how long a burst holds data back (50)    fifo_bytes  output buffer; what does not fit is lost (65536)
/// @return each "emulation.faults.NAME: what is wrong, what would be right"
std::vector<std::string> mip_fault_errors(const EmulationSettings& emulation);
/// Samples in one message of the device.
int mip_group(const EmulationSettings& emulation);
std::string mip_fault_names();  ///< all of them, with blanks between

/// Time of the crystal: sample k is taken at lab time boot + k T / (1 + drift_ppm 1e-6), and its reference time is k T:
/// positive drift = the device's clock runs fast and its samples come early. boot = 0, or the whole millisecond at or
/// after a power cycle. White noise of density 0.01 deg/s/sqrt(Hz) and 150 ug/sqrt(Hz) in 500 Hz, times
/// emulation.noise. The low-pass filter is a setting without effect. Detaching and attaching on the bus is the link's
/// business.
class MicrostrainMipDevice final : public EmulatedDevice {
 public:
  /// `source` outlives the device; null: level and at rest. The sync line, when it has pulses, is wired to every pin.
  MicrostrainMipDevice(const EmulationSettings& settings, InertialSource* source, const SyncLine& sync = {});

  const LinkInfo& info() const override { return info_; }
  std::vector<std::uint8_t> device_descriptor() const override;
  int control(TimeNs now, std::uint8_t request_type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
              std::span<std::byte> data) override;
  void out(TimeNs now, std::uint8_t endpoint, std::span<const std::byte> data) override;
  void advance(TimeNs now) override;
  TimeNs ready(TimeNs now, std::uint8_t endpoint, std::size_t bytes) override;
  int in(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) override;
  int partial(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) override;
  void power_cycle(TimeNs now) override;

  /// Silent on every endpoint until power_cycle.
  void unplug(TimeNs now);
  /// The next data packets suffer this.
  void inject(MipFault fault, int packets = 1) { injected_[static_cast<std::size_t>(fault)] += packets; }
  /// An edge at GPIO pin 1..4, at exactly this time.
  void edge(TimeNs now, int pin, bool rising);

  struct Truth {
    std::uint64_t packets = 0;   ///< of the sensor set, generated
    std::uint64_t lost = 0;      ///< of those, dropped or damaged by a fault
    std::uint64_t overflow = 0;  ///< of those, no room in the output buffer
  };
  const Truth& truth() const { return truth_; }
  const MipServer& server() const { return server_; }
  bool dtr() const { return dtr_; }

 private:
  struct Command {
    TimeNs due;
    std::uint8_t set;
    std::vector<std::byte> payload;
  };
  using Ticks = std::uint64_t;
  static constexpr Ticks kNoTick = ~Ticks{0};
  static constexpr Ticks kPeriodNs = 1'000'000'000 / MipServer::kBaseRateHz;

  TimeNs lab_time(Ticks tick) const;
  TimeNs edge_time() const;
  void change_pin(TimeNs t, int pin, bool level);
  std::uint64_t device_time(TimeNs lab) const;
  Ticks next_due(Ticks from) const;
  void generate(Ticks tick);
  void add_fields(mip::Writer& packet, std::uint8_t set, const MipSettings::Format& format, Ticks tick,
                  unsigned faults);
  void sense(Ticks tick);
  unsigned draw_faults();
  void push_data(mip::Bytes packet, unsigned faults);
  bool push(mip::Bytes bytes);
  void commit(TimeNs t);
  void execute(const Command& command);
  void send_event(TimeNs t, std::size_t trigger);
  void forget_output();

  EmulationSettings settings_;
  InertialSource* source_;
  SyncLine sync_;
  SyncLine::Edge next_edge_ = sync_.next(-1);
  std::uint8_t pin_levels_ = 0;  ///< bit n = pin n + 1
  LinkInfo info_;
  MipServer server_;
  mip::Parser parser_;
  Gaussian noise_;
  SplitMix chance_;
  bool needs_dtr_, dtr_ = false, unplugged_ = false;
  int group_;
  TimeNs reply_delay_, burst_, boot_ = 0, hold_until_ = 0, reset_at_ = kNever, now_ = 0;
  std::size_t fifo_limit_;
  std::array<double, kMipFaults> rates_{};
  std::array<int, kMipFaults> injected_{};
  std::array<std::byte, 7> line_coding_{};
  std::deque<Command> commands_;
  std::vector<std::byte> fifo_;  ///< head_ .. committed_ may go out, the rest waits for its message to fill
  std::size_t head_ = 0, committed_ = 0;
  int held_ = 0;
  bool want_commit_ = false;
  Ticks next_tick_ = 0, last_sensor_output_ = 0;
  std::array<float, 6> values_{};  ///< g, rad/s
  std::uint16_t clipped_ = 0;
  Truth truth_;
};

}  // namespace grfd
