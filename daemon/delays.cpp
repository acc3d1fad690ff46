#include "daemon/delays.hpp"

#include "daemon/json_file.hpp"

namespace grfd {

using Json = nlohmann::ordered_json;

DelayStore::DelayStore(const std::filesystem::path& folder) : file_(folder / "delays.json") {
  read_json_list(file_, "delays", "measured delays", "tap again", [&](const Json& d) {
    delays_.push_back({d.at("device"), d.at("serial"), d.at("delay_s"), d.at("spread_s"), d.at("r"), d.at("taps"),
                       d.at("measured_utc"), d.at("session")});
  });
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

void DelayStore::write() const { replace_json_file(file_, {{"delays", to_json()}}); }

}  // namespace grfd
