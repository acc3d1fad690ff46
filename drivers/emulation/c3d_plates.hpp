// The force plates of a C3D file, as wrenches at their sensors.
#pragma once
#include "drivers/emulation/c3d.hpp"
#include "drivers/emulation/stimulus.hpp"

namespace grfd {

struct C3dPlate {
  int type = 0;
  std::array<Vec3, 4> corners_m{};  ///< lab of the file; order (+x,+y) (-x,+y) (-x,-y) (+x,-y)
  Vec3 origin_m{};                  ///< sensor origin -> surface centre, plate axes, by the rules of the plate's TYPE
  std::vector<Wrench> sensor;       ///< about the sensor origin, plate axes, N and N.m, as the file has it
};

struct C3dPlates {
  double rate_hz = 0;
  std::vector<C3dPlate> plates;
  std::vector<std::string> warnings;  ///< what was decided where the file leaves room
};

/// FORCE_PLATFORM of TYPE 1 to 5.
///   1  Fx Fy Fz Px Py Tz: moments about the surface centre, ORIGIN not used
///   2  Fx..Mz at the sensor
///   3  eight piezo forces; ORIGIN = (a, b, depth): sensors at (+-a, +-b), moments about the middle of their plane
///   4  2 with CAL_MATRIX (6x6), 5 with CAL_MATRIX (6x8): load = C v
/// ORIGIN with z > 0 points the other way: 2, 4, 5 negate all three, 3 its z only. FORCE_PLATFORM:ZERO is not applied.
/// @throws C3dError, for other types too
C3dPlates read_c3d_plates(const C3dFile& file);

}  // namespace grfd
