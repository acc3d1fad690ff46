// What the tests of the stimuli share.
#pragma once
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "schemas/settings.hpp"

namespace grfd::test {

/// JSON as Python writes it: NaN is no JSON and becomes null.
inline nlohmann::json fixture(const std::string& name) {
  std::ifstream f(std::string(GRFD_FIXTURES) + "/" + name);
  std::stringstream all;
  all << f.rdbuf();
  std::string s = all.str();
  for (std::size_t at = 0; (at = s.find(": NaN", at)) != std::string::npos;) s.replace(at, 5, ": null");
  return nlohmann::json::parse(s);
}

/// Folder of the real recordings, or empty.
inline std::filesystem::path data_folder() {
  const char* set = std::getenv("GRFD_TEST_DATA");
  const std::filesystem::path p =
      set ? std::filesystem::path(set) : std::filesystem::path(GRFD_SOURCE) / ".." / "shared" / "data";
  return std::filesystem::is_directory(p) ? p : std::filesystem::path();
}

/// Columns of a plain or gzipped CSV with a header line; "nan" becomes NaN.
struct Table {
  std::vector<std::string> names;
  std::vector<std::vector<double>> rows;
  std::size_t column(const std::string& name) const {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == name) return i;
    throw std::out_of_range("no column " + name);
  }
};
inline Table read_table(const std::filesystem::path& path) {
  gzFile f = gzopen(path.c_str(), "rb");
  if (!f) throw std::runtime_error("cannot open " + path.string());
  std::string text;
  char buffer[1 << 16];
  for (int n; (n = gzread(f, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  gzclose(f);
  Table t;
  std::istringstream in(text);
  std::string line, cell;
  std::getline(in, line);
  for (std::istringstream s(line); std::getline(s, cell, ',');) t.names.push_back(cell);
  while (std::getline(in, line)) {
    std::vector<double>& row = t.rows.emplace_back();
    for (const char* p = line.c_str(); *p;) {
      char* end;
      row.push_back(std::strtod(p, &end));
      p = *end == ',' ? end + 1 : end;
      if (end == line.c_str()) break;
    }
  }
  return t;
}

inline PlateSettings rectangle_plate(const std::string& name, Side side, double x, double y, bool z_up) {
  PlateSettings p;
  p.name = name;
  p.side = side;
  const double hx = 0.25, hy = z_up ? 0.3 : -0.3;  // z down: plate y points backwards
  p.corners_m = {{{x + hx, y + hy, 0}, {x - hx, y + hy, 0}, {x - hx, y - hy, 0}, {x + hx, y - hy, 0}}};
  return p;
}

}  // namespace grfd::test
