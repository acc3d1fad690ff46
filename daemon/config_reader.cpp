#include "daemon/config_reader.hpp"

#include <algorithm>
#include <cmath>

namespace grfd {

namespace {
using Json = nlohmann::ordered_json;

std::string unit_of(const About& about) { return *about.unit ? std::string(" ") + about.unit : std::string(); }
std::string unit_in_brackets(const About& about) {
  return *about.unit ? std::string(" (") + about.unit + ")" : std::string();
}

/// Empty when the value is allowed.
std::string range_error(double value, const About& about) {
  if (value >= about.min && value <= about.max) return {};
  std::string must;
  if (std::isinf(about.max))
    must = "at least " + number_text(about.min);
  else if (std::isinf(about.min))
    must = "at most " + number_text(about.max);
  else
    must = "from " + number_text(about.min) + " to " + number_text(about.max);
  return "is " + number_text(value) + ", must be " + must + unit_of(about);
}
std::string range_text(Reader::Count c) {
  return std::to_string(c.least) + (c.least == c.most ? "" : " to " + std::to_string(c.most));
}
}  // namespace

std::string kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

Reader::Reader(const toml::table& table, std::string file, Findings& findings, std::string path, std::string shown)
    : table_(&table), file_(std::move(file)), path_(std::move(path)), shown_(std::move(shown)), findings_(&findings) {}

std::string Reader::path(std::string_view name) const {
  return path_.empty() || path_.back() == ':' ? path_ + std::string(name) : path_ + "." + std::string(name);
}

void Reader::place(const std::string& at, std::string_view name, const toml::node* node) {
  if (node) findings_->note_given(at);
  int line = node ? static_cast<int>(node->source().begin.line) : 0;
  if (line == 0) line = static_cast<int>(table_->source().begin.line);
  findings_->place(at, file_, std::max(line, 1), shown_.empty() ? std::string(name) : shown_ + "." + std::string(name));
}

const toml::node* Reader::find(const char* name, const char* type, std::vector<int> shape, const About& about,
                               Json standard, std::vector<std::string> words, bool by_name) {
  named_.emplace_back(name);
  const std::string at = path(name);
  const toml::node* node = table_->get(name);
  place(at, name, node);
  if (findings_->catalogue) {
    findings_->catalogue->push_back({at, type, std::move(shape), by_name,
                                     about.required || about.no_default ? Json() : std::move(standard), about.unit,
                                     about.doc, about.min, about.max, about.required, std::move(words)});
  } else if (!node && about.required) {
    findings_->report(at, std::string("is missing: ") + about.doc);
  }
  return node;
}

bool Reader::number_in(const toml::node& node, const std::string& at, const About& about, double& value) {
  if (!node.is_number()) {
    findings_->report(at, "is " + kind_of(node) + ", must be a number" + unit_in_brackets(about));
    return false;
  }
  const double v = *node.value<double>();
  std::string wrong =
      std::isfinite(v) ? range_error(v, about) : "is not finite, must be a number" + unit_in_brackets(about);
  if (!wrong.empty()) {
    findings_->report(at, wrong);
    return false;
  }
  value = v;
  return true;
}

bool Reader::integer_in(const toml::node& node, const std::string& at, const About& about, std::int64_t& value) {
  if (!node.is_integer()) {
    findings_->report(at, "is " + kind_of(node) + ", must be an integer" + unit_in_brackets(about));
    return false;
  }
  const std::int64_t v = *node.value<std::int64_t>();
  if (const std::string wrong = range_error(static_cast<double>(v), about); !wrong.empty()) {
    findings_->report(at, wrong);
    return false;
  }
  value = v;
  return true;
}

bool Reader::text_in(const toml::node& node, const std::string& at, std::string& value) {
  if (node.is_string()) {
    value = *node.value<std::string>();
    return true;
  }
  const std::string* raw = findings_->raw(at);  // --set device.u6.serial=360012345 needs no quotes
  if (raw && node.is_value()) {
    value = *raw;
    return true;
  }
  findings_->report(at, "is " + kind_of(node) + ", must be a string");
  return false;
}

void Reader::number(const char* name, double& value, About about) {
  if (const auto* node = find(name, "number", {}, about, value)) number_in(*node, path(name), about, value);
}

void Reader::integer(const char* name, int& value, About about) {
  about.min = std::max(about.min, -2147483648.0);
  about.max = std::min(about.max, 2147483647.0);
  std::int64_t v = value;
  if (const auto* node = find(name, "integer", {}, about, value); node && integer_in(*node, path(name), about, v))
    value = static_cast<int>(v);
}

void Reader::integer(const char* name, std::uint64_t& value, About about) {
  about.min = std::max(about.min, 0.0);
  std::int64_t v = 0;
  if (const auto* node = find(name, "integer", {}, about, value); node && integer_in(*node, path(name), about, v))
    value = static_cast<std::uint64_t>(v);
}

void Reader::flag(const char* name, bool& value, About about) {
  const auto* node = find(name, "boolean", {}, about, value);
  if (!node) return;
  if (node->is_boolean())
    value = *node->value<bool>();
  else
    report(name, "is " + kind_of(*node) + ", must be true or false");
}

void Reader::text(const char* name, std::string& value, About about) {
  if (const auto* node = find(name, "string", {}, about, value)) text_in(*node, path(name), value);
}

std::size_t Reader::word_index(const char* name, const std::vector<std::string>& words, std::size_t chosen,
                               const About& about) {
  const auto* node = find(name, "string", {}, about, chosen < words.size() ? Json(words[chosen]) : Json(), words);
  std::string word;
  if (!node || !text_in(*node, path(name), word)) return chosen;
  const auto found = std::find(words.begin(), words.end(), word);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  report(name, "is \"" + word + "\", must be " + (words.size() > 1 ? "one of " : "") + quoted_list(words));
  return chosen;
}

bool Reader::row(const toml::node& node, const std::string& at, const About& about, double* values, int count,
                 const char* of) {
  const toml::array* array = node.as_array();
  if (!array || array->size() != static_cast<std::size_t>(count)) {
    const std::string is =
        array ? "has " + std::to_string(array->size()) + (array->size() == 1 ? " element" : " elements")
              : "is " + kind_of(node);
    findings_->report(at, is + ", must be " + of + std::to_string(count) + " numbers" + unit_in_brackets(about));
    return false;
  }
  bool good = true;
  for (int i = 0; i < count; ++i) {
    const toml::node& element = (*array)[static_cast<std::size_t>(i)];
    const std::string element_path = at + "[" + std::to_string(i) + "]";
    if (!number_in(element, element_path, about, values[i])) good = false;
  }
  return good;
}

bool Reader::list(const toml::node& node, const std::string& at, const About& about, Count count,
                  std::vector<double>& values) {
  const toml::array* array = node.as_array();
  if (!array || array->size() < static_cast<std::size_t>(count.least) ||
      array->size() > static_cast<std::size_t>(count.most)) {
    const std::string is =
        array ? "has " + std::to_string(array->size()) + (array->size() == 1 ? " element" : " elements")
              : "is " + kind_of(node);
    findings_->report(at, is + ", must be an array of " + range_text(count) + " numbers" + unit_in_brackets(about));
    return false;
  }
  values.assign(array->size(), 0);
  bool good = true;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!number_in((*array)[i], at + "[" + std::to_string(i) + "]", about, values[i])) good = false;
  return good;
}

