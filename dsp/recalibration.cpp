#include "dsp/recalibration.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "dsp/symmetric.hpp"
#include "dsp/unknown.hpp"

namespace grfd {
namespace {

constexpr const char* kComponentNames[6] = {"Fx", "Fy", "Fz", "Mx", "My", "Mz"};
constexpr std::size_t kFz = 2, kMx = 3, kMy = 4;
constexpr double kWorstCondition = 30, kNoEdge_m = 1e9;
/// True loads smaller than that say nothing: of the largest force, and of that at this distance.
constexpr double kLoadedForce = 0.02, kLoadedMoment_m = 0.02;

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

/// Six components, and five and four of them times x and y.
constexpr std::size_t kMostTerms = 15;
using Vector = std::array<double, kMostTerms>;

/// One column of the equations: a measured component, or x or y times one.
struct Term {
  std::size_t component;
  int by;  ///< -1: itself, 0: x, 1: y
  std::string name() const {
    return by < 0 ? kComponentNames[component] : std::string(by ? "y " : "x ") + kComponentNames[component];
  }
  double value(const Wrench6& w) const { return w[component] * (by < 0 ? 1 : place(w)[static_cast<std::size_t>(by)]); }
};

std::vector<Term> terms_of(const FittedComponents& components, bool by_place) {
  std::vector<Term> terms;
  for (int by = -1; by < (by_place ? 2 : 0); ++by)
    for (std::size_t j = 0; j < 6; ++j)
      if (components[j] && !(by >= 0 && j == kFz) && !(by == 1 && j == kMy)) terms.push_back({j, by});
  return terms;
}

/// Which true components nothing loads: "Mx and My"
std::string not_loaded(std::span<const LoadSite> sites, const FittedComponents& components) {
  double force = 0;
  for (const LoadSite& s : sites)
    force = std::max(force, std::sqrt(s.truth[0] * s.truth[0] + s.truth[1] * s.truth[1] + s.truth[2] * s.truth[2]));
  std::string names;
  for (std::size_t j = 0; j < 6; ++j) {
    double most = 0;
    for (const LoadSite& s : sites) most = std::max(most, std::abs(s.truth[j]));
    if (components[j] && !(most > force * (j < 3 ? kLoadedForce : kLoadedMoment_m)))
      names += (names.empty() ? "" : " and ") + std::string(kComponentNames[j]);
  }
  return names;
}

void check_sites(std::span<const LoadSite> sites, const FittedComponents& components, std::size_t least) {
  for (std::size_t k = 0; k < sites.size(); ++k)
    for (std::size_t i = 0; i < 6; ++i)
      if (!std::isfinite(sites[k].truth[i]) || !std::isfinite(sites[k].measured[i]))
        throw std::invalid_argument("site " + std::to_string(k + 1) + " has a " + kComponentNames[i] +
                                    " that is not a number");
  if (sites.size() < least)
    throw std::invalid_argument("there are " + std::to_string(sites.size()) + " sites with known loads, must be " +
                                std::to_string(least) + " at least");
  if (const std::string names = not_loaded(sites, components); !names.empty())
    throw std::invalid_argument("no site loads " + names +
                                ": Mx needs places off the centre along the plate's y, My along its x, Fx, Fy and Mz "
                                "loads to the side");
}

void sum_up(std::span<const LoadSite> sites, RecalibrationFit& fit) {
  const PlateCorrection correction(fit.recalibration, {kNoEdge_m, kNoEdge_m});
  const double n = static_cast<double>(sites.size());
  double before = 0, after = 0;
  for (const LoadSite& s : sites) {
    const Wrench6 corrected = correction.apply(s.measured);
    for (std::size_t i = 0; i < 6; ++i) {
      fit.rms_before[i] += (s.measured[i] - s.truth[i]) * (s.measured[i] - s.truth[i]) / n;
      fit.rms_after[i] += (corrected[i] - s.truth[i]) * (corrected[i] - s.truth[i]) / n;
    }
    const auto distance2 = [&](const Wrench6& w) {
      const auto a = place(w), b = place(s.truth);
      return s.truth[kFz] == 0 ? kNaN : (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]);
    };
    before += distance2(s.measured) / n;
    after += distance2(corrected) / n;
  }
  for (std::size_t i = 0; i < 6; ++i) {
    fit.rms_before[i] = std::sqrt(fit.rms_before[i]);
    fit.rms_after[i] = std::sqrt(fit.rms_after[i]);
  }
  fit.cop_rms_before_m = std::sqrt(before);
  fit.cop_rms_after_m = std::sqrt(after);
}

}  // namespace

std::array<double, 2> half_size(const std::array<Vec3, 4>& c) noexcept {
  const auto edge = [&](std::size_t a, std::size_t b) {
    return std::hypot(c[a][0] - c[b][0], c[a][1] - c[b][1], c[a][2] - c[b][2]);
  };
  return {edge(0, 1) / 2, edge(0, 3) / 2};
}

