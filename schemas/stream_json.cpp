#include "schemas/stream_json.hpp"

namespace grfd {
namespace {
constexpr const char* kKinds[] = {"raw", "calibrated", "derived", "event", "truth"};
constexpr const char* kTypes[] = {"f32", "i32", "f64", "i64", "text"};

template <class Enum, std::size_t N>
Enum lookup(const char* const (&words)[N], std::string_view word, const char* what) {
  for (std::size_t i = 0; i < N; ++i)
    if (word == words[i]) return static_cast<Enum>(i);
  throw std::invalid_argument(std::string("unknown ") + what + " '" + std::string(word) + "'");
}
}  // namespace

const char* to_string(StreamKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
const char* to_string(ValueType type) { return kTypes[static_cast<std::size_t>(type)]; }
StreamKind stream_kind(std::string_view word) { return lookup<StreamKind>(kKinds, word, "stream kind"); }
ValueType value_type(std::string_view word) { return lookup<ValueType>(kTypes, word, "value type"); }

nlohmann::ordered_json to_json(const StreamInfo& info) {
  nlohmann::ordered_json columns = nlohmann::ordered_json::array();
  for (const Column& c : info.columns) {
    nlohmann::ordered_json column = {{"name", c.name}, {"unit", c.unit}, {"delay_s", c.delay_s}};
    if (c.skew_s != 0) column["skew_s"] = c.skew_s;
    if (!c.labels.empty()) column["labels"] = c.labels;
    if (c.exploratory) column["exploratory"] = true;
    if (c.optional) column["optional"] = true;
    columns.push_back(std::move(column));
  }
  nlohmann::ordered_json json{{"name", info.name},
                              {"kind", to_string(info.kind)},
                              {"type", to_string(info.type)},
                              {"columns", std::move(columns)},
                              {"device", info.device},
                              {"serial", info.serial},
                              {"clock", info.clock},
                              {"clock_unit", info.clock_unit},
                              {"rate_hz", info.rate_hz},
                              {"frame", info.frame},
                              {"point", info.point},
                              {"sign", info.sign},
                              {"formula", info.formula},
                              {"parameters", info.parameters},
                              {"exploratory", info.exploratory},
                              {"flag_names", info.flag_names},
                              {"description", info.description}};
  if (info.live_only) json["live_only"] = true;
  return json;
}

StreamInfo stream_from_json(const nlohmann::ordered_json& json) {
  StreamInfo info;
  info.name = json.at("name").get<std::string>();
  info.kind = stream_kind(json.at("kind").get<std::string>());
  info.type = value_type(json.at("type").get<std::string>());
  for (const auto& c : json.at("columns"))
    info.columns.push_back({c.at("name").get<std::string>(), c.at("unit").get<std::string>(),
                            c.at("delay_s").get<double>(), c.value("skew_s", 0.0), c.value("labels", std::string()),
                            c.value("exploratory", false), c.value("optional", false)});
  info.device = json.at("device").get<std::string>();
  info.serial = json.at("serial").get<std::string>();
  info.clock = json.at("clock").get<std::string>();
  info.clock_unit = json.at("clock_unit").get<std::string>();
  info.rate_hz = json.at("rate_hz").get<double>();
  info.frame = json.at("frame").get<std::string>();
  info.point = json.at("point").get<std::string>();
  info.sign = json.at("sign").get<std::string>();
  info.formula = json.at("formula").get<std::string>();
  info.parameters = json.at("parameters").get<std::string>();
  info.exploratory = json.at("exploratory").get<bool>();
  info.live_only = json.value("live_only", false);
  info.flag_names = json.at("flag_names").get<std::array<std::string, 8>>();
  info.description = json.at("description").get<std::string>();
  return info;
}

}  // namespace grfd
