#include "daemon/plate_zeros.hpp"

namespace grfd {

using Json = nlohmann::ordered_json;

PlateZeros::PlateZeros(const std::vector<PlateSettings>& plates) {
  for (const PlateSettings& p : plates) plates_.push_back({{"plate", p.name}, {"zeroed_s", nullptr}});
}

void PlateZeros::note(const std::string& event, const Json& detail, double t_s, const std::string& utc) {
  if (!detail.is_object()) return;
  const auto zeroed = [&](const Json& name, const char* by) -> Json* {
    for (Json& p : plates_)
      if (p["plate"] == name) {
        p = {{"plate", name}, {"zeroed_s", t_s}, {"zeroed_utc", utc}, {"by", by}};
        return &p;
      }
    return nullptr;
  };
  if (event == "drift_zero" && detail.value("state", "") == "following") zeroed(detail.value("plate", Json()), "drift");
  if (event != "tare_result") return;
  for (const Json& result : detail.value("plates", Json::array()))
    if (result.value("accepted", false))
      if (Json* plate = zeroed(result.value("plate", Json()), "tare"))
        (*plate)["offset_fz_n"] = result.value("offset_fz_n", Json());
}

void PlateZeros::use_kept(const std::string& plate, double t_s, const std::string& utc) {
  for (Json& p : plates_)
    if (p["plate"] == plate) p = {{"plate", plate}, {"zeroed_s", t_s}, {"zeroed_utc", utc}, {"by", "kept"}};
}

std::string PlateZeros::by(const std::string& plate) const {
  for (const Json& p : plates_)
    if (p["plate"] == plate) return p.value("by", "");
  return "";
}

std::vector<std::string> PlateZeros::never() const {
  std::vector<std::string> names;
  for (const Json& p : plates_)
    if (p["zeroed_s"].is_null()) names.push_back(p["plate"]);
  return names;
}

}  // namespace grfd