void Reader::numbers(const char* name, double* values, int count, About about) {
  Json standard = Json::array();
  for (int i = 0; i < count; ++i) standard.push_back(values[i]);
  const auto* node = find(name, "number", {count}, about, std::move(standard));
  if (!node) return;
  std::vector<double> read(static_cast<std::size_t>(count));
  if (row(*node, path(name), about, read.data(), count, "an array of ")) std::copy(read.begin(), read.end(), values);
}

void Reader::matrix(const char* name, double* values, int rows, int columns, About about) {
  const auto* node = find(name, "number", {rows, columns}, about, Json());
  if (!node) return;
  const toml::array* array = node->as_array();
  if (!array || array->size() != static_cast<std::size_t>(rows)) {
    const std::string is = array ? "has " + std::to_string(array->size()) + (array->size() == 1 ? " row" : " rows")
                                 : "is " + kind_of(*node);
    return report(name, is + ", must be " + std::to_string(rows) + " rows of " + std::to_string(columns) + " numbers" +
                            unit_in_brackets(about));
  }
  std::vector<double> read(static_cast<std::size_t>(rows * columns));
  bool good = true;
  for (int i = 0; i < rows; ++i) {
    const toml::node& line = (*array)[static_cast<std::size_t>(i)];
    const std::string at = path(name) + "[" + std::to_string(i) + "]";
    place(at, std::string(name) + "[" + std::to_string(i) + "]", &line);
    if (!row(line, at, about, read.data() + i * columns, columns, "an array of ")) good = false;
  }
  if (good) std::copy(read.begin(), read.end(), values);
}

