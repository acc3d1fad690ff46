// How masses at known places give the recalibration of a plate: least squares over the places.
#pragma once
#include <span>

#include "dsp/recalibration.hpp"

namespace grfd {

/// One known load; both about the centre of the plate's own surface, plate axes, its own sense, measured without any
/// correction.
struct LoadSite {
  Wrench6 truth, measured;
};

struct RecalibrationFit {
  Recalibration recalibration;
  std::size_t sites = 0;
  Wrench6 rms_before{}, rms_after{};                 ///< of measured - truth, and of corrected - truth: N, N.m
  double cop_rms_before_m = 0, cop_rms_after_m = 0;  ///< of the distance
  std::size_t worst = 0;                             ///< site that disagrees most with what the others say
  double worst_cop_m = 0;                            ///< how far off its centre of pressure is, corrected
  Mat6 standard_error{};  ///< of `uniform`; 0 where it is not fitted, NaN without a spare site
};

/// C = W_true W_meas^T (W_meas W_meas^T)^-1 of what masses can load, Fz, Mx and My; the other rows and columns stay as
/// they are. `by_place`: also the matrices per metre. On the surface x Fz = -My and y Fz = Mx, so the columns x Fz,
/// y Fz and y My (x Mx = -y My) say nothing new and stay 0.
/// @param sites loads with a weight  @param half_m half the length of the plate along its x and y
/// @throws std::invalid_argument: less than 5 sites, or less than 8 when by_place; a component that nothing loads;
/// loads that always go together (condition above 30): both are named; a result that recalibration_error refuses
RecalibrationFit fit_recalibration(std::span<const LoadSite> sites, const std::array<double, 2>& half_m, bool by_place);

}  // namespace grfd
