// The tables of a document: opening them, and naming what nobody asked for.
#include <algorithm>

#include "daemon/config_reader.hpp"

namespace grfd {

namespace {
using Json = nlohmann::ordered_json;

/// The tables that have a key of this name; "" is the top.
std::vector<std::string> homes_of(const std::vector<ConfigKey>& keys, std::string_view name) {
  std::vector<std::string> tables;
  for (const ConfigKey& key : keys) {
    const std::size_t dot = key.path.rfind('.');
    if (std::string_view(key.path).substr(dot == std::string::npos ? 0 : dot + 1) != name) continue;
    tables.push_back(dot == std::string::npos ? std::string() : key.path.substr(0, dot));
  }
  return tables;
}

std::string table_header(const std::string& path) {
  if (path.empty()) return "the top of the file, before the first [table]";
  if (path.ends_with("[]")) return "[[" + path.substr(0, path.size() - 2) + "]]";
  std::string plain = path;
  if (const std::size_t array = plain.find("[]"); array != std::string::npos) plain.erase(array, 2);
  return "[" + plain + "]";
}
}  // namespace

void Reader::table(const char* name, const char* doc, const Body& body) {
  static const toml::table none;
  const toml::node* node = find(name, "table", {}, {"", doc}, Json());
  if (node && !node->is_table())
    return report(name,
                  "is " + kind_of(*node) + ", must be a table [" + (shown_.empty() ? "" : shown_ + ".") + name + "]");
  Reader inner(node ? *node->as_table() : none, file_, *findings_, path(name),
               shown_.empty() ? name : shown_ + "." + name);
  body(inner);
  inner.finish();
}

void Reader::each(const char* name, const char* identity, const char* doc, const Body& body) {
  const toml::node* node = find(name, "tables", {-1}, {"", doc}, Json());
  if (findings_->catalogue) {
    static const toml::table none;
    Reader inner(none, file_, *findings_, path(name) + "[]", std::string(name) + "[]");
    return body(inner);
  }
  if (!node) return;
  const toml::array* array = node->as_array();
  if (!array || !std::all_of(array->begin(), array->end(), [](const toml::node& n) { return n.is_table(); }))
    return report(name, "is " + kind_of(*node) + ", must be tables, each under a line [[" + name + "]]");
  std::size_t index = 0;
  for (const toml::node& element : *array) {
    const toml::table& inner_table = *element.as_table();
    std::string number = std::to_string(index++);
    number = std::string(1, '[').append(number).append(1, ']');
    const auto own_name = inner_table[identity].value<std::string>();
    const std::string shown = own_name && !own_name->empty() ? std::string(name) + "." + *own_name : name + number;
    Reader inner(inner_table, file_, *findings_, path(name) + number, shown);
    findings_->place(path(name) + number, file_, static_cast<int>(element.source().begin.line), shown);
    body(inner);
    inner.finish();
  }
}

void Reader::finish() {
  if (findings_->catalogue) return;
  for (const auto& [key, node] : *table_) {
    const std::string name(key.str());
    if (std::find(named_.begin(), named_.end(), name) != named_.end()) continue;
    place(path(name), name, &node);
    std::string hint;
    const auto homes = findings_->known ? homes_of(*findings_->known, name) : std::vector<std::string>();
    if (!homes.empty())
      hint = "it belongs to " + table_header(homes.front());
    else if (const std::string near = nearest_word(name, named_); !near.empty())
      hint = "did you mean \"" + near + "\"?";
    if (hint.empty()) hint = "known here: " + quoted_list(named_);
    report(name, "unknown key; " + hint);
  }
}

}  // namespace grfd
