#include "daemon/calibrations.hpp"

#include <fstream>

#include "daemon/json_file.hpp"

namespace grfd {

CalibrationStore::CalibrationStore(const std::filesystem::path& folder) : file_(folder / "calibrations.json") {
  std::ifstream in(file_);
  if (!in) return;  // none so far
  try {
    Json whole = Json::parse(in);
    for (const Json& c : whole.at("calibrations")) {
      for (const char* key : {"device", "serial", "segment", "side", "measured_utc", "session"})
        c.at(key).get_ref<const std::string&>();
      static_cast<void>(c.at("ml_axis_left").get<Vec3>());
    }
    list_ = std::move(whole.at("calibrations"));
  } catch (const std::exception& e) {
    throw std::runtime_error(file_.string() + " is no file of calibrations (" + e.what() +
                             "); move it away and calibrate again");
  }
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
