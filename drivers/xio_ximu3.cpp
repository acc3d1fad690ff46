// x-io Technologies x-IMU3 inertial sensors over USB: the driver.
//
// Link: CDC-ACM beside a mass storage interface, which is left to the kernel. The ids are those of the chip's maker, so
// the USB strings and then a ping decide. Messages as in drivers/xio_ximu3_message.hpp, commands as in
// drivers/xio_ximu3_setup.hpp. The stream:
//
//   C9 | u64 t_us | 3 x f32 angular rate, deg/s | 3 x f32 specific force, g | 0A     inertial, 400 Hz / divisor
//   C8 | u64 t_us | 3 x f32 specific force, g | 0A                                  high-g, 3200 Hz / divisor
//   D3 | u64 t_us | "1,000000042" | 0A            a line of the SA-Sync box: level, edge counter; DB DC may follow
//   D9 | u64 t_us | f32 level | 0A                an edge, where the firmware has it
//   CE, C6 | u64 t_us | text | 0A                 notification, error
//
// There is no counter: the steps of the time stamps tell how many samples are missing. Each sensor has its own sample
// clock; all stamps are of one counter of microseconds. A divisor averages that many samples, and the stamp is that of
// the last.
#include <algorithm>
#include <cctype>

#include "drivers/emulation/xio_ximu3_device.hpp"
#include "drivers/sync_stream.hpp"
#include "drivers/xio_ximu3_setup.hpp"
#include "drivers/xio_ximu3_stream.hpp"

namespace grfd {

namespace {

using namespace ximu3;

constexpr TimeNs kStarvation = 500'000'000, kNoAnswer = 1'000'000'000;
constexpr std::size_t kTransferBytes = 4096;
constexpr int kTransfers = 8, kDrainMs = 50;

bool has_word(std::string text, std::string word) {
  for (std::string* s : {&text, &word})
    std::transform(s->begin(), s->end(), s->begin(), [](unsigned char c) { return std::tolower(c); });
  return text.find(word) != std::string::npos;
}

class XioXimu3 final : public Driver {
 public:
  XioXimu3(const DeviceSettings& settings, StreamId first)
      : settings_(settings), first_(first), stream_(settings.name, first, settings.rate_hz, settings.high_g_rate_hz) {}

  DeviceIdentity identify(Link& link) override {
    const CdcAcmVisit visit(link, open(link));  // it may be another's: left as it was
    Commander commander(link, visit.port());
    return ximu3::identify(commander);
  }

  void start(Link& link, SampleBatch& facts) override {
    port_ = open(link);
    Commander commander(link, port_);
    serial_.clear();
    const Setup setup = configure(commander, settings_, originals_, serial_);
    write_facts(setup, facts);
    stream_.expect_start();
    first_check_ = 0;
    link.start_stream(port_.in, kTransferBytes, kTransfers);
    commander.send("apply");  // its answer comes in the stream
  }

  void stop(Link& link) noexcept override {
    if (port_.out == 0) return;  // never opened
    Commander commander(link, port_);
    bool there = !serial_.empty();
    try {
      if (there) {
        commander.send("usb_data_messages_enabled", false);
        commander.send("apply");
      }
    } catch (const std::exception&) {  // gone already: the stream is taken down all the same
      there = false;
    }
    link.stop_stream(port_.in, kDrainMs);
    try {
      if (there && !originals_[serial_].empty()) restore(commander, originals_[serial_]);
    } catch (const std::exception&) {  // what is left is written back the next time it is let go
    }
    close_cdc_acm(link, port_);
  }

  void decode(std::span<const std::byte> bytes, TimeNs arrival, SampleBatch& out) noexcept override {
    stream_.take(bytes, arrival, out);
  }

  const char* check(Link&, TimeNs now) noexcept override {
    if (stream_.stranded()) return "the device restarted and lost its settings";
    if (first_check_ == 0) first_check_ = now;
    if (!stream_.started()) return now - first_check_ > kNoAnswer ? "apply is not acknowledged" : nullptr;
    const auto starved = [&](TimeNs newest, double rate_hz) {
      return now - std::max(first_check_, newest) > kStarvation + static_cast<TimeNs>(3e9 / rate_hz);
    };
    if (starved(stream_.newest_inertial(), settings_.rate_hz)) return "no sample for 0.5 s";
    if (settings_.high_g_rate_hz > 0 && starved(stream_.newest_highg(), settings_.high_g_rate_hz))
      return "no high-g sample for 0.5 s";
    return nullptr;
  }

  bool blink(Link& link) override {
    Commander(link, port_).send("blink");  // its answer comes in the stream
    return true;
  }

  std::span<const Counter* const> counters() const noexcept override { return stream_.counters(); }

 private:
  CdcAcm open(Link& link) {
    const LinkInfo& info = link.info();
    if (!has_word(info.manufacturer, kMakerWord) || !has_word(info.product, kProductWord))
      throw DeviceError("04D8:0057 is used by many makers, and '" + info.manufacturer + "' '" + info.product +
                        "' is not an x-IMU3");
    const CdcAcm port = find_cdc_acm(info.configuration);
    open_cdc_acm(link, port);
    return port;
  }

