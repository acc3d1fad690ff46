#include "daemon/delays.hpp"

#include <fstream>

namespace grfd {

using Json = nlohmann::ordered_json;

DelayStore::DelayStore(const std::filesystem::path& folder) : file_(folder / "delays.json") {
  std::ifstream in(file_);
  if (!in) return;  // no tap test so far
  try {
    const Json whole = Json::parse(in);
    for (const Json& d : whole.at("delays"))
      delays_.push_back({d.at("device"), d.at("serial"), d.at("delay_s"), d.at("spread_s"), d.at("r"), d.at("taps"),
                         d.at("measured_utc"), d.at("session")});
  } catch (const std::exception& e) {
    delays_.clear();
    throw std::runtime_error(file_.string() + " is no file of measured delays (" + e.what() +
                             "); move it away and tap again");
  }
}

std::optional<DelayStore::Delay> DelayStore::find(const std::string& serial) const {
  for (const Delay& d : delays_)
    if (d.serial == serial) return d;
  return std::nullopt;
}

void DelayStore::put(Delay delay) {
  for (Delay& d : delays_)
    if (d.serial == delay.serial) {
      d = std::move(delay);
      return;
    }
  delays_.push_back(std::move(delay));
}

Json DelayStore::to_json() const {
  Json list = Json::array();
  for (const Delay& d : delays_)
    list.push_back({{"device", d.device},
                    {"serial", d.serial},
                    {"delay_s", d.delay_s},
                    {"spread_s", d.spread_s},
                    {"r", d.r},
                    {"taps", d.taps},
                    {"measured_utc", d.measured_utc},
                    {"session", d.session}});
  return list;
}

/// A new file takes the place of the old one at once, so that a crash leaves one of the two.
void DelayStore::write() const {
  std::error_code error;
  std::filesystem::create_directories(file_.parent_path(), error);
  const std::filesystem::path fresh = file_.string() + ".new";
  std::ofstream out(fresh, std::ios::trunc);
  out << Json{{"delays", to_json()}}.dump(1) << "\n";
  out.close();
  if (out) std::filesystem::rename(fresh, file_, error);
  if (!out || error) throw std::runtime_error("cannot write " + file_.string() + (error ? ": " + error.message() : ""));
}

}  // namespace grfd
