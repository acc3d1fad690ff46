#include "dsp/recalibration.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace grfd {
namespace {

constexpr double kLeastGain = 0.5, kMostGain = 2, kMostMoved_m = 0.05, kMostSideways = 0.5;  // of 1 N

std::array<double, 2> place(const Wrench6& w) noexcept {
  if (w[kFz] == 0) return {};
  return {-w[kMy] / w[kFz], w[kMx] / w[kFz]};
}

std::string rows_text(const std::array<Components, 6>& m, const char* between, const char* digits) {
  std::string out;
  for (std::size_t i = 0; i < 6; ++i) {
    out += i == 0 ? "[" : between;
    for (std::size_t j = 0; j < 6; ++j) {
      char text[40];
      std::snprintf(text, sizeof text, digits, m[i][j]);
      out += std::string(j == 0 ? "[" : ", ") + text;
    }
    out += "]";
  }
  return out + "]";
}

/// What the parts that vary add.
Wrench6 varying(const Recalibration& r, const std::array<double, 2>& half_m, const Wrench6& w) noexcept {
  auto [x, y] = place(w);
  x = std::clamp(x, -half_m[0], half_m[0]);
  y = std::clamp(y, -half_m[1], half_m[1]);
  Wrench6 out{};
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 6; ++j) out[i] += (r.x_per_m[i][j] * x + r.y_per_m[i][j] * y) * w[j];
  return out;
}

/// Empty, or what is wrong with what it makes of this load of 1 N on the surface.
std::string error_at(const Recalibration& r, const std::array<double, 2>& half_m, const Wrench6& load) {
  Wrench6 w = product(r.uniform, load);
  const Wrench6 more = varying(r, half_m, load);
  for (std::size_t i = 0; i < 6; ++i) w[i] += more[i];
  const auto [x, y] = place(load);
  char where[60], text[200];
  std::snprintf(where, sizeof where, "of a load at x %.0f mm, y %.0f mm", 1e3 * x, 1e3 * y);
  if (!(w[kFz] >= kLeastGain && w[kFz] <= kMostGain)) {
    std::snprintf(text, sizeof text, "makes Fz %s %.4g times as large, must be %g to %g", where, w[kFz], kLeastGain,
                  kMostGain);
    return text;
  }
  const double moved_m = std::hypot(place(w)[0] - x, place(w)[1] - y);
  if (!(moved_m <= kMostMoved_m)) {
    std::snprintf(text, sizeof text, "moves the point %s by %.3g mm, must be at most %g mm", where, 1e3 * moved_m,
                  1e3 * kMostMoved_m);
    return text;
  }
  for (const std::size_t i : {kFx, kFy, kMz}) {
    const double most = i == kMz ? kMostMoved_m : kMostSideways, change = w[i] - load[i];
    if (std::abs(change) <= most) continue;
    std::snprintf(text, sizeof text, "changes %s %s by %.3g %s per N of its weight, must be at most %g",
                  kComponentNames[i], where, change, i == kMz ? "N.m" : "N", most);
    return text;
  }
  return {};
}

}  // namespace

std::string recalibration_error(const Recalibration& r) {
  for (const auto* m : {&r.uniform, &r.x_per_m, &r.y_per_m})
    for (const Components& row : *m)
      for (const double v : row)
        if (!std::isfinite(v)) return "has an element that is not finite";
  for (std::size_t i = 0; i < 6; ++i)
    if (!(r.uniform[i][i] >= kLeastGain && r.uniform[i][i] <= kMostGain)) {
      char text[200];
      std::snprintf(text, sizeof text,
                    "makes %s %.4g times as large, must be 0.5 to 2: it corrects a calibration; a wrong gain, unit or "
                    "sense is to be mended where it stands",
                    kComponentNames[i], r.uniform[i][i]);
      return text;
    }
  for (const auto* m : {&r.x_per_m, &r.y_per_m})
    for (std::size_t i = 0; i < 6; ++i)
      if (!(std::abs((*m)[i][i]) <= 1)) {
        char text[120];
        std::snprintf(text, sizeof text, "changes %s by %.3g of itself per metre, must be at most 1",
                      kComponentNames[i], (*m)[i][i]);
        return text;
      }
  try {
    inverse(r.uniform);
  } catch (const std::invalid_argument&) { return "cannot be inverted: one row is a combination of the others"; }
  return {};
}

std::string recalibration_error(const Recalibration& r, const std::array<double, 2>& half_m) {
  if (std::string error = recalibration_error(r); !error.empty()) return error;
  constexpr int kSteps = 10;         // from the centre to an edge
  constexpr double kSideways = 0.1;  // of the weight, as a foot pushes; it also turns
  constexpr double kSide[][2] = {{0, 0}, {kSideways, 0}, {0, kSideways}, {-kSideways, 0}, {0, -kSideways}};
  for (const auto& [fx, fy] : kSide)
    for (int i = -kSteps; i <= kSteps; ++i)
      for (int j = -kSteps; j <= kSteps; ++j) {
        const double x = half_m[0] * i / kSteps, y = half_m[1] * j / kSteps;
        if (const std::string error = error_at(r, half_m, {fx, fy, 1, y, -x, x * fy - y * fx}); !error.empty())
          return error + ": are its moments in N.m and its places in m?";
      }
  return {};
}

std::string recalibration_text(const Recalibration& r) {
  std::string out = "recalibrated in place, W = C W about the centre of the plate's own surface, plate axes, C = " +
                    rows_text(r.uniform, ", ", "%.6g");
  if (r.varies())
    out += " + x " + rows_text(r.x_per_m, ", ", "%.6g") + " + y " + rows_text(r.y_per_m, ", ", "%.6g") +
           ", x and y the centre of pressure before it, m";
  return out;
}

std::string recalibration_toml(const Recalibration& r) {
  std::string out = "recalibration = " + rows_text(r.uniform, ",\n  ", "%.9g") + "\n";
  if (r.varies())
    out += "recalibration_x_per_m = " + rows_text(r.x_per_m, ",\n  ", "%.9g") +
           "\nrecalibration_y_per_m = " + rows_text(r.y_per_m, ",\n  ", "%.9g") + "\n";
  return out;
}

PlateCorrection::PlateCorrection(const Recalibration& r, const std::array<double, 2>& half_m)
    : r_(r), half_m_(half_m), changes_(r.changes()), varies_(r.varies()) {
  if (const std::string error = recalibration_error(r, half_m); !error.empty())
    throw std::invalid_argument("recalibration " + error);
  inverse_ = inverse(r.uniform);
}

Wrench6 PlateCorrection::apply(const Wrench6& measured) const noexcept {
  if (!changes_) return measured;
  Wrench6 w = product(r_.uniform, measured);
  if (!varies_) return w;
  const Wrench6 more = varying(r_, half_m_, measured);
  for (std::size_t i = 0; i < 6; ++i) w[i] += more[i];
  return w;
}

Wrench6 PlateCorrection::undo(const Wrench6& corrected) const noexcept {
  if (!changes_) return corrected;
  Wrench6 w = product(inverse_, corrected);
  for (int turn = 0; varies_ && turn < 14; ++turn) {  // each turn leaves a tenth of the error, or less
    Wrench6 rest = varying(r_, half_m_, w);
    for (std::size_t i = 0; i < 6; ++i) rest[i] = corrected[i] - rest[i];
    w = product(inverse_, rest);
  }
  return w;
}

}  // namespace grfd
