// Zeros that tares found, kept between sessions: offered after a restart, never used unasked.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "schemas/settings.hpp"

namespace grfd {

/// The file zeros.json in the folder of recordings. A zero belongs to the channels of a device, so it is kept by their
/// numbers and the device's serial.
class ZeroStore {
 public:
  struct Zero {
    std::string plate, serial;  ///< of the device
    std::vector<int> columns;   ///< of its scan
    std::vector<double> codes, volts;
    double offset_fz_n = 0;  ///< above what was zero before
    std::string measured_utc, session;
  };
  /// @throws std::runtime_error naming the file when it exists and cannot be understood
  explicit ZeroStore(const std::filesystem::path& folder);

  /// Takes what `tare_result` accepted and writes the file. `serial_of`: of a plate's device; empty: unknown, not kept.
  /// Plates whose zero drifts are left out. @return how many were kept. @throws std::runtime_error when the file cannot
  /// be written
  template <class SerialOf>
  int keep(const nlohmann::ordered_json& tare_result, const std::vector<PlateSettings>& plates, const std::string& utc,
           const std::string& session, SerialOf serial_of) {
    int kept = 0;
    for (const auto& result : tare_result.at("plates"))
      for (const PlateSettings& plate : plates) {
        if (!result.value("accepted", false) || result.at("plate") != plate.name || plate.calibration.drift_rezero)
          continue;
        const std::string serial = serial_of(plate);
        if (serial.empty()) continue;
        put({plate.name, serial, plate.columns, result.at("zero_codes"), result.at("zero_v"), result.at("offset_fz_n"),
             utc, session});
        ++kept;
      }
    if (kept > 0) write();
    return kept;
  }
  /// The newest of this plate on these channels of the device with this serial.
  std::optional<Zero> find(const PlateSettings& plate, const std::string& serial) const;
  const std::vector<Zero>& all() const { return zeros_; }
  nlohmann::ordered_json to_json() const;

 private:
  void put(Zero zero);
  void write() const;
  std::filesystem::path file_;
  std::vector<Zero> zeros_;
};

}  // namespace grfd
