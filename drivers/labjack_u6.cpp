// LabJack U6 and U6-Pro: up to 14 analogue inputs of +-10 V, scanned by the device's own clock; front end of force
// plates.
//
// USB 0CD5:0006, interface 0: commands on bulk OUT 0x01, answers on bulk IN 0x82, stream on bulk IN 0x83. Little
// endian.
//   normal frame     [0] checksum8 of the rest  [1] command ...
//   extended frame   [0] checksum8 of 1..5  [1] F8  [2] 16-bit words after byte 5  [3] number  [4-5] sum of 6..  [6..]
//   data answer           the same frame; error code in [6] (extended) or [2]; "B8 B8" when a command's checksum was
//   wrong 08 ConfigU6      -> [9] firmware hundredths [10] major  [15-18] serial u32  [19-20] product  [37] 4 U6, 12
//   U6-Pro 2D ReadMem       [7] block -> [8-39] four signed 32.32 constants; block 0 [0] slope above the centre of the
//   +-10 V range,
//                    block 2 [0] slope below it, [1] centre code
//   0B ConfigIO      [6] 1 = apply  [7] timers  [8] counters  [9] pin offset
//   00 Feedback      [6] echo [7..] 1D mask[3] direction[3] = PortDirWrite, 0 is input; 09 state = LED, 0 is off
//   11 StreamConfig  [6] channels [7] resolution [8] samples per packet [10] settling, 10 us [11] clock [12-13]
//   interval
//                    [14+2i] channel [15+2i] options (gain 0, single-ended: 0)
//   A8 / B0          StreamStart / StreamStop
//   F9 StreamData    [0] checksum8 of 1..5 [1] F9 [2] 1D [3] C0 [4-5] sum of 6..63 [6-9] scans left out (code 60)
//                    [10] packet counter [11] code [12-61] 25 codes u16, scan after scan without regard to packets
//                    [62] fill of the device's FIFO, 256 = full [63] 0
//   codes            0; 59 FIFO full, scans are left out, data good; 60 report, one scan of FFFF stands for those left
//   out;
//                    63 too many to count; any other is fatal
// A code r is (r - centre) * slope above the centre, (centre - r) * negative slope below it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "drivers/driver.hpp"
#include "drivers/emulation/labjack_u6_device.hpp"
#include "drivers/labjack_u6_protocol.hpp"
#include "drivers/labjack_u6_settings.hpp"
#include "drivers/labjack_u6_stream.hpp"

namespace grfd {
namespace {
using namespace u6;

constexpr int kTimeoutMs = 1000;
constexpr std::size_t kTransferBytes = 2 * kPacket;
constexpr int kTransfers = 12;

bool has_pipe(const std::vector<std::uint8_t>& configuration, std::uint8_t address) {
  for (std::size_t i = 0; i + 2 < configuration.size() && configuration[i] >= 2; i += configuration[i])
    if (configuration[i + 1] == 0x05 && configuration[i + 2] == address) return true;
  return false;
}

class LabjackU6 final : public Driver {
 public:
  LabjackU6(const DeviceSettings& settings, const ScanClock& clock, StreamId first)
      : settings_(settings),
        clock_(clock),
        calibration_stream_(static_cast<StreamId>(first + 1)),
        stream_(u6::channel_count(settings), clock.rate_hz(), first, static_cast<StreamId>(first + 2)) {
    stream_.watch(sync_bits(settings), static_cast<StreamId>(first + 3));
  }

  DeviceIdentity identify(Link& link) override {
    open(link);
    return read_identity(link);
  }

