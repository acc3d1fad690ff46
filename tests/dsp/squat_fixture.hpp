// Stored inputs and answers of the squat tests (make_squat_cases.py, make_squat_loads.py, make_squat_posture.py).
#pragma once
#include <zlib.h>

#include <boost/test/unit_test.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "squat_feed.hpp"

namespace grfd::test {

using nlohmann::json;

inline json read_gz(const std::string& name) {
  const std::string path = std::string(GRFD_FIXTURES) + "/" + name;
  gzFile f = gzopen(path.c_str(), "rb");
  BOOST_REQUIRE_MESSAGE(f != nullptr, "cannot open " << path);
  std::string text;
  char buffer[1 << 16];
  for (int n; (n = gzread(f, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  gzclose(f);
  return json::parse(text);
}

inline Course unpack(const json& stored, double scale, int step, std::size_t n) {
  if (!stored.is_array()) return Course(n, stored.get<double>() * scale);
  Course out;
  std::int64_t count = stored[0];
  double a = static_cast<double>(count) * scale;
  for (std::size_t k = 1; k < stored.size(); ++k) {
    count += stored[k].get<std::int64_t>();
    const double b = static_cast<double>(count) * scale;
    for (int j = 0; j < step; ++j) out.push_back((a * (step - j) + b * j) / step);
    a = b;
  }
  out.push_back(a);
  BOOST_REQUIRE_EQUAL(out.size(), n);
  return out;
}

inline double number(const json& o, const std::string& key) {
  const auto it = o.find(key);
  return it == o.end() || !it->is_number() ? unknown : it->get<double>();
}

/// Largest differences by metric; a value that is known on one side only counts as infinite.
struct Table {
  std::map<std::string, std::pair<double, int>> worst;
  std::string where;
  void add(const std::string& metric, double got, double want, double tolerance) {
    const double e = std::isnan(got) && std::isnan(want) ? 0 : std::abs(got - want);
    BOOST_CHECK_MESSAGE(e <= tolerance, where << ": " << metric << " got " << got << ", reference " << want);
    auto& [most, n] = worst[metric];
    most = std::max(most, std::isnan(e) ? INFINITY : e);
    n += !std::isnan(want);
  }
};

}  // namespace grfd::test
