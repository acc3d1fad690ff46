// From lab truth to what a plate's transducer feels, and back.
#pragma once
#include "drivers/emulation/stimulus.hpp"

namespace grfd {

/// Pose from the four corners (their mean, edges averaged) and the sensor depth with the pad; corners describe the
/// surface the foot touches.
/// @throws std::invalid_argument when the corners span no rectangle (edges that differ by > 3 mm, > 2 mm off the plane)
PlateGeometry plate_geometry(const PlateSettings& plate);

/// Ground reaction about the surface centre in lab axes -> wrench about the sensor's origin, in plate axes and in the
/// plate's own sense.
Wrench to_sensor(const PlateGeometry& g, const Wrench& surface_lab);
/// The inverse of to_sensor.
Wrench to_surface(const PlateGeometry& g, const Wrench& sensor);

/// The same forces about another point: M' = M + offset x F, offset = old point - new point. Axes do not change.
Wrench moved(const Wrench& w, const Vec3& offset);

inline Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

}  // namespace grfd
