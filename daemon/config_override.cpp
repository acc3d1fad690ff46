// --set key=value: puts a value into the document before it is read.
#include <algorithm>
#include <charconv>
#include <optional>

#include "daemon/config_parts.hpp"

namespace grfd {

namespace {

struct PathPart {
  std::string name;
  std::optional<std::size_t> index;
};

/// "device[0].rate_hz" -> {device, 0}, {rate_hz}. Empty when it is not a path.
std::vector<PathPart> split(std::string_view path) {
  std::vector<PathPart> out;
  while (true) {
    std::string_view part = path.substr(0, path.find('.'));
    const std::size_t used = part.size();
    PathPart s;
    if (const std::size_t bracket = part.find('['); bracket != std::string_view::npos) {
      const std::string_view number = part.substr(bracket + 1);
      std::size_t index = 0;
      const auto end = std::from_chars(number.data(), number.data() + number.size(), index);
      if (end.ec != std::errc() || end.ptr + 1 != number.data() + number.size() || *end.ptr != ']') return {};
      s.index = index;
      part = part.substr(0, bracket);
    }
    if (part.empty()) return {};
    s.name = part;
    out.push_back(std::move(s));
    if (used == path.size()) return out;
    path.remove_prefix(used + 1);
  }
}

/// `raw` as a TOML value, or as a string when it is a bare word. Throws toml::parse_error.
toml::table parse_value(const std::string& raw) {
  try {
    toml::table t = toml::parse("value = " + raw);
    if (t.size() == 1) return t;
  } catch (const toml::parse_error&) {
    if (!raw.empty() && std::string_view("\"'[{").find(raw.front()) != std::string_view::npos) throw;
  }
  toml::table t;
  t.insert("value", raw);
  return t;
}

std::vector<std::string> names_of(const toml::array& array, const char* identity) {
  std::vector<std::string> names;
  for (const toml::node& element : array)
    names.push_back(element.is_table() ? (*element.as_table())[identity].value_or(std::string()) : std::string());
  return names;
}

void add_name(std::string& path, const std::string& name) { path.append(path.empty() ? "" : ".").append(name); }
void add_index(std::string& path, std::size_t index) { path.append("[").append(std::to_string(index)).append("]"); }

/// One step down. Missing tables are made. Null, and `wrong` filled, when there is no such place.
toml::node* step(toml::node& from, const PathPart& s, std::string& canonical, std::string& wrong, bool& made) {
  made = false;
  toml::node* node = nullptr;
  if (toml::table* table = from.as_table()) {
    if (!table->contains(s.name)) {
      if (s.index) return wrong = "there is no [[" + s.name + "]]", nullptr;
      made = table->insert(s.name, toml::table()).second;
    }
    node = table->get(s.name);
    add_name(canonical, s.name);
  } else {
    return wrong = "\"" + canonical + "\" is " + kind_of(from) + ", it has no \"" + s.name + "\"", nullptr;
  }
  if (!s.index) return node;
  toml::array* array = node->as_array();
  if (!array)
    return wrong = "\"" + canonical + "\" is " + kind_of(*node) + ", it has no [" + std::to_string(*s.index) + "]",
           nullptr;
  if (*s.index >= array->size())
    return wrong = "there are only " + std::to_string(array->size()) + " of \"" + canonical + "\", counted from 0",
           nullptr;
  add_index(canonical, *s.index);
  return array->get(*s.index);
}

}  // namespace

void apply_override(toml::table& document, const std::string& text, Findings& findings) {
  const std::size_t equals = text.find('=');
  const auto trimmed = [](std::string_view s) {
    while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
    while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
    return std::string(s);
  };
  const std::string key = trimmed(std::string_view(text).substr(0, equals));
  std::vector<PathPart> path = split(key);
  if (equals == std::string::npos || path.empty())
    return findings.report_set(text, "cannot be read, must be key=value, e.g. device.u6.rate_hz=500");
  const std::string raw = trimmed(std::string_view(text).substr(equals + 1));
  toml::table holder;
  try {
    holder = parse_value(raw);
  } catch (const toml::parse_error& e) {
    return findings.report_set(key, "cannot read " + raw + ": " + std::string(e.description()));
  }

  toml::node* at = &document;
  std::string canonical, wrong;
  bool made = false;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    at = step(*at, path[i], canonical, wrong, made);
    if (!at) return findings.report_set(key, wrong);
    if (made) findings.made_by(canonical, key);
    toml::array* array = at->as_array();
    if (!array) continue;
    // The next segment is the name of an element.
    const auto names = names_of(*array, identity_of(path[i].name));
    const auto found = std::find(names.begin(), names.end(), path[i + 1].name);
    if (found == names.end())
      return findings.report_set(
          key, "there is no " + path[i].name + " \"" + path[i + 1].name + "\", known: " + quoted_list(names));
    const auto index = static_cast<std::size_t>(found - names.begin());
    at = array->get(index);
    add_index(canonical, index);
    if (++i + 1 == path.size())
      return findings.report_set(key, "is a whole " + path[i - 1].name + ", must name one of its keys");
  }
  const PathPart& last = path.back();
  toml::table* table = at->as_table();
  if (!table)
    return findings.report_set(key, "\"" + canonical + "\" is " + kind_of(*at) + ", it has no \"" + last.name + "\"");
  toml::node& value = *holder.get("value");
  if (last.index) {
    std::string element = canonical;
    if (!step(*table, last, element, wrong, made)) return findings.report_set(key, wrong);
    toml::array& array = *table->get(last.name)->as_array();
    value.visit([&](auto& v) { array.replace(array.cbegin() + static_cast<std::ptrdiff_t>(*last.index), v); });
    canonical = element;
  } else {
    value.visit([&](auto& v) { table->insert_or_assign(last.name, v); });
    add_name(canonical, last.name);
  }
  findings.set_by(canonical, key, raw);
}

}  // namespace grfd
