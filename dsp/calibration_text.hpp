// What a refused calibration tells the operator.
#pragma once
#include <cstdio>
#include <string>

#include "dsp/segments.hpp"

namespace grfd::calibration_text {

template <class... Values>
std::string say(const char* format, Values... values) {
  char text[200];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

inline const char* advice(AxisVerdict v) {
  switch (v) {
    case AxisVerdict::too_little_motion:
      return "it hardly moved; repeat, larger and for longer";
    case AxisVerdict::low_share:
      return "it turned about more than one axis; repeat, straight forward";
    case AxisVerdict::unsteady:
      return "its axis changed on the way; is it fixed tightly? Repeat";
    case AxisVerdict::not_horizontal:
      return "its axis is not horizontal in standing; is it the right sensor, fixed tightly?";
    default:
      return "";
  }
}

/// NaN ratio: too little movement for a fit.
inline std::string hinge_refused(double ratio, double singular_rad_s, const HingeParams& p) {
  const std::string why = !(ratio >= 0)          ? "there was too little movement for it"
                          : ratio >= p.ratio_max ? say("ratio %.3f, below %.2f is good", ratio, p.ratio_max)
                          : singular_rad_s <= p.singular_min_rad_s
                              ? "the leg hardly turned about other axes"
                              : "it is not horizontal, or far from the axis of the heel raises";
  return "the hinge fit of its ankle was refused (" + why +
         "): its axis is that of the heel raises, which the oblique line of the toes turns";
}

}  // namespace grfd::calibration_text
