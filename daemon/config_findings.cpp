// Where keys stand and what is wrong with them.
#include <algorithm>
#include <cstdio>
#include <numeric>

#include "daemon/config_reader.hpp"

namespace grfd {

namespace {
std::string parent(const std::string& path) {
  const std::size_t cut = path.find_last_of(".[");
  return cut == std::string::npos ? std::string() : path.substr(0, cut);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}
constexpr char kCommandLine[] = "--set";
}  // namespace

std::string number_text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.12g", value);
  return buffer;
}

std::string quoted_list(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& w : words) out += (out.empty() ? "\"" : ", \"") + w + "\"";
  return out;
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& words) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& w : words) {
    const bool cut =
        word.size() > 2 && (w.starts_with(word) || (w.size() > 2 && word.starts_with(w)));  // rate for rate_hz
    const std::size_t d = cut ? 1 : edit_distance(word, w);
    if (d < least && d < word.size()) {
      least = d;
      best = w;
    }
  }
  return best;
}

void Findings::place(const std::string& path, const std::string& file, int line, const std::string& shown) {
  places_[path] = {file, line, shown};
  file_index(file);
}

void Findings::set_by(const std::string& path, const std::string& key, const std::string& raw) {
  std::erase_if(sets_,
                [&](const auto& s) { return s.first.starts_with(path + ".") || s.first.starts_with(path + "["); });
  sets_[path] = {key, raw, true};
}

void Findings::made_by(const std::string& path, const std::string& key) { sets_[path] = {key, "", false}; }

const std::string* Findings::raw(const std::string& path) const {
  const auto found = sets_.find(path);
  return found == sets_.end() ? nullptr : &found->second.raw;
}

const std::pair<const std::string, Findings::Set>* Findings::set_of(std::string path) const {
  for (; !path.empty(); path = parent(path))
    if (const auto found = sets_.find(path); found != sets_.end()) return &*found;
  return nullptr;
}

std::size_t Findings::file_index(const std::string& file) {
  const auto found = std::find(files_.begin(), files_.end(), file);
  if (found == files_.end()) files_.push_back(file);
  return static_cast<std::size_t>(found - files_.begin());
}

void Findings::report(const std::string& path, const std::string& what) {
  std::string whole = path;  // an element's error is also an error of its array
  if (reading_) wrong_.insert(whole);
  while (reading_ && whole.ends_with(']')) wrong_.insert(whole = parent(whole));
  errors_.push_back(located(path, what));
}

Findings::Error Findings::located(const std::string& path, const std::string& what) {
  std::string placed = path;
  while (!placed.empty() && !places_.contains(placed)) placed = parent(placed);
  const auto found = places_.find(placed);
  const Place place = found == places_.end() ? Place{} : found->second;
  const std::string shown = place.shown + path.substr(placed.size());
  if (const auto* set = set_of(path)) {
    const std::string key = set->first == path && set->second.whole ? "" : shown + ": ";
    return {std::numeric_limits<std::size_t>::max(), 0,
            std::string(kCommandLine) + " " + set->second.key + ": " + key + what};
  }
  return {file_index(place.file), place.line,
          place.file + ":" + std::to_string(std::max(place.line, 1)) + ": " + shown + ": " + what};
}

void Findings::report_set(const std::string& key, const std::string& what) {
  errors_.push_back({std::numeric_limits<std::size_t>::max(), 0, std::string(kCommandLine) + " " + key + ": " + what});
}

void Findings::report_file(const std::string& file, int line, const std::string& what) {
  errors_.push_back({file_index(file), line, file + ":" + std::to_string(line) + ": " + what});
}

std::string Findings::text() const {
  std::vector<Error> sorted = errors_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Error& a, const Error& b) { return a.file != b.file ? a.file < b.file : a.line < b.line; });
  std::vector<std::string> lines;
  for (Error& e : sorted)
    if (std::find(lines.begin(), lines.end(), e.text) == lines.end()) lines.push_back(std::move(e.text));
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

}  // namespace grfd