  void write_facts(const Setup& setup, SampleBatch& facts) {
    Sample& s = facts.next();
    s.stream = static_cast<StreamId>(first_ + kFacts);
    s.seq = facts_seq_++;
    const double values[] = {setup.rate_hz,
                             setup.highg_rate_hz,
                             setup.firmware,
                             setup.calibration_date,
                             setup.gyroscope_offset_correction ? 1.0 : 0.0,
                             static_cast<double>(setup.axes_alignment),
                             static_cast<double>(setup.serial_mode)};
    for (std::size_t i = 0; i < std::size(values); ++i) {
      if (std::isnan(values[i])) s.flags |= kInvalid;
      set_value(s, i, values[i]);
    }
    Sample header;
    header.stream = static_cast<StreamId>(first_ + kSettings);
    header.seq = settings_seq_++;
    push_text(facts, header, "device_settings " + setup.archive.dump());
  }

  DeviceSettings settings_;
  StreamId first_;
  CdcAcm port_;
  Stream stream_;
  std::map<std::string, Originals> originals_;  ///< by serial number
  std::string serial_;
  std::uint64_t facts_seq_ = 0, settings_seq_ = 0;
  TimeNs first_check_ = 0;
};

UsbMatch match() { return {{{kVendor, kProduct, kMakerWord}}, true}; }

StreamInfo raw(const DeviceSettings& d, const char* part) {
  StreamInfo info;
  info.name = "raw/" + d.name + "/" + part;
  info.kind = StreamKind::raw;
  info.device = d.name;
  info.serial = d.serial;
  return info;
}

std::vector<StreamInfo> streams(const DeviceSettings& d) {
  StreamInfo inertial = raw(d, "inertial"), facts = raw(d, "facts"), loss = raw(d, "loss"),
             messages = raw(d, "messages"), about = raw(d, "settings"), highg = raw(d, "highg");
  for (StreamInfo* s : {&inertial, &loss, &messages, &highg}) s->clock = d.name, s->clock_unit = "us";
  inertial.columns = {{"gyro_x", "deg/s"}, {"gyro_y", "deg/s"}, {"gyro_z", "deg/s"},
                      {"accel_x", "g"},    {"accel_y", "g"},    {"accel_z", "g"}};
  inertial.rate_hz = d.rate_hz;
  inertial.frame = "axes of the sensor as marked on its case";
  inertial.sign = "specific force: an axis that points up reads +1 g at rest; right-handed rotation";
  inertial.description = "calibrated gyroscope and accelerometer as the device sends them; bandwidth 47 and 145 Hz";
  facts.type = ValueType::f64;
  facts.columns = {
      {"rate_hz", "Hz"},
      {"highg_rate_hz", "Hz"},
      {"firmware", "1"},
      {"calibration_date", "1"},
      {"gyroscope_offset_correction", "code", 0, 0, "0 off, 1 the device corrects its gyroscope while at rest"},
      {"axes_alignment", "1"},
      {"serial_mode", "code", 0, 0, "0 disabled, 1 normal, 2 accessory"}};
  facts.description =
      "what the device said when it was started; firmware 20504 is 2.5.4, calibration_date 20260131 is 2026-01-31";
  loss.type = ValueType::i64;
  loss.columns = {{"first_seq", "count"},
                  {"count", "count"},
                  {"cause", "code", 0, 0, kCauseLabels},
                  {"stream", "code", 0, 0, kLossStreamLabels}};
  loss.description =
      "samples that are missing before the next one of that stream, by the steps of its time stamps; count -1: unknown";
  messages.type = about.type = ValueType::text;
  messages.columns = about.columns = {{"name", ""}, {"detail", "json"}};
  messages.description = "notifications and errors of the device";
  about.description = "what the device said about itself when it was started: versions and calibration";
  // The mean of a divisor's samples lies in their middle, and the stamp is that of the last. (Of the inertial stream
  // the tap test measures the whole delay.)
  const double late_s = d.high_g_rate_hz > 0 ? 0.5 / d.high_g_rate_hz - 0.5 / kHighGBaseHz : 0;
  highg.columns = {{"accel_x", "g", late_s}, {"accel_y", "g", late_s}, {"accel_z", "g", late_s}};
  highg.rate_hz = d.high_g_rate_hz;
  highg.frame = inertial.frame;
  highg.sign = "specific force: an axis that points up reads +1 g at rest";
  highg.description =
      "accelerometer of 200 g with a sample clock of its own; t by the device's clock, which the inertial stream "
      "measures";
  std::vector<StreamInfo> all{inertial, facts, loss, sync_stream(d, "us", -d.sync_delay_s), messages, about};
  if (d.high_g_rate_hz > 0) all.push_back(highg);
  return all;
}

std::vector<std::string> check_settings(const DeviceSettings& d) {
  std::vector<std::string> errors;
  if (divisor_of(d.rate_hz, kInertialBaseHz) == 0)
    errors.push_back("rate_hz: the device does not have it, must be one of " + rates_of(kInertialBaseHz));
  if (d.high_g_rate_hz > 0 && divisor_of(d.high_g_rate_hz, kHighGBaseHz) == 0)
    errors.push_back("high_g_rate_hz: the device does not have it, must be 0 (none) or one of " +
                     rates_of(kHighGBaseHz));
  for (std::string& error : ximu3_fault_errors(d.emulation)) errors.push_back(std::move(error));
  return errors;
}

std::unique_ptr<Driver> make(const DeviceSettings& d, StreamId first) { return std::make_unique<XioXimu3>(d, first); }

std::unique_ptr<EmulatedDevice> emulate(const DeviceSettings& d, const Senses& senses) {
  return std::make_unique<XioXimu3Device>(d.emulation, senses.inertial, senses.sync);
}

}  // namespace

extern const DriverEntry xio_ximu3;
const DriverEntry xio_ximu3{"xio_ximu3", match, streams, check_settings, make, emulate};

}  // namespace grfd
