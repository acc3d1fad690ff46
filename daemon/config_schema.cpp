// The catalogue of keys as a JSON Schema: editors complete and check settings files with it.
#include <cmath>

#include "daemon/config.hpp"
#include "daemon/config_parts.hpp"

namespace grfd {

namespace {
using Json = nlohmann::ordered_json;

Json number_or_integer(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15 ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

Json value_schema(const ConfigKey& key) {
  Json value = {{"type", key.type}};
  if (!key.words.empty()) value["enum"] = key.words;
  if (std::isfinite(key.min)) value["minimum"] = number_or_integer(key.min);
  if (std::isfinite(key.max)) value["maximum"] = number_or_integer(key.max);
  for (auto n = key.shape.rbegin(); n != key.shape.rend(); ++n) {
    value = {{"type", "array"}, {"items", std::move(value)}};
    if (*n >= 0) value["minItems"] = value["maxItems"] = *n;
  }
  if (key.by_name) value = {{"type", "object"}, {"additionalProperties", std::move(value)}};
  value["description"] = key.unit.empty() ? key.doc : key.doc + " (" + key.unit + ")";
  if (!key.standard.is_null()) value["default"] = key.standard;
  return value;
}

Json table_schema(const std::string& doc) {
  Json table = {{"type", "object"}};
  if (!doc.empty()) table["description"] = doc;
  table["additionalProperties"] = false;
  table["properties"] = Json::object();
  return table;
}

/// The table that holds `path`; `path` is cut to the last name.
Json& parent_of(Json& root, std::string& path) {
  Json* at = &root;
  for (std::size_t dot; (dot = path.find('.')) != std::string::npos; path.erase(0, dot + 1)) {
    std::string name = path.substr(0, dot);
    const bool element = name.ends_with("[]");
    if (element) name.resize(name.size() - 2);
    at = &(*at)["properties"][name];
    if (element) at = &(*at)["items"];
  }
  return *at;
}

Json schema_of(const std::vector<ConfigKey>& keys, const std::string& doc) {
  Json root = table_schema(doc);
  for (const ConfigKey& key : keys) {
    std::string name = key.path;
    Json& parent = parent_of(root, name);
    Json& place = parent["properties"][name];
    if (key.type == "table")
      place = table_schema(key.doc);
    else if (key.type == "tables")
      place = {{"type", "array"}, {"items", table_schema(key.doc)}};
    else
      place = value_schema(key);
    if (key.required) parent["required"].push_back(name);
  }
  return root;
}
}  // namespace

std::string config_schema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "grfd settings"}};
  schema.update(schema_of(settings_keys(), "settings of the ground-reaction-force daemon, a TOML file"));
  schema["$defs"]["calibration"] = schema_of(calibration_keys(), "calibration of one force plate, a TOML file");
  return schema.dump(2) + "\n";
}

}  // namespace grfd
