#include "dsp/c3d_plate.hpp"

#include <cmath>
#include <stdexcept>
#include <string>

namespace grfd {

C3dOrigin c3d_origin(int type, const Vec3& origin) {
  C3dOrigin r;
  if (type == 1) return r;  // the file gives the CoP on the surface
  r.flipped = origin[2] > 0;
  if (type == 3) {
    r.o = {0, 0, -std::abs(origin[2])};
    r.a = origin[0];
    r.b = origin[1];
  } else if (type == 2 || type == 4 || type == 5) {
    const double s = r.flipped ? -1 : 1;
    r.o = {s * origin[0], s * origin[1], s * origin[2]};
  } else {
    throw std::invalid_argument("force platform TYPE-" + std::to_string(type) + " is not supported (1 to 5 are)");
  }
  return r;
}

Wrench6 type1_wrench(const std::array<double, 6>& c) noexcept {
  const auto [fx, fy, fz, px, py, tz] = c;
  return {fx, fy, fz, py * fz, -px * fz, tz + px * fy - py * fx};
}

Mat6x8 kistler_matrix(double a, double b) noexcept {
  return {{{1, 1, 0, 0, 0, 0, 0, 0},
           {0, 0, 1, 1, 0, 0, 0, 0},
           {0, 0, 0, 0, 1, 1, 1, 1},
           {0, 0, 0, 0, b, b, -b, -b},
           {0, 0, 0, 0, -a, a, a, -a},
           {-b, b, a, -a, 0, 0, 0, 0}}};
}

Wrench6 product(const Mat6x8& m, const std::array<double, 8>& channels) noexcept {
  Wrench6 w{};
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 8; ++j) w[i] += m[i][j] * channels[j];
  return w;
}

}  // namespace grfd
