// The dialogue with an x-IMU3: one JSON object with one key each way. Devices thread only.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "drivers/cdc_acm.hpp"
#include "drivers/driver.hpp"
#include "drivers/xio_ximu3_message.hpp"

namespace grfd::ximu3 {

using Json = nlohmann::ordered_json;

inline constexpr std::uint16_t kVendor = 0x04D8, kProduct = 0x0057;  // of the chip's maker: many devices have them
inline constexpr const char *kMakerWord = "x-io", *kProductWord = "x-IMU3";
inline constexpr double kInertialBaseHz = 400, kHighGBaseHz = 3200;
/// Full scale of the three sensors and the share of it from which a value counts as clipped: there is no flag for it.
inline constexpr float kAccelRangeG = 24, kGyroRangeDegS = 2000, kHighGRangeG = 200, kAtFullScale = 0.995F;

/// The divisor that gives this rate. @return 0 when the device has none
int divisor_of(double rate_hz, double base_hz);
/// "400, 200, 100, ..." for error texts.
std::string rates_of(double base_hz);

/// One command at a time, matched by the key as it was sent. Data messages and other answers are passed over.
class Commander {
 public:
  Commander(Link& link, const CdcAcm& port) : link_(link), port_(port) {}
  /// 500 ms for the answer, 2 repetitions. @return the answer's value; it may be {"error": text}
  /// @throws LinkError when nothing answers
  Json ask(const std::string& key, const Json& value = nullptr);
  /// As above. @throws DeviceError when the device refuses
  Json expect(const std::string& key, const Json& value = nullptr);
  /// The identifying answer: interface, name, sn. Passes over what waits in the device first: a backlog, however long
  /// or senseless, costs no try. Asked five times, 200 ms each: the line buffer of the device may still hold half a
  /// command of somebody else. @throws LinkError, DeviceError
  Json ping();
  /// Sends and does not wait: for use while the stream runs.
  void send(const std::string& key, const Json& value = nullptr);
  /// Passes over what still arrives in `ms`.
  void drain(int ms);

 private:
  bool receive(const std::string& key, int timeout_ms, Json& value);
  void empty();
  Link& link_;
  CdcAcm port_;
  Parser parser_;
};

struct Setup {
  double rate_hz = 0, highg_rate_hz = 0;
  double firmware = 0, calibration_date = 0;  ///< 20504 = 2.5.4; 20260131
  bool gyroscope_offset_correction = false;
  int axes_alignment = 0, serial_mode = 0;
  Json archive;  ///< everything that the device said about itself
};

/// What a device had before it was set up; is written back when the driver lets go of it.
using Originals = std::map<std::string, Json>;

/// @throws LinkError, DeviceError
DeviceIdentity identify(Commander& commander);
/// Everything up to, not including, the `apply` that starts the stream. @throws LinkError; DeviceError for another
/// serial number or a setting that the device does not take
/// @param originals by serial number, so that a second start does not take our own values for the user's
/// @param serial is set before anything is changed
Setup configure(Commander& commander, const DeviceSettings& settings, std::map<std::string, Originals>& originals,
                std::string& serial);
/// @throws LinkError
void restore(Commander& commander, Originals& originals);

}  // namespace grfd::ximu3