std::string recalibration_error(const Recalibration& r) {
  for (const auto* m : {&r.uniform, &r.x_per_m, &r.y_per_m})
    for (const Components& row : *m)
      for (const double v : row)
        if (!std::isfinite(v)) return "has an element that is not finite";
  for (std::size_t i = 0; i < 6; ++i)
    if (!(r.uniform[i][i] >= 0.5 && r.uniform[i][i] <= 2)) {
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
  if (const std::string error = recalibration_error(r); !error.empty())
    throw std::invalid_argument("recalibration " + error);
  inverse_ = inverse(r.uniform);
}

Wrench6 PlateCorrection::varying(const Wrench6& w) const noexcept {
  auto [x, y] = place(w);
  x = std::clamp(x, -half_m_[0], half_m_[0]);
  y = std::clamp(y, -half_m_[1], half_m_[1]);
  Wrench6 out{};
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 6; ++j) out[i] += (r_.x_per_m[i][j] * x + r_.y_per_m[i][j] * y) * w[j];
  return out;
}

Wrench6 PlateCorrection::apply(const Wrench6& measured) const noexcept {
  if (!changes_) return measured;
  Wrench6 w = product(r_.uniform, measured);
  if (!varies_) return w;
  const Wrench6 more = varying(measured);
  for (std::size_t i = 0; i < 6; ++i) w[i] += more[i];
  return w;
}

Wrench6 PlateCorrection::undo(const Wrench6& corrected) const noexcept {
  if (!changes_) return corrected;
  Wrench6 w = product(inverse_, corrected);
  for (int turn = 0; varies_ && turn < 14; ++turn) {  // each turn leaves a tenth of the error, or less
    Wrench6 rest = varying(w);
    for (std::size_t i = 0; i < 6; ++i) rest[i] = corrected[i] - rest[i];
    w = product(inverse_, rest);
  }
  return w;
}

RecalibrationFit fit_recalibration(std::span<const LoadSite> sites, const FittedComponents& components, bool by_place) {
  const std::vector<Term> terms = terms_of(components, by_place);
  const std::size_t p = terms.size();
  check_sites(sites, components, by_place ? p + 2 : std::max<std::size_t>(5, p));
  Vector size{};  // newtons and newton metres differ in size
  for (std::size_t a = 0; a < p; ++a) {
    for (const LoadSite& s : sites) size[a] = std::hypot(size[a], terms[a].value(s.measured));
    if (!(size[a] > 0)) throw std::invalid_argument("the plate shows nothing of " + terms[a].name());
  }
  SquareMatrix<kMostTerms> gram{};
  for (std::size_t a = 0; a < p; ++a)
    for (std::size_t b = 0; b < p; ++b)
      for (const LoadSite& s : sites)
        gram[a][b] += terms[a].value(s.measured) / size[a] * (terms[b].value(s.measured) / size[b]);
  for (std::size_t a = p; a < kMostTerms; ++a) gram[a][a] = 1;  // apart from all, and between the least and the most
  const auto eigen = symmetric_eigen(gram);
  RecalibrationFit fit;
  fit.sites = sites.size();
  fit.condition = std::sqrt(eigen.values.back() / std::max(eigen.values.front(), 1e-300));
  if (!(fit.condition <= kWorstCondition)) {
    std::string names;
    for (std::size_t a = 0; a < p; ++a)
      if (std::abs(eigen.vectors[0][a]) > 0.2) names += (names.empty() ? "" : " and ") + terms[a].name();
    throw std::invalid_argument("these sites load " + names +
                                " nearly always in the same proportion: add sites elsewhere, all over the plate");
  }
  SquareMatrix<kMostTerms> spread{};  // (W W^T)^-1
  for (std::size_t a = 0; a < p; ++a)
    for (std::size_t b = 0; b < p; ++b)
      for (std::size_t k = 0; k < kMostTerms; ++k)
        spread[a][b] += eigen.vectors[k][a] * eigen.vectors[k][b] / eigen.values[k] / (size[a] * size[b]);

  std::array<Components, 6>* const to[3] = {&fit.recalibration.uniform, &fit.recalibration.x_per_m,
                                            &fit.recalibration.y_per_m};
  for (std::size_t i = 0; i < 6; ++i) {
    if (!components[i]) continue;
    Vector right{}, c{};
    for (const LoadSite& s : sites)
      for (std::size_t a = 0; a < p; ++a) right[a] += s.truth[i] * terms[a].value(s.measured);
    for (std::size_t a = 0; a < p; ++a)
      for (std::size_t b = 0; b < p; ++b) c[a] += spread[a][b] * right[b];
    double squares = 0;
    for (const LoadSite& s : sites) {
      double e = s.truth[i];
      for (std::size_t a = 0; a < p; ++a) e -= c[a] * terms[a].value(s.measured);
      squares += e * e;
    }
    const double variance = sites.size() > p ? squares / static_cast<double>(sites.size() - p) : kNaN;
    for (std::size_t a = 0; a < p; ++a) {
      (*to[terms[a].by + 1])[i][terms[a].component] = c[a];
      if (terms[a].by < 0) fit.standard_error[i][terms[a].component] = std::sqrt(variance * spread[a][a]);
    }
  }
  if (const std::string error = recalibration_error(fit.recalibration); !error.empty())
    throw std::invalid_argument("what fits these loads " + error);
  sum_up(sites, fit);
  return fit;
}

}  // namespace grfd
