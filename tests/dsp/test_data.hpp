// Real recordings, found through GRFD_TEST_DATA (default: shared/data beside the project).
#pragma once
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace grfd::test_data {

/// Empty, with a message, if the set is not there.
inline std::filesystem::path set(const std::string& name) {
  const char* env = std::getenv("GRFD_TEST_DATA");
  const std::filesystem::path root =
      env ? std::filesystem::path(env) : std::filesystem::path(GRFD_SOURCE) / "../shared/data";
  if (std::filesystem::is_directory(root / name)) return root / name;
  std::cout << "skipped: no " << (root / name).string() << " (set GRFD_TEST_DATA)\n";
  return {};
}

/// Lines of a text file, gzipped or not.
inline std::vector<std::string> lines(const std::filesystem::path& file) {
  gzFile in = gzopen(file.c_str(), "rb");
  if (!in) throw std::runtime_error("cannot read " + file.string());
  std::vector<std::string> out(1);
  char buffer[65536];
  for (int n; (n = gzread(in, buffer, sizeof buffer)) > 0;)
    for (int i = 0; i < n; ++i) {
      if (buffer[i] == '\n')
        out.emplace_back();
      else if (buffer[i] != '\r')
        out.back() += buffer[i];
    }
  gzclose(in);
  if (out.back().empty()) out.pop_back();
  return out;
}

/// Numbers of a comma-separated line; "nan" and "" are NaN.
inline std::vector<double> numbers(const std::string& line) {
  std::vector<double> out;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find(',', at), line.size());
    out.push_back(end == at ? std::strtod("nan", nullptr) : std::strtod(line.c_str() + at, nullptr));
    at = end + 1;
  }
  return out;
}

}  // namespace grfd::test_data
