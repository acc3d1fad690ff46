#include "daemon/calibrations.hpp"

#include "daemon/json_file.hpp"

namespace grfd {

CalibrationStore::CalibrationStore(const std::filesystem::path& folder) : file_(folder / "calibrations.json") {
  read_json_list(file_, "calibrations", "calibrations", "calibrate again", [&](Json& c) {
    for (const char* key : {"device", "serial", "segment", "side", "measured_utc", "session"})
      c.at(key).get_ref<const std::string&>();
    static_cast<void>(c.at("ml_axis_left").get<Vec3>());
    list_.push_back(std::move(c));
  });
}

void CalibrationStore::put(const ImuSettings& imu, const std::string& serial, const Json& figures,
                           const std::string& utc, const std::string& session) {
  Json one{{"device", imu.name},          {"serial", serial},    {"segment", to_string(imu.segment)},
           {"side", to_string(imu.side)}, {"measured_utc", utc}, {"session", session}};
  for (const auto& [key, value] : figures.items())
    if (key != "imu" && key != "accepted" && key != "reason") one[key] = value;
  for (Json& old : list_)
    if (old["serial"] == serial) {
      old = std::move(one);
      return;
    }
  list_.push_back(std::move(one));
}

void CalibrationStore::write() const { replace_json_file(file_, {{"calibrations", list_}}); }

const CalibrationStore::Json* CalibrationStore::find(const ImuSettings& imu, const std::string& serial) const {
  for (const Json& c : list_)
    if (c["serial"] == serial && c["segment"] == to_string(imu.segment) && c["side"] == to_string(imu.side)) return &c;
  return nullptr;
}

}  // namespace grfd
