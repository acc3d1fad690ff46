// What tap tests found, kept between sessions: offered after a restart, never used unasked.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace grfd {

/// The file delays.json in the folder of recordings. A constant delay belongs to a sensor, so it is kept by serial
/// number.
class DelayStore {
 public:
  struct Delay {
    std::string device, serial;
    double delay_s = 0, spread_s = 0, r = 0;
    int taps = 0;
    std::string measured_utc, session;
  };
  /// @throws std::runtime_error naming the file when it exists and cannot be understood
  explicit DelayStore(const std::filesystem::path& folder);

  /// Takes the accepted sensors of a tap_result and writes the file. `serial_of`: of a device by its name; empty:
  /// unknown, not kept. @return how many were kept. @throws std::runtime_error when the file cannot be written
  template <class SerialOf>
  int keep(const nlohmann::ordered_json& tap_result, const std::string& utc, const std::string& session,
           SerialOf serial_of) {
    int kept = 0;
    for (const auto& imu : tap_result.at("imus")) {
      if (!imu.value("accepted", false)) continue;
      const std::string serial = serial_of(imu.at("imu").template get<std::string>());
      if (serial.empty()) continue;
      put({imu.at("imu"), serial, imu.at("delay_s"), imu.at("spread_s"), imu.at("r"), imu.at("taps"), utc, session});
      ++kept;
    }
    if (kept > 0) write();
    return kept;
  }
  /// The newest of a sensor with this serial.
  std::optional<Delay> find(const std::string& serial) const;
  const std::vector<Delay>& all() const { return delays_; }
  nlohmann::ordered_json to_json() const;

 private:
  void put(Delay delay);
  void write() const;
  std::filesystem::path file_;
  std::vector<Delay> delays_;
};

}  // namespace grfd
