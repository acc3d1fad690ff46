#include "daemon/zeros.hpp"

#include <algorithm>

#include "daemon/json_file.hpp"

namespace grfd {

using Json = nlohmann::ordered_json;

ZeroStore::ZeroStore(const std::filesystem::path& folder) : file_(folder / "zeros.json") {
  read_json_list(file_, "zeros", "zeros", "start grfd anew", [&](const Json& z) {
    zeros_.push_back({z.at("plate"), z.at("serial"), z.at("columns"), z.at("zero_codes"), z.at("zero_v"),
                      z.at("offset_fz_n"), z.at("measured_utc"), z.at("session")});
  });
}

std::optional<ZeroStore::Zero> ZeroStore::find(const PlateSettings& plate, const std::string& serial) const {
  const auto found = std::find_if(zeros_.begin(), zeros_.end(), [&](const Zero& z) {
    return z.plate == plate.name && z.serial == serial && z.columns == plate.columns;
  });
  return found == zeros_.end() ? std::nullopt : std::optional(*found);
}

void ZeroStore::put(Zero zero) {
  std::erase_if(zeros_, [&](const Zero& z) { return z.plate == zero.plate && z.serial == zero.serial; });
  zeros_.push_back(std::move(zero));
}

Json ZeroStore::to_json() const {
  Json list = Json::array();
  for (const Zero& z : zeros_)
    list.push_back({{"plate", z.plate},
                    {"serial", z.serial},
                    {"columns", z.columns},
                    {"zero_codes", z.codes},
                    {"zero_v", z.volts},
                    {"offset_fz_n", z.offset_fz_n},
                    {"measured_utc", z.measured_utc},
                    {"session", z.session}});
  return list;
}

void ZeroStore::write() const { replace_json_file(file_, {{"zeros", to_json()}}); }

}  // namespace grfd