  void start(Link& link, SampleBatch& facts) override {
    ours_ = false;
    open(link);
    const DeviceIdentity identity = read_identity(link);  // can be asked while it streams, unlike the rest
    if (!settings_.serial.empty() && settings_.serial != identity.serial)
      throw DeviceError("ConfigU6: serial " + identity.serial + " answered, the settings want " + settings_.serial);
    ours_ = true;
    normal_command(link, kStreamStop, "StreamStop", kStreamNotRunning);
    drain(link, kStreamPipe);
    const Facts constants = read_calibration(link);
    extended_command(link, kConfigIo, {1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "ConfigIO", 16);
    extended_command(link, kFeedback, {0, 0x1d, 0xff, 0xff, 0xff, 0, 0, 0}, "Feedback PortDirWrite", 10);
    extended_command(link, kStreamConfig, stream_config(), "StreamConfig", 8);

    stream_.restart(next_cause_);
    next_cause_ = U6Loss::restart;
    first_check_ = U6Stream::kNever;
    light_ = true;
    link.start_stream(kStreamPipe, kTransferBytes, kTransfers);
    try {
      normal_command(link, kStreamStart, "StreamStart", 0);
    } catch (...) {
      link.stop_stream(kStreamPipe, 0);
      throw;
    }
    write_facts(constants, facts);
  }

  void stop(Link& link) noexcept override {
    try {
      if (std::exchange(ours_, false))
        normal_command(link, kStreamStop, "StreamStop", kStreamNotRunning);  // another's may stream on
    } catch (const std::exception&) {  // gone or confused: the transfers end all the same
      ++stop_failed_;
    }
    link.stop_stream(kStreamPipe, 100);
  }

  void decode(std::span<const std::byte> bytes, TimeNs arrival, SampleBatch& out) noexcept override {
    stream_.decode(bytes, arrival, out);
  }

  const char* check(Link&, TimeNs now) noexcept override {
    if (const char* fault = stream_.fault()) return fault;
    if (first_check_ == U6Stream::kNever) first_check_ = now;
    const TimeNs since = std::max(first_check_, stream_.last_packet());
    const double transfer_s =
        2.0 * kSamplesPerPacket / (static_cast<double>(u6::channel_count(settings_)) * clock_.rate_hz());
    if (seconds(now - since) <= std::max(0.5, 4 * transfer_s)) return nullptr;
    ++starved_;
    next_cause_ = U6Loss::starved;
    return "starved";
  }

  bool blink(Link& link) override {
    light_ = !light_;
    extended_command(link, kFeedback, {0, 0x09, static_cast<std::uint8_t>(light_), 0}, "Feedback LED", 10);
    return true;
  }

  std::span<const Counter* const> counters() const noexcept override { return counters_; }

 private:
  struct Facts {
    double positive_slope = 0, negative_slope = 0, center = 0;
    bool uncalibrated = false;
  };

  void open(Link& link) {
    const auto& configuration = link.info().configuration;
    for (std::uint8_t pipe : {kCommandPipe, kResponsePipe, kStreamPipe})
      if (!configuration.empty() && !has_pipe(configuration, pipe))
        throw DeviceError("the device has no endpoint " + std::to_string(pipe) + ": not a U6");
    constexpr int interfaces[] = {0};
    link.claim(interfaces);
    drain(link, kResponsePipe);
  }

  /// A host that died may have left answers or packets behind.
  static void drain(Link& link, std::uint8_t pipe) {
    std::array<std::byte, 16 * kPacket> bin;
    for (int i = 0; i < 256 && link.read(pipe, bin, 10) > 0; ++i) {}
  }

  static Bytes transact(Link& link, const Bytes& command, const std::string& what) {
    link.write(kCommandPipe, std::as_bytes(std::span(command)), kTimeoutMs);
    Bytes answer(64);
    answer.resize(link.read(kResponsePipe, std::as_writable_bytes(std::span(answer)), kTimeoutMs));
    if (answer.empty()) throw LinkError(LinkError::Kind::timeout, what + ": no answer within 1 s");
    return answer;
  }

  static DeviceError refused(const std::string& what, std::uint8_t error) {
    return DeviceError(what + ": the device answers error " + std::to_string(error) + " (" + error_name(error) + ")");
  }

  static Bytes extended_command(Link& link, std::uint8_t number, const Bytes& data, const std::string& what,
                                std::size_t expected) {
    Bytes answer = transact(link, extended_frame(number, data), what);
    if (const std::uint8_t error = check_answer(answer, kExtended, number, what)) throw refused(what, error);
    if (answer.size() != expected)
      throw DeviceError(what + ": answer of " + std::to_string(answer.size()) + " bytes, " + std::to_string(expected) +
                        " expected");
    return answer;
  }

  static void normal_command(Link& link, std::uint8_t command, const std::string& what, std::uint8_t ignored) {
    const Bytes answer = transact(link, {command, command}, what);
    const std::uint8_t error = check_answer(answer, static_cast<std::uint8_t>(command + 1), std::nullopt, what);
    if (error != 0 && error != ignored) throw refused(what, error);
  }

  DeviceIdentity read_identity(Link& link) {
    const Bytes a = extended_command(link, kConfigU6, Bytes(20), "ConfigU6", 38);
    char firmware[16];
    std::snprintf(firmware, sizeof firmware, "%u.%02u", a[10], a[9]);
    firmware_ = a[10] + a[9] / 100.0;
    return {a[37] & 8 ? "LabJack U6-Pro" : "LabJack U6",
            std::to_string(read16(&a[15]) | static_cast<std::uint32_t>(read16(&a[17])) << 16), firmware};
  }

  /// Nominal constants, flagged, when a block cannot be read or holds nothing like a calibration (erased flash).
  static Facts read_calibration(Link& link) {
    const Calibration nominal = nominal_calibration();
    Calibration found = nominal;
    bool readable = true;
    for (std::uint8_t block = 0; block < 10; ++block) {
      try {
        const Bytes a = extended_command(link, kReadCalMem, {0, block}, "ReadMem block " + std::to_string(block), 40);
        for (std::size_t i = 0; i < 4; ++i) found[block][i] = read_fixed(&a[8 + 8 * i]);
      } catch (const DeviceError&) {
        if (block == 0 || block == 2) readable = false;
      }
    }
    const auto near = [](double value, double expected) { return std::abs(value / expected - 1) < 0.1; };
    Facts f{found[0][0], found[2][0], found[2][1]};
    if (readable && near(f.positive_slope, nominal[0][0]) && near(f.negative_slope, nominal[2][0]) &&
        near(f.center, nominal[2][1]))
      return f;
    return {nominal[0][0], nominal[2][0], nominal[2][1], true};
  }

  Bytes stream_config() const {
    Bytes d{static_cast<std::uint8_t>(u6::channel_count(settings_)),
            static_cast<std::uint8_t>(settings_.resolution_index),
            kSamplesPerPacket,
            0,
            static_cast<std::uint8_t>(settings_.settling_factor),
            clock_.scan_config,
            static_cast<std::uint8_t>(clock_.interval & 0xff),
            static_cast<std::uint8_t>(clock_.interval >> 8)};
    for (int input : settings_.analog_inputs) d.insert(d.end(), {static_cast<std::uint8_t>(input), 0});
    if (settings_.digital_port) d.insert(d.end(), {kDigitalPort, 0});
    return d;
  }

  void write_facts(const Facts& f, SampleBatch& facts) const {
    Sample& s = facts.next();
    s.stream = calibration_stream_;
    s.seq = stream_.epoch();
    s.epoch = stream_.epoch();
    const double row[] = {f.positive_slope, f.negative_slope,           f.center,
                          clock_.rate_hz(), f.uncalibrated ? 1.0 : 0.0, firmware_};
    for (std::size_t i = 0; i < std::size(row); ++i) set_value(s, i, row[i]);
  }

  const DeviceSettings settings_;
  const ScanClock clock_;
  const StreamId calibration_stream_;
  U6Stream stream_;
  double firmware_ = 0;
  TimeNs first_check_ = U6Stream::kNever;
  bool light_ = true;
  bool ours_ = false;  // its serial number has been read and is the one wanted
  U6Loss next_cause_ = U6Loss::restart;
  Counter starved_{"starved"}, stop_failed_{"stop_failed"};
  std::vector<const Counter*> counters_ = [this] {
    std::vector<const Counter*> all(stream_.counters().begin(), stream_.counters().end());
    all.insert(all.end(), {&starved_, &stop_failed_});
    return all;
  }();
};

UsbMatch match() { return {{{kVendor, kProduct}}, false}; }

std::unique_ptr<Driver> make(const DeviceSettings& s, StreamId first) {
  const auto clock = choose_clock(s.rate_hz);
  if (!clock) throw std::invalid_argument("rate_hz: no clock of the U6 reaches it");
  return std::make_unique<LabjackU6>(s, *clock, first);
}

std::unique_ptr<EmulatedDevice> emulate(const DeviceSettings& s, const Senses& senses) {
  if (!senses.analog) throw std::invalid_argument("the emulated U6 needs a source of voltages");
  return std::make_unique<LabjackU6Device>(s, *senses.analog, senses.sync);
}
}  // namespace

extern const DriverEntry labjack_u6;
constexpr DriverEntry labjack_u6{"labjack_u6", match, u6::streams, u6::check_settings, make, emulate};

}  // namespace grfd
