// Golden vectors and small tools shared by the tests of the core mathematics.
#pragma once
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace grfd_test {

inline nlohmann::json vectors(const std::string& name) {
  std::ifstream in(std::string(GRFD_FIXTURES) + "/" + name);
  if (!in) throw std::runtime_error("no fixture " + name);
  return nlohmann::json::parse(in);
}

template <class A, class B>
double worst(const A& a, const B& b, std::size_t n) {
  double w = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double d = std::abs(double(a[i]) - double(b[i]));
    if (!(d <= w)) w = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
  }
  return w;
}

/// The same numbers on every platform: splitmix64 with Box-Muller and inversion.
class Random {
 public:
  explicit Random(std::uint64_t seed) : s_(seed) {}
  double uniform() {  // [0, 1)
    std::uint64_t z = (s_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return double((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }
  double uniform(double a, double b) { return a + (b - a) * uniform(); }
  double exponential(double mean) { return -mean * std::log(1 - uniform()); }
  double normal() { return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(6.283185307179586 * uniform()); }

 private:
  std::uint64_t s_;
};

}  // namespace grfd_test
