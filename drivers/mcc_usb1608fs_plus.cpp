// Measurement Computing USB-1608FS-Plus: 8 analogue inputs, each with its own 16-bit converter, sampled at one instant;
// two units can share one pacer over their SYNC terminals. Front end of force plates, one unit per plate.
//
// USB 09DB:00EA, full speed, interface 0 (not HID). Commands are vendor requests on endpoint 0; the scan comes on the
// first bulk IN endpoint of the interface (0x81). Little endian.
// clang-format off
//   40 12             AInScanStop
//   40 15             AInClearFIFO
//   40 14 | 8 bytes   AInScanConfig: range code of inputs 0-7: 0 +-10 V, 1 +-5 V, 3 +-2 V, 5 +-1 V
//   C0 14             reads it back
//   40 11 | 10 bytes  AInScanStart: [0-3] scans, 0 = without end  [4-7] 40 MHz / rate - 1, 0 = paced by SYNC
//                     [8] mask of inputs (1, 2, 4 or 8 of them)  [9] options: 01 packet per scan, 02 pacer out on SYNC, 80 no stall on overrun
//   C0 44 -> u16      status: 0002 scan runs, 0004 FIFO was full; the other bits mean nothing
//   C0 30 address     memory: 000 {f32 slope, f32 offset} at (range code * 8 + input) * 8
//                     200 date of calibration: year - 2000, month, day, hour, minute, second
//   40 41 | count     blink
//   C0 48             8 characters: serial        device descriptor's bcdDevice: firmware
//   bulk IN           codes u16, inputs in rising order, scan after scan; packets end anywhere, nothing frames or counts
// clang-format on
// corrected = slope * code + offset;  V = corrected * 2 FS / 65536 - FS.
// A full FIFO (32768 codes) ends the scan without a word: what is left comes, then nothing, and the status tells. What
// exactly comes and which bits stand is not documented; the status is asked once a second as well.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <utility>

#include "drivers/driver.hpp"
#include "drivers/emulation/mcc_usb1608fs_plus_device.hpp"
#include "drivers/mcc_usb1608fs_plus_protocol.hpp"
#include "drivers/mcc_usb1608fs_plus_settings.hpp"
#include "drivers/mcc_usb1608fs_plus_stream.hpp"

namespace grfd {
namespace {
using namespace mcc;

constexpr int kTimeoutMs = 1000, kTransfers = 32;
constexpr double kSyncHysteresisV = 0.5;
constexpr TimeNs kStatusEvery = 1'000'000'000;

struct Pipe {
  std::uint8_t address = 0x81;
  std::size_t packet = kPacket;
};

/// The first endpoint of interface 0, as its descriptors say. @throws DeviceError
Pipe find_pipe(const std::vector<std::uint8_t>& c) {
  int interface = -1, setting = -1;
  for (std::size_t i = 0; i + 1 < c.size() && c[i] >= 2; i += c[i]) {
    if (c[i + 1] == 0x04 && i + 5 < c.size()) {
      interface = c[i + 2];
      setting = c[i + 3];
      if (interface == 0 && c[i + 5] == 0x03) throw DeviceError("interface 0 is a HID: not a USB-1608FS-Plus");
    } else if (c[i + 1] == 0x05 && i + 5 < c.size() && interface == 0 && setting == 0) {
      const std::size_t packet = c[i + 4] | (c[i + 5] & 7u) << 8;
      if ((c[i + 2] & 0x80) == 0 || (c[i + 3] & 3) != 2 || packet == 0)
        throw DeviceError("the first endpoint of interface 0 is " + std::to_string(c[i + 2]) +
                          ", must be a bulk IN pipe");
      return {c[i + 2], packet};
    }
  }
  throw DeviceError("interface 0 has no endpoint, must have a bulk IN pipe for the scan");
}

class MccUsb1608fsPlus final : public Driver {
 public:
  MccUsb1608fsPlus(const DeviceSettings& s, std::uint32_t period, StreamId first)
      : settings_(s),
        period_(external_clock(s) ? 0 : period),
        rate_hz_(pacer_rate_hz(period)),
        calibration_stream_(static_cast<StreamId>(first + 1)),
        stream_(asked_inputs(s), rate_hz_, s.slow_crystal_ppm,
                {first, static_cast<StreamId>(first + 2), static_cast<StreamId>(first + 3)}, sync_column(s),
                s.sync_input) {}

