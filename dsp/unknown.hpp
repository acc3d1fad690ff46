// The value of what is not known.
#pragma once
#include <limits>

namespace grfd {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace grfd
