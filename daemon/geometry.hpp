// Geometry of the rig that the configuration needs: mountings, plate corners, and whether a matrix can be inverted.
#pragma once
#include <string>

#include "schemas/settings.hpp"

namespace grfd {

double dot(const Vec3& a, const Vec3& b);
Vec3 cross(const Vec3& a, const Vec3& b);

/// Rz(zyx[0]) Ry(zyx[1]) Rx(zyx[2]), angles in degrees.
Mat3 rotation_zyx_deg(const Vec3& zyx);

/// A level plate, as people describe one.
struct FlatPlate {
  Vec3 center_m{};                    ///< of the top surface, lab
  double size_x_m = 0, size_y_m = 0;  ///< along the plate's own axes
  double turn_deg = 0;                ///< from the lab's X to the plate's x, counter-clockwise from above
  bool z_down = false;
};
/// In the order (+x,+y) (-x,+y) (-x,-y) (+x,-y) of the plate's axes.
std::array<Vec3, 4> corners(const FlatPlate& plate);

/// The plate's z axis in the lab (unit length) from its corners (science reference 1.5).
Vec3 plate_z(const std::array<Vec3, 4>& corners_m);
/// How deep two plates reach into each other, seen from above; 0: they do not.
double overlap_m(const std::array<Vec3, 4>& a, const std::array<Vec3, 4>& b);
/// How far a point of the lab's floor lies outside of a plate, seen from above; 0: inside.
double outside_m(const std::array<Vec3, 4>& corners_m, double x, double y);
Vec3 centre(const std::array<Vec3, 4>& corners_m);
/// What is wrong with a survey: opposite edges that differ by more than 3 mm, corners more than 2 mm off one plane,
/// edges shorter than 50 mm. Empty when it is good.
std::string survey_error(const std::array<Vec3, 4>& corners_m);

/// Smallest pivot of the sensitivity matrix, after rows and columns have been scaled to the full-scale signal: 1
/// without crosstalk, 0 when it cannot be inverted.
double smallest_pivot(const PlateCalibration& calibration);

}  // namespace grfd
