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

}  // namespace grfd::calibration_text
