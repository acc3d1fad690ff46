// Standard gravity: what accelerometers count in, and what turns a mass into a weight.
#pragma once

namespace grfd {

inline constexpr double kStandardGravity_m_s2 = 9.80665;

}  // namespace grfd
