// The device side of the MCC USB-1608FS-Plus: answers its vendor requests and streams.
#pragma once
#include "drivers/emulation/emulated_device.hpp"
#include "drivers/emulation/mcc_usb1608fs_plus_scanner.hpp"

namespace grfd {

/// Serial: emulation.serial, else the serial the settings ask for, else 01A2B3C4. Firmware 1.03. Its constants differ
/// from slope 1 and offset 0 by up to 0.2 % and 20 codes, by the seed; they pass through float32, so that both sides
/// know exactly the same. Faults and options: MccOptions. On the input `sync_input` it sees 5 V while the sync line is
/// high. Not emulated: firmware update, the text commands 80 and 81 (they stall).
class MccUsb1608fsPlusDevice final : public EmulatedDevice {
 public:
  /// What the senses point to outlives the device.
  MccUsb1608fsPlusDevice(const DeviceSettings& settings, const Senses& senses);

  const LinkInfo& info() const override { return info_; }
  std::vector<std::uint8_t> device_descriptor() const override;
  int control(TimeNs now, std::uint8_t request_type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
              std::span<std::byte> data) override;
  void out(TimeNs, std::uint8_t, std::span<const std::byte>) override {}
  void advance(TimeNs now) override { scanner_.advance(now); }
  TimeNs ready(TimeNs now, std::uint8_t endpoint, std::size_t bytes) override {
    return endpoint == 0x81 ? scanner_.ready(now, bytes) : kNever;
  }
  int in(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) override {
    return endpoint == 0x81 ? scanner_.in(now, data) : -1;
  }
  int partial(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) override {
    return endpoint == 0x81 ? scanner_.partial(now, data) : 0;
  }
  void power_cycle(TimeNs now) override;

  MccScanner& scanner() { return scanner_; }
  std::span<std::byte> memory() { return memory_; }  ///< 768 bytes; calibration and its date
  void set_memory_readable(bool on) { memory_readable_ = on; }
  void set_status_sticky(bool on) { status_sticky_ = on; }  ///< an overrun's mark is never cleared
  void set_inputs(std::uint8_t pins) { pins_ = pins; }
  void count_event() { ++events_; }            ///< an edge on the CTR terminal
  unsigned blinks() const { return blinks_; }  ///< flashes of the LED that were asked for
  unsigned resets() const { return resets_; }

 private:
  int standard(std::uint8_t request_type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
               std::span<std::byte> data);
  int answer(TimeNs now, std::uint8_t request, std::uint16_t value, std::uint16_t index, std::span<std::byte> data);
  int obey(TimeNs now, std::uint8_t request, std::uint16_t value, std::span<const std::byte> data);

  LinkInfo info_;
  MccScanner scanner_;
  std::vector<std::byte> memory_, user_, mbd_;
  bool memory_readable_ = true, status_sticky_ = false, was_overrun_ = false;
  std::uint8_t tristate_ = 0xff, latch_ = 0, pins_ = 0xff;
  std::uint32_t events_ = 0;
  unsigned blinks_ = 0, resets_ = 0;
};

}  // namespace grfd
