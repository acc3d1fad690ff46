// Offline functions work on each stretch of known samples by itself.
#pragma once
#include <cmath>
#include <cstddef>
#include <span>

namespace grfd {

/// Calls `each(begin, end)` for every longest run of finite samples.
template <class Each>
void known_stretches(std::span<const double> x, Each each) {
  for (std::size_t begin = 0, end = 0; begin < x.size(); begin = end + 1) {
    end = begin;
    while (end < x.size() && std::isfinite(x[end])) ++end;
    if (end > begin) each(begin, end);
  }
}

}  // namespace grfd