  DeviceIdentity identify(Link& link) override {
    open(link);
    return read_identity(link);
  }

  void start(Link& link, SampleBatch& facts) override {
    ours_ = false;
    open(link);
    const DeviceIdentity identity = read_identity(link);
    if (!settings_.serial.empty() && settings_.serial != identity.serial)
      throw DeviceError("serial " + identity.serial + " answered, the settings want " + settings_.serial);
    ours_ = true;
    command(link, kAInScanStop, "AInScanStop");
    std::array<std::byte, kCalibrationBytes> memory{};
    const bool readable = read_memory(link, memory);
    drain(link);
    clear_fifo(link);
    configure_ranges(link);

    // A fault of the stream that no check has seen yet is the cause all the same.
    stream_.restart(stream_.fault() ? stream_.fault_cause() : next_cause_);
    next_cause_ = MccLoss::restart;
    armed_at_ = asked_at_ = MccStream::kNever;
    write_facts(memory, readable, facts);
    link.start_stream(pipe_.address, transfer_bytes(), kTransfers);
    try {
      start_scan(link);
    } catch (...) {
      link.stop_stream(pipe_.address, 0);
      throw;
    }
  }

  void stop(Link& link) noexcept override {
    try {
      if (std::exchange(ours_, false)) command(link, kAInScanStop, "AInScanStop");  // another's may scan on
    } catch (const std::exception&) {  // gone: the transfers end all the same
      ++stop_failed_;
    }
    link.stop_stream(pipe_.address, 20);
  }

  void decode(std::span<const std::byte> bytes, TimeNs arrival, SampleBatch& out) noexcept override {
    stream_.decode(bytes, arrival, out);
  }

  const char* check(Link& link, TimeNs now) noexcept override {
    if (const char* fault = stream_.fault()) return restart_with(stream_.fault_cause(), fault);
    if (armed_at_ == MccStream::kNever) armed_at_ = asked_at_ = now;
    const TimeNs last = stream_.last_bytes();
    const double silent_s = seconds(now - std::max(armed_at_, last));
    const double transfer_s = static_cast<double>(transfer_bytes()) / bytes_per_s();
    // A unit that went on after an overrun would tell of the hole by this mark alone.
    const bool silent = silent_s >= std::max(0.15, 4 * transfer_s);
    if (!silent && now - asked_at_ < kStatusEvery) return nullptr;
    asked_at_ = now;
    if (overrun(link)) {
      ++fifo_overruns_;
      return restart_with(MccLoss::fifo_overrun, "fifo_overrun");
    }
    if (!silent) return nullptr;
    // Before its first scan a unit waits for the other one's pacer as long as it takes.
    if (last == MccStream::kNever && external_clock(settings_)) return nullptr;
    if (silent_s < std::max(0.5, 8 * transfer_s)) return nullptr;
    ++starved_;
    return restart_with(MccLoss::starved, "starved");
  }

  void bytes_lost(const char* why) noexcept override { stream_.bytes_lost(why); }

  bool blink(Link& link) override {
    std::byte count{1};  // flashes
    link.control(kOut, kBlinkLed, 0, 0, {&count, 1}, kTimeoutMs);
    return true;
  }

  std::span<const Counter* const> counters() const noexcept override { return counters_; }

 private:
  void open(Link& link) {
    constexpr int interfaces[] = {0};
    pipe_ = find_pipe(link.info().configuration);
    link.claim(interfaces);
  }

  static void command(Link& link, Request request, const char* what, std::span<std::byte> data = {}) {
    try {
      link.control(kOut, request, 0, 0, data, kTimeoutMs);
    } catch (const LinkError& e) {
      if (e.kind != LinkError::Kind::stall) throw;
      throw DeviceError(std::string(what) + ": the device refuses it");
    }
  }

  static std::size_t ask(Link& link, Request request, std::uint16_t value, std::span<std::byte> data) {
    return link.control(kIn, request, value, 0, data, kTimeoutMs);
  }