void Reader::numbers(const char* name, std::vector<double>& values, Count count, About about) {
  const auto* node = find(name, "number", {count.least == count.most ? count.least : -1}, about, values);
  if (!node) return;
  std::vector<double> read;
  if (list(*node, path(name), about, count, read)) values = std::move(read);
}

void Reader::matrix(const char* name, std::vector<std::vector<double>>& values, Count rows, Count columns,
                    About about) {
  const auto* node = find(
      name, "number", {rows.least == rows.most ? rows.least : -1, columns.least == columns.most ? columns.least : -1},
      about, Json());
  if (!node) return;
  const toml::array* array = node->as_array();
  const int n = array ? static_cast<int>(std::min<std::size_t>(array->size(), 1000)) : 0;
  if (!array || n < rows.least || n > rows.most) {
    const std::string is = array ? "has " + std::to_string(array->size()) + (array->size() == 1 ? " row" : " rows")
                                 : "is " + kind_of(*node);
    return report(name, is + ", must be " + range_text(rows) + " rows of " + range_text(columns) + " numbers" +
                            unit_in_brackets(about));
  }
  std::vector<std::vector<double>> read(array->size());
  bool good = true;
  for (std::size_t i = 0; i < read.size(); ++i) {
    const toml::node& line = (*array)[i];
    const std::string in_brackets = "[" + std::to_string(i) + "]", at = path(name) + in_brackets;
    place(at, name + in_brackets, &line);
    if (!list(line, at, about, columns, read[i]))
      good = false;
    else if (columns.least != columns.most)
      columns.least = columns.most = static_cast<int>(read[i].size());
  }
  if (good) values = std::move(read);
}

void Reader::integers(const char* name, std::vector<int>& values, About about) {
  const auto* node = find(name, "integer", {-1}, about, values);
  if (!node) return;
  if (!node->is_array()) return report(name, "is " + kind_of(*node) + ", must be an array of integers");
  std::vector<int> read;
  about.min = std::max(about.min, -2147483648.0);
  about.max = std::min(about.max, 2147483647.0);
  for (const toml::node& element : *node->as_array()) {
    std::int64_t v = 0;
    if (integer_in(element, path(name) + "[" + std::to_string(read.size()) + "]", about, v))
      read.push_back(static_cast<int>(v));
    else
      return;
  }
  values = std::move(read);
}

void Reader::texts(const char* name, std::vector<std::string>& values, About about) {
  const auto* node = find(name, "string", {-1}, about, values);
  if (!node) return;
  if (!node->is_array()) return report(name, "is " + kind_of(*node) + ", must be an array of strings");
  std::vector<std::string> read;
  for (const toml::node& element : *node->as_array()) {
    const std::string at = path(name) + "[" + std::to_string(read.size()) + "]";
    if (!text_in(element, at, read.emplace_back())) return;
  }
  values = std::move(read);
}

void Reader::named(const char* name, std::map<std::string, double>& values, About about) {
  const auto* node = find(name, "number", {}, about, values, {}, true);
  if (!node) return;
  if (!node->is_table()) return report(name, "is " + kind_of(*node) + ", must be a table: name = number");
  for (const auto& [key, element] : *node->as_table()) {
    const std::string at = path(name) + "." + std::string(key.str());
    place(at, std::string(name) + "." + std::string(key.str()), &element);
    double v = 0;
    if (number_in(element, at, about, v)) values[std::string(key.str())] = v;
  }
}

void Reader::named(const char* name, std::map<std::string, int>& values, About about) {
  const auto* node = find(name, "integer", {}, about, values, {}, true);
  if (!node) return;
  if (!node->is_table()) return report(name, "is " + kind_of(*node) + ", must be a table: name = integer");
  about.max = std::min(about.max, 2147483647.0);
  for (const auto& [key, element] : *node->as_table()) {
    const std::string at = path(name) + "." + std::string(key.str());
    place(at, std::string(name) + "." + std::string(key.str()), &element);
    std::int64_t v = 0;
    if (integer_in(element, at, about, v)) values[std::string(key.str())] = static_cast<int>(v);
  }
}

}  // namespace grfd
