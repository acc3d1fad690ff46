// Wrenches and what follows from them: moving the point, the lab frame, the centre of pressure and its uncertainty.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "schemas/settings.hpp"

namespace grfd {

using Wrench6 = Components;  ///< Fx Fy Fz (N) Mx My Mz (N.m); the point is stated where it is used
inline constexpr std::size_t kFx = 0, kFy = 1, kFz = 2, kMx = 3, kMy = 4, kMz = 5;
inline constexpr const char* kComponentNames[6] = {"Fx", "Fy", "Fz", "Mx", "My", "Mz"};
using Mat6 = std::array<std::array<double, 6>, 6>;  ///< rows

/// Same axes, moments about the point `o` (m, from the old point): M - o x F.
Wrench6 shift(const Wrench6& w, const Vec3& o) noexcept;

/// Plate wrench about the surface centre -> ground reaction on the subject about the lab origin.
/// `rotation`: columns = plate axes in the lab; `center`: surface centre in the lab (m).
Wrench6 to_lab(const Wrench6& w, const Mat3& rotation, const Vec3& center, Sense sense) noexcept;
/// Inverse of shift(., origin) followed by to_lab: what the sensor feels, in plate axes and in the plate's own sense.
Wrench6 from_lab(const Wrench6& lab, const Mat3& rotation, const Vec3& center, const Vec3& origin,
                 Sense sense) noexcept;

struct PressurePoint {
  double x, y;  ///< m
  double tz;    ///< free moment there, N.m
};
/// Centre of pressure on the plane z = z0 of the frame and point in which `w` is given. Not finite when Fz = 0: the
/// caller decides by force whether a centre of pressure exists (contact.hpp).
PressurePoint center_of_pressure(const Wrench6& w, double z0 = 0) noexcept;

struct PressureSigma {
  double x, y;  ///< m, one standard deviation
};
/// First-order uncertainty of center_of_pressure(w, z0) for the covariance of `w` (same frame and point).
PressureSigma cop_sigma(const Wrench6& w, double z0, const Mat6& covariance) noexcept;
/// The same, where center_of_pressure(w, z0) is at hand.
PressureSigma cop_sigma(const PressurePoint& p, const Wrench6& w, double z0, const Mat6& covariance) noexcept;
/// The same for independent channels with the given standard deviations.
PressureSigma cop_sigma(const Wrench6& w, double z0, const Wrench6& sd) noexcept;

struct PlatePose {
  Mat3 rotation;         ///< rows; columns are the plate axes in the lab
  Vec3 center;           ///< mean of the corners
  double off_plane_m;    ///< largest distance of a corner from the plane
  double edge_misfit_m;  ///< largest difference between opposite edges
  /// A survey is not exact: above 1 mm it is told (rig_warnings), above 2 mm off the plane or 3 mm between opposite
  /// edges refused.
  bool acceptable() const noexcept { return off_plane_m <= 0.002 && edge_misfit_m <= 0.003; }
  bool doubtful() const noexcept { return off_plane_m > 0.001 || edge_misfit_m > 0.001; }
};
/// Corners (+x,+y) (-x,+y) (-x,-y) (+x,-y) of the contact surface in the lab.
/// @throws std::invalid_argument when they span no plane.
PlatePose pose_from_corners(const std::array<Vec3, 4>& corners_m);
/// Half the length along x and y of a plate with these corners, m.
std::array<double, 2> half_size(const std::array<Vec3, 4>& corners_m) noexcept;

/// @throws std::invalid_argument when the matrix is singular or not finite.
Mat6 inverse(const Mat6& m);
/// The least-squares inverse (S^T S)^-1 S^T of the n x 6 matrix with these rows, n >= 6, transposed: entry i is its
/// column i.
/// @throws std::invalid_argument when the rows do not span six dimensions or are not finite.
std::vector<Wrench6> left_inverse(std::span<const Wrench6> rows);
/// Row by row: the whole at once takes a string instruction, which is slow to start.
inline void assign(Mat6& to, const Mat6& from) noexcept {
  for (std::size_t i = 0; i < 6; ++i) to[i] = from[i];
}
/// `sum` may be `a`.
inline void add(Mat6& sum, const Mat6& a, const Mat6& b) noexcept {
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 6; ++j) sum[i][j] = a[i][j] + b[i][j];
}
/// covariance of A w when w has `covariance`
Mat6 propagate(const Mat6& a, const Mat6& covariance) noexcept;

inline Wrench6 product(const Mat6& m, const Wrench6& w) noexcept {
  Wrench6 r{};
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 6; ++j) r[i] += m[i][j] * w[j];
  return r;
}

}  // namespace grfd