  DeviceIdentity read_identity(Link& link) {
    std::array<std::byte, 18> d{};
    if (link.control(0x80, 6, 0x0100, 0, d, kTimeoutMs) != d.size())
      throw DeviceError("the device descriptor is too short");
    const unsigned minor = std::to_integer<unsigned>(d[12]), major = std::to_integer<unsigned>(d[13]);
    char firmware[16];
    std::snprintf(firmware, sizeof firmware, "%x.%02x", major, minor);
    firmware_ = std::atof(firmware);
    std::string serial = link.info().serial_string;
    if (serial.empty()) {  // a unit without that string says it on request
      std::array<std::byte, 8> text{};
      const std::size_t n = ask(link, kSerial, 0, text);
      serial.assign(reinterpret_cast<const char*>(text.data()), n);
      serial.erase(std::find(serial.begin(), serial.end(), '\0'), serial.end());
    }
    return {"MCC USB-1608FS-Plus", serial, firmware};
  }

  /// @return false when the unit does not give its constants
  bool read_memory(Link& link, std::span<std::byte> memory) {
    date_ = 0;
    try {
      for (std::size_t at = 0; at < memory.size(); at += 256)
        if (ask(link, kCalMemory, static_cast<std::uint16_t>(at), memory.subspan(at, 256)) != 256) return false;
      std::array<std::byte, 6> d{};
      if (ask(link, kCalMemory, kDateAddress, d) == d.size()) {
        const auto n = [&d](std::size_t i) { return std::to_integer<int>(d[i]); };
        if (n(1) >= 1 && n(1) <= 12 && n(2) >= 1 && n(2) <= 31 && n(0) < 100)
          date_ = (2000 + n(0)) * 10000 + n(1) * 100 + n(2);
      }
      return true;
    } catch (const LinkError& e) {
      if (e.kind != LinkError::Kind::stall) throw;
      return false;
    }
  }

  /// A host that died may have left data behind. The link clears a halted pipe when it meets one.
  void drain(Link& link) const {
    std::vector<std::byte> bin(pipe_.packet);
    for (std::size_t i = 0; i < 2 * kFifoSamples / kPacket + 64; ++i) {
      try {
        if (link.read(pipe_.address, bin, 1) == 0) return;
      } catch (const LinkError& e) {
        if (e.kind != LinkError::Kind::stall) throw;
      }
    }
  }

  void clear_fifo(Link& link) {
    try {
      link.control(kOut, kAInClearFifo, 0, 0, {}, kTimeoutMs);
    } catch (const LinkError& e) {  // the maker's own library never sends it; the pipe has been drained
      if (e.kind != LinkError::Kind::stall) throw;
      ++clear_refused_;
    }
  }

  void configure_ranges(Link& link) {
    std::array<std::byte, kChannels> ranges{}, back{};
    for (std::size_t i = 0; i < settings_.analog_inputs.size(); ++i)
      ranges[static_cast<std::size_t>(settings_.analog_inputs[i])] = std::byte{code_of(i)};
    command(link, kAInScanConfig, "AInScanConfig", ranges);
    if (ask(link, kAInScanConfig, 0, back) != back.size() || back != ranges)
      throw DeviceError("AInScanConfig: the device does not keep the ranges it was given");
  }

  void start_scan(Link& link) {
    ScanStart s;
    s.pacer_period = period_;
    s.mask = padded(asked_inputs(settings_));
    s.options = static_cast<std::uint8_t>(kNoStall | (settings_.clock_output && period_ != 0 ? kPacerOut : 0));
    auto payload = encode(s);
    command(link, kAInScanStart, "AInScanStart", payload);
    overrun_stuck_ = false;
    if (!(status(link) & kScanOverrun)) return;
    // An old mark, or a real one at once. Whether a start clears it is not documented; ask for it, else live without
    // it.
    link.control(kOut, kStatus, 0, 0, {}, kTimeoutMs);
    overrun_stuck_ = (status(link) & kScanOverrun) != 0;
    if (overrun_stuck_) ++overrun_mark_stuck_;
  }

  static std::uint16_t status(Link& link) {
    std::array<std::byte, 2> s{};
    if (ask(link, kStatus, 0, s) != s.size()) throw DeviceError("Status: fewer than 2 bytes");
    return static_cast<std::uint16_t>((std::to_integer<unsigned>(s[0]) | std::to_integer<unsigned>(s[1]) << 8) &
                                      (kScanRunning | kScanOverrun));
  }

  bool overrun(Link& link) noexcept {
    if (overrun_stuck_) return false;
    try {
      return (status(link) & kScanOverrun) != 0;
    } catch (const std::exception&) {
      ++status_failed_;
      return false;
    }
  }

