// Re-calibration of a plate where it stands: its correction, and how known loads at known places give it.
// Cedraro, Cappello, Chiari: W_true = (C0 + Cx x + Cy y) W_measured, least squares over the places.
#pragma once
#include <span>
#include <string>

#include "dsp/wrench.hpp"

namespace grfd {

/// Empty, or what is wrong with it: a value that is not finite, a diagonal beyond 0.5 to 2 or, of those per metre,
/// beyond 1 (a correction is near 1; anything else is a wrong gain, unit or sense and belongs elsewhere), no inverse.
std::string recalibration_error(const Recalibration& r);
/// Both matrices and their frame, for the parameters of a stream.
std::string recalibration_text(const Recalibration& r);
/// As the keys of a calibration file, a line for each row; 9 digits.
std::string recalibration_toml(const Recalibration& r);

/// Immutable. The place is held within the plate, so that noise of an empty one is not blown up.
class PlateCorrection {
 public:
  PlateCorrection() = default;
  /// @param half_m half the length of the plate along its x and y
  /// @throws std::invalid_argument as recalibration_error says, or when it cannot be undone
  PlateCorrection(const Recalibration& r, const std::array<double, 2>& half_m);
  bool changes() const noexcept { return changes_; }
  bool varies() const noexcept { return varies_; }
  /// Wrench about the centre of the plate's own surface, plate axes, as measured -> true.
  Wrench6 apply(const Wrench6& measured) const noexcept;
  /// The inverse; exact to 1e-12 of the wrench while the parts that vary change it by less than a tenth.
  Wrench6 undo(const Wrench6& corrected) const noexcept;

 private:
  Wrench6 varying(const Wrench6& measured) const noexcept;
  Recalibration r_;
  Mat6 inverse_ = Recalibration{}.uniform;
  std::array<double, 2> half_m_{};
  bool changes_ = false, varies_ = false;
};

/// Half the length along x and y of a plate with these corners, m.
std::array<double, 2> half_size(const std::array<Vec3, 4>& corners_m) noexcept;

/// One known load; both about the centre of the plate's own surface, plate axes, its own sense, measured without any
/// correction.
struct LoadSite {
  Wrench6 truth, measured;
};

struct RecalibrationFit {
  Recalibration recalibration;
  std::size_t sites = 0;
  Wrench6 rms_before{}, rms_after{};                 ///< of measured - truth, and of corrected - truth: N, N.m
  double cop_rms_before_m = 0, cop_rms_after_m = 0;  ///< of the distance; NaN when a site has no vertical force
  Mat6 standard_error{};  ///< of `uniform`; 0 where it is not fitted, NaN without a spare site
  double condition = 0;   ///< of the loads, each component scaled to 1
};
using FittedComponents = std::array<bool, 6>;
inline constexpr FittedComponents kVerticalLoads{false, false, true, true, true, false};  ///< what masses can load
inline constexpr FittedComponents kAllLoads{true, true, true, true, true, true};

/// C = W_true W_meas^T (W_meas W_meas^T)^-1, of the chosen components; the other rows and columns stay as they are.
/// `by_place`: also the matrices per metre. On the surface x Fz = -My and y Fz = Mx, so the columns x Fz, y Fz and y My
/// (x Mx = -y My) say nothing new and stay 0.
/// @throws std::invalid_argument: less than 5 sites, or fewer than two more than unknowns of a row when by_place; a
/// component that nothing loads; loads that always go together (condition above 30): both are named; a result that
/// recalibration_error refuses
RecalibrationFit fit_recalibration(std::span<const LoadSite> sites, const FittedComponents& components, bool by_place);

}  // namespace grfd
