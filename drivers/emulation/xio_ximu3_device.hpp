// The device side of drivers/xio_ximu3.cpp: an x-IMU3 with firmware 2.5.4 on high-speed USB, with an SA-Sync box.
#pragma once
#include <array>
#include <deque>

#include "drivers/emulation/emulated_device.hpp"
#include "drivers/emulation/imu_noise.hpp"
#include "drivers/emulation/stimulus.hpp"
#include "drivers/emulation/ximu3_server.hpp"

namespace grfd {

enum class Ximu3Fault : std::uint8_t {
  drop_message,  ///< not sent
  truncate,      ///< its last five bytes are missing, LF and all
  wrong_length,  ///< a byte too many
  bad_escape,    ///< DB is followed by neither DC nor DD
  error,         ///< an F message that is no loss
  buffer_full,   ///< not sent, and an F message says so
  nan,
  over_range,
  dtr_drop,  ///< DTR falls until the host raises it again: nothing comes out
  reboot     ///< the device restarts, with its saved settings; USB stays up
};
inline constexpr std::size_t kXimu3Faults = 10;

/// Keys of EmulationSettings::faults. Rates per message of the inertial and high-g sensors: the names of Ximu3Fault.
/// drop_edge: rate per line of the SA-Sync box. The others are options:
///   inertial_ppm, highg_ppm   sample clocks against the device's counter of time: + = fast (-1200, 21000)
///   sync_lf        1: S messages end with the line's LF     sync_input   1: edges of the line are also sent as Y
///   messages needs_dtr      0: streams while DTR is 0, too           reply_ms     time from a command to its answer
///   (2) foreign        1: another device with these ids: other strings; 2: right strings, no answer; 3: answers
///   without sn flush_ms       how often what is queued is sent (1)     fifo_bytes   output buffer; what does not fit
///   is lost (65536) ascii          1: binary_mode_enabled was saved as false
/// @return each "emulation.faults.NAME: what is wrong, what would be right"
std::vector<std::string> ximu3_fault_errors(const EmulationSettings& emulation);
std::string ximu3_fault_names();  ///< all of them, with blanks between

/// Counter of microseconds since power-up, drift_ppm fast; each sensor has its own sample clock: base sample k of the
/// inertial sensors is taken when the counter is at k 2500 / (1 + inertial_ppm 1e-6), likewise 312.5 us for the high-g
/// sensor. A divisor n averages n base samples, stamped with the time of the last. Noise (of our choice, the maker
/// gives none): white, 0.007 deg/s/sqrt(Hz) in 47 Hz, 160 ug/sqrt(Hz) in 145 Hz, one step of the high-g sensor, times
/// emulation.noise; with noise values come in steps of the converters. The sensors' low-pass filters and the correction
/// of the gyroscope's offset are not emulated; AHRS outputs say "level", whatever moves.
class XioXimu3Device final : public EmulatedDevice {
 public:
  /// `source` outlives the device; null: level and at rest. The sync line, when it has pulses, is wired to the SA-Sync
  /// box.
  XioXimu3Device(const EmulationSettings& settings, InertialSource* source, const SyncLine& sync = {});

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
  /// The next messages of the sensors suffer this.
  void inject(Ximu3Fault fault, int messages = 1) { injected_[static_cast<std::size_t>(fault)] += messages; }
  /// What a person or the world does to it: an N or F message, now.
  void say(TimeNs now, char letter, std::string_view text);

  struct Truth {
    std::uint64_t inertial = 0, highg = 0;            ///< messages due while it streamed
    std::uint64_t inertial_lost = 0, highg_lost = 0;  ///< of those, dropped or damaged, or no room for them
    std::uint64_t edges = 0, edges_lost = 0;          ///< lines of the box; of those, dropped
    std::vector<double> edge_s;                       ///< lab time of the edges behind those lines
  };
  const Truth& truth() const { return truth_; }
  const Ximu3Server& server() const { return server_; }
  bool dtr() const { return dtr_; }

 private:
  struct Command {
    TimeNs due;
    std::string line;
  };
  struct Sensor {
    double period_us;        ///< of its base samples, by the device's counter
    std::uint64_t next = 1;  ///< base sample
    std::array<double, 6> sum{};
    int summed = 0;
  };
  struct Slow {  // T, B, W, M: by the counter
    char letter;
    int Ximu3Server::Active::*divisor;
    double base_hz;
    std::uint64_t next = 1;
  };
  TimeNs lab_time(double counter_us) const;
  double counter_us(TimeNs lab) const;
  bool streams() const;
  TimeNs due(const Sensor& sensor) const;
  TimeNs due(const Slow& slow) const;
  TimeNs box_due() const;
  void skip_to(TimeNs now);
  void sample_inertial(TimeNs t);
  void sample_highg(TimeNs t);
  void ahrs(std::uint64_t t_us, int type);
  void send_slow(Slow& slow);
  void look_at_line(TimeNs t);
  void begin_line(TimeNs t);
  void execute(const Command& command);
  unsigned draw_faults();
  void send_sensor(TimeNs t, char letter, std::span<const float> values, unsigned faults);
  std::vector<std::byte> message(char letter, std::uint64_t t_us, std::span<const float> values,
                                 std::string_view text) const;
  bool send(char letter, std::uint64_t t_us, std::span<const float> values, std::string_view text = {});
  bool push(std::span<const std::byte> bytes);
  void commit(TimeNs t);
  void reboot(TimeNs t);
  void forget_output();

  EmulationSettings settings_;
  InertialSource* source_;
  SyncLine sync_;
  LinkInfo info_;
  Ximu3Server server_;
  Gaussian noise_;
  SplitMix chance_;
  std::array<double, kXimu3Faults> rates_{};
  std::array<int, kXimu3Faults> injected_{};
  double drop_edge_;
  bool needs_dtr_, sync_lf_, sync_input_;
  int foreign_;
  TimeNs reply_delay_, flush_;
  std::size_t fifo_limit_;

  bool dtr_ = false, unplugged_ = false, overflowed_ = false;
  std::array<std::byte, 7> line_coding_{};
  std::string line_;  ///< of the host, so far
  bool line_too_long_ = false;
  std::deque<Command> commands_;
  TimeNs boot_ = 0, apply_at_ = kNever, reset_at_ = kNever, last_commit_ = 0;
  Sensor inertial_, highg_;
  std::array<Slow, 4> slow_;
  bool glued_ = false;  ///< the last message has no end: the next one is lost, too
  // the line and the box
  SyncLine::Edge next_edge_;
  bool level_ = false, box_level_ = false, box_busy_ = false;
  double level_since_s_ = 0;
  TimeNs box_free_at_ = 0;
  std::string box_line_;
  std::uint32_t box_count_ = 0;

  std::vector<std::byte> fifo_;  ///< head_ .. committed_ may go out
  std::size_t head_ = 0, committed_ = 0;
  Truth truth_;
};

}  // namespace grfd
