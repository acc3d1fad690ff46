#include "daemon/lunges.hpp"

#include <stdexcept>

#include "daemon/json_file.hpp"

namespace grfd {

LungeStore::LungeStore(const std::filesystem::path& folder) : file_(folder / "lunges.json") {
  read_json_list(file_, "lunges", "knee-to-wall tests", "start grfd anew", [&](Json& l) {
    for (const char* key : {"participant", "side", "zero_utc", "measured_utc", "session"})
      l.at(key).get_ref<const std::string&>();
    if (const double deg = l.at("available_deg").get<double>(); !(deg > 0 && deg <= 90))
      throw std::out_of_range("available_deg is not from 0 to 90");
    static_cast<void>(l.at("trials").get<int>());
    list_.push_back(std::move(l));
  });
}

void LungeStore::keep(const Json& entry) {
  Json* place = nullptr;
  for (Json& old : list_)
    if (old["participant"] == entry.at("participant") && old["side"] == entry.at("side")) place = &old;
  constexpr int kWhole = 3;  // trials; fewer do not take the place of a better test
  if (place && entry.at("session") != place->at("session") && entry.at("trials") < kWhole &&
      entry.at("available_deg") < place->at("available_deg"))
    return;
  if (place)
    *place = entry;
  else
    list_.push_back(entry);
  replace_json_file(file_, {{"lunges", list_}});
}

const LungeStore::Json* LungeStore::find(const std::string& participant, const std::string& side) const {
  for (const Json& l : list_)
    if (l["participant"] == participant && l["side"] == side) return &l;
  return nullptr;
}

}  // namespace grfd
