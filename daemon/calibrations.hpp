// What functional calibrations found, kept between sessions: offered after a restart, never used unasked.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "schemas/settings.hpp"

namespace grfd {

/// The file calibrations.json in the folder of recordings, by the serial number of the sensor. An entry: `device`,
/// `serial`, `segment`, `side`, `measured_utc`, `session`, and the quality figures of schemas/control.md.
class CalibrationStore {
 public:
  using Json = nlohmann::ordered_json;
  /// @throws std::runtime_error naming the file when it exists and cannot be understood
  explicit CalibrationStore(const std::filesystem::path& folder);

  /// One sensor of an accepted `finish`; `figures` as in calibrate_result. Not written yet.
  void put(const ImuSettings& imu, const std::string& serial, const Json& figures, const std::string& utc,
           const std::string& session);
  /// @throws std::runtime_error when the file cannot be written
  void write() const;
  /// Of the sensor with this serial where it now sits; null: none, or it sat on another segment or side.
  const Json* find(const ImuSettings& imu, const std::string& serial) const;
  const Json& to_json() const { return list_; }

 private:
  std::filesystem::path file_;
  Json list_ = Json::array();
};

}  // namespace grfd
