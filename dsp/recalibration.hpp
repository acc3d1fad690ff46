// Re-calibration of a plate where it stands: its correction. How known loads give it: recalibration_fit.hpp.
// Cedraro, Cappello, Chiari: W_true = (C0 + Cx x + Cy y) W_measured.
#pragma once
#include <string>

#include "dsp/wrench.hpp"

namespace grfd {

/// Empty, or what is wrong with it: a value that is not finite, a diagonal beyond 0.5 to 2 or, of those per metre,
/// beyond 1 (a correction is near 1; anything else is a wrong gain, unit or sense and belongs elsewhere), no inverse.
std::string recalibration_error(const Recalibration& r);
/// The same; also a load on the surface that it makes less than half or more than twice as large, whose centre of
/// pressure it moves by more than 50 mm, or whose Fx, Fy or Mz it changes by more than half its weight, or by its
/// weight at 50 mm: moments in other units than N.m do that.
/// @param half_m half the length of the plate along its x and y
std::string recalibration_error(const Recalibration& r, const std::array<double, 2>& half_m);
/// Both matrices and their frame, for the parameters of a stream.
std::string recalibration_text(const Recalibration& r);
/// As the keys of a calibration file, a line for each row; 9 digits.
std::string recalibration_toml(const Recalibration& r);

/// Immutable. The place is held within the plate, so that noise of an empty one is not blown up.
class PlateCorrection {
 public:
  PlateCorrection() = default;
  /// @param half_m half the length of the plate along its x and y
  /// @throws std::invalid_argument as recalibration_error says
  PlateCorrection(const Recalibration& r, const std::array<double, 2>& half_m);
  bool changes() const noexcept { return changes_; }
  bool varies() const noexcept { return varies_; }
  /// Wrench about the centre of the plate's own surface, plate axes, as measured -> true.
  Wrench6 apply(const Wrench6& measured) const noexcept;
  /// The inverse; exact to 1e-12 of the wrench while the parts that vary change it by less than a tenth.
  Wrench6 undo(const Wrench6& corrected) const noexcept;

 private:
  Recalibration r_;
  Mat6 inverse_ = Recalibration{}.uniform;
  std::array<double, 2> half_m_{};
  bool changes_ = false, varies_ = false;
};

}  // namespace grfd
