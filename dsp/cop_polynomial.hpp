// The maker's correction of the centre of pressure of a piezoelectric plate (FPCOPPOLY).
#pragma once
#include <optional>

#include "dsp/wrench.hpp"

namespace grfd {

/// With x and y in mm from the centre of the surface, plate axes, p and q the coefficients of x and y:
///   dx = (p0 y^4 + p1 y^2 + p2) x^3 + (p3 y^4 + p4 y^2 + p5) x    dy = (q0 x^4 + q1 x^2 + q2) y^3 + (q3 x^4 + q4 x^2 +
///   q5) y
/// and x - dx, y - dy is the centre of pressure; dx and dy are both of the uncorrected x and y. Odd in its own axis and
/// even in the other: where z points does not matter, but which axis is x does.
std::array<double, 2> cop_correction_mm(const CopPolynomial& polynomial, double x_mm, double y_mm) noexcept;

/// Of one plate in the lab. Immutable.
class CopCorrection {
 public:
  /// Nothing when its polynomial is off. @throws std::invalid_argument when its corners span no plate
  static std::optional<CopCorrection> of(const PlateSettings& plate);
  /// A ground reaction about the lab origin, its horizontal moments moved so that its centre of pressure on the plate
  /// is the corrected one; forces and vertical moment stay. Beyond the edge of the plate the correction is that of the
  /// edge.
  Wrench6 apply(const Wrench6& lab) const noexcept;

 private:
  CopPolynomial polynomial_;
  PlatePose pose_{};
  std::array<double, 2> half_mm_{};
};

}  // namespace grfd
