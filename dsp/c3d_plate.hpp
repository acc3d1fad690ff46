// How C3D files write force platforms; only importers need this. Native configurations never flip anything.
#pragma once
#include "dsp/wrench.hpp"

namespace grfd {

struct C3dOrigin {
  Vec3 o{};              ///< sensor origin -> centre of the contact surface, plate axes (m)
  double a = 0, b = 0;   ///< TYPE 3: half distances of the sensors (m)
  bool flipped = false;  ///< the file wrote it the other way round (z > 0): warn
};
/// ORIGIN (m) of FORCE_PLATFORM TYPE 1 to 5. With z > 0 types 2, 4, 5 negate all three components and type 3 only z:
/// there x and y are sensor distances. @throws std::invalid_argument for other types
C3dOrigin c3d_origin(int type, const Vec3& origin_m);

/// TYPE 1, channels Fx Fy Fz (N) Px Py (m) Tz (N.m): wrench about the surface centre.
Wrench6 type1_wrench(const std::array<double, 6>& channels) noexcept;

using Mat6x8 = std::array<std::array<double, 8>, 6>;  ///< rows
/// TYPE 3 (Kistler), [fx12 fx34 fy14 fy23 fz1 fz2 fz3 fz4] (N) with sensors 1(+a,+b) 2(-a,+b) 3(-a,-b) 4(+a,-b): wrench
/// about the centre of the sensor plane.
Mat6x8 kistler_matrix(double a_m, double b_m) noexcept;
Wrench6 product(const Mat6x8& m, const std::array<double, 8>& channels) noexcept;

}  // namespace grfd
