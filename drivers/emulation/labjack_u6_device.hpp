// The device side of the LabJack U6: answers identification, memory, digital and stream commands, and streams.
#pragma once
#include <deque>
#include <set>

#include "drivers/emulation/emulated_device.hpp"
#include "drivers/emulation/labjack_u6_options.hpp"
#include "drivers/emulation/labjack_u6_sampler.hpp"
#include "drivers/labjack_u6_protocol.hpp"

namespace grfd {

/// Serial: emulation.serial, else the serial the settings ask for, else 360012345. Firmware 1.45. Its calibration
/// differs from the nominal one by up to 0.2 % and 20 counts, by the seed. Faults and options: U6Options. Where the
/// datasheet is silent: an unknown extended command answers 5, ReadMem and StreamConfig while streaming 48, StreamStart
/// without configuration 50, a list without analogue input or with a channel that does not exist 49.
class LabjackU6Device final : public EmulatedDevice {
 public:
  /// `source` outlives the device. The sync line, when it has pulses, is wired to FIO0.
  LabjackU6Device(const DeviceSettings& settings, AnalogSource& source, const SyncLine& sync = {});

  const LinkInfo& info() const override { return info_; }
  std::vector<std::uint8_t> device_descriptor() const override { return descriptor_; }
  int control(TimeNs now, std::uint8_t request_type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
              std::span<std::byte> data) override;
  void out(TimeNs now, std::uint8_t endpoint, std::span<const std::byte> data) override;
  void advance(TimeNs now) override { sampler_.advance(now); }
  TimeNs ready(TimeNs now, std::uint8_t endpoint, std::size_t bytes) override;
  int in(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) override;
  int partial(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) override;
  void power_cycle(TimeNs now) override;

  /// What is wired to the digital lines: FIO in the low byte, EIO in the high byte (channel 193), CIO below (channel
  /// 194).
  void set_digital(std::uint16_t fio_eio, std::uint8_t cio = 0x0f) { sampler_.set_digital(fio_eio, cio); }
  /// The next n packets are lost on their way, or carry a sample byte that does not fit their checksum.
  void drop_packets(std::uint64_t n) { sampler_.drop_packets(n); }
  void corrupt_packets(std::uint64_t n) { sampler_.corrupt_packets(n); }
  void overlap() { sampler_.overlap(); }
  void set_unreadable_block(int block) { unreadable_.insert(block); }
  /// Below 0.94 packets of the last stream are still in the pipe when the next one starts.
  void set_firmware(std::uint8_t major, std::uint8_t hundredths) {
    firmware_major_ = major, firmware_hundredths_ = hundredths;
  }
  void use_nominal_calibration() { calibration_ = u6::nominal_calibration(); }
  const u6::Calibration& calibration() const { return calibration_; }
  bool light() const { return light_; }
  int light_changes() const { return light_changes_; }

 private:
  u6::Bytes answer(TimeNs now, u6::View command);
  u6::Bytes config_u6(u6::View data);
  u6::Bytes read_memory(u6::View data, bool user);
  u6::Bytes config_io(u6::View data);
  u6::Bytes feedback(TimeNs now, u6::View data);
  u6::Bytes stream_config(u6::View data);
  u6::Bytes stream_start(TimeNs now);
  u6::Bytes stream_stop(TimeNs now);
  void forget();
  std::size_t packets_for(std::size_t bytes) const;

  const U6Options options_;
  LinkInfo info_;
  std::vector<std::uint8_t> descriptor_;
  std::uint32_t serial_ = 360012345;
  std::uint8_t firmware_major_ = 1, firmware_hundredths_ = 45, local_id_ = 1;
  u6::Calibration calibration_;
  std::set<int> unreadable_;
  U6Sampler sampler_;

  std::deque<u6::Bytes> answers_;
  bool configured_ = false, light_ = true;
  int light_changes_ = 0;
  U6ScanList list_;
  std::uint8_t timers_ = 0, counters_ = 0, pin_offset_ = 0;
  std::array<std::uint8_t, 4> timer_modes_{};
};

}  // namespace grfd