  const char* restart_with(MccLoss loss, const char* cause) noexcept {
    next_cause_ = loss;
    return cause;
  }

  std::uint8_t code_of(std::size_t index) const { return range_code(range_v(settings_, index)).value_or(0); }

  double bytes_per_s() const { return 2.0 * std::popcount(padded(asked_inputs(settings_))) * rate_hz_; }

  /// About 4 ms of data, in whole packets.
  std::size_t transfer_bytes() const {
    const double bytes = bytes_per_s() * 4e-3;
    const double packet = static_cast<double>(pipe_.packet);
    return pipe_.packet *
           static_cast<std::size_t>(std::clamp(std::floor(bytes / packet), 1.0, std::floor(16384 / packet)));
  }

  void write_facts(std::span<const std::byte> memory, bool readable, SampleBatch& facts) {
    for (std::size_t i = 0; i < settings_.analog_inputs.size(); ++i) {
      const auto input = static_cast<std::size_t>(settings_.analog_inputs[i]);
      ChannelCalibration c = read_calibration(memory, code_of(i), input);
      const bool trusted = readable && c.plausible();
      if (!trusted) c = {}, ++uncalibrated_;
      const int range = range_v(settings_, i);
      Sample& s = facts.next();
      s.stream = calibration_stream_;
      s.seq = i;
      s.epoch = stream_.epoch();
      const double row[] = {static_cast<double>(i),
                            c.slope,
                            c.offset,
                            static_cast<double>(range),
                            rate_hz_,
                            trusted ? 0.0 : 1.0,
                            firmware_,
                            static_cast<double>(date_)};
      for (std::size_t k = 0; k < std::size(row); ++k) set_value(s, k, row[k]);
      if (static_cast<int>(i) == sync_column(settings_))
        stream_.set_sync_codes(c.code(settings_.sync_threshold_v, range),
                               c.code(settings_.sync_threshold_v - kSyncHysteresisV, range));
    }
  }

  const DeviceSettings settings_;
  const std::uint32_t period_;  // 0: paced by SYNC
  const double rate_hz_;
  const StreamId calibration_stream_;
  MccStream stream_;
  Pipe pipe_;
  double firmware_ = 0;
  int date_ = 0;
  bool overrun_stuck_ = false;
  bool ours_ = false;  // its serial number has been read and is the one wanted
  MccLoss next_cause_ = MccLoss::restart;
  TimeNs armed_at_ = MccStream::kNever, asked_at_ = MccStream::kNever;  // its start, and its status
  Counter starved_{"starved"}, fifo_overruns_{"fifo_overruns"}, stop_failed_{"stop_failed"},
      status_failed_{"status_failed"}, clear_refused_{"clear_refused"}, overrun_mark_stuck_{"overrun_mark_stuck"},
      uncalibrated_{"uncalibrated"};
  std::vector<const Counter*> counters_ = [this] {
    std::vector<const Counter*> all(stream_.counters().begin(), stream_.counters().end());
    all.insert(all.end(), {&starved_, &fifo_overruns_, &stop_failed_, &status_failed_, &clear_refused_,
                           &overrun_mark_stuck_, &uncalibrated_});
    return all;
  }();
};

UsbMatch match() { return {{{kVendor, kProduct}}, false}; }

std::unique_ptr<Driver> make(const DeviceSettings& s, StreamId first) {
  const auto period = pacer_period(s.rate_hz);
  if (!period) throw std::invalid_argument("rate_hz: no pacer period of the USB-1608FS-Plus reaches it");
  if (!mcc::check_settings(s).empty()) throw std::invalid_argument(mcc::check_settings(s).front());
  return std::make_unique<MccUsb1608fsPlus>(s, *period, first);
}

std::unique_ptr<EmulatedDevice> emulate(const DeviceSettings& s, const Senses& senses) {
  if (!senses.analog) throw std::invalid_argument("the emulated USB-1608FS-Plus needs a source of voltages");
  return std::make_unique<MccUsb1608fsPlusDevice>(s, senses);
}
}  // namespace

extern const DriverEntry mcc_usb1608fs_plus;
constexpr DriverEntry mcc_usb1608fs_plus{"mcc_usb1608fs_plus", match, mcc::streams, mcc::check_settings, make, emulate};

}  // namespace grfd
