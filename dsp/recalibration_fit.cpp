#include "dsp/recalibration_fit.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "dsp/symmetric.hpp"
#include "dsp/unknown.hpp"

namespace grfd {
namespace {

constexpr std::size_t kLoaded[] = {kFz, kMx, kMy};
constexpr std::size_t kLeastSites = 5, kSpareSites = 2;
constexpr double kWorstCondition = 30;
/// True moments smaller than that say nothing: of the largest force, at this distance.
constexpr double kLoadedMoment_m = 0.02;

/// One column of the equations: a measured component, or x or y times one.
struct Term {
  std::size_t component;
  enum By : std::size_t { itself, x, y } by;
  std::string name() const {
    return std::string(by == itself ? "" : by == x ? "x " : "y ") + kComponentNames[component];
  }
  double value(const Wrench6& w) const {
    const PressurePoint p = center_of_pressure(w);
    return w[component] * (by == itself ? 1 : by == x ? p.x : p.y);
  }
};
constexpr Term kTerms[] = {{kFz, Term::itself}, {kMx, Term::itself}, {kMy, Term::itself},
                           {kMx, Term::x},      {kMy, Term::x},      {kMx, Term::y}};
constexpr std::size_t kMostTerms = std::size(kTerms), kUniformTerms = 3;
using Vector = std::array<double, kMostTerms>;

/// Which true components nothing loads: "Mx and My"
std::string not_loaded(std::span<const LoadSite> sites) {
  Wrench6 most{};
  for (const LoadSite& s : sites)
    for (const std::size_t i : kLoaded) most[i] = std::max(most[i], std::abs(s.truth[i]));
  std::string names;
  for (const std::size_t i : {kMx, kMy})
    if (!(most[i] > most[kFz] * kLoadedMoment_m))
      names += (names.empty() ? "" : " and ") + std::string(kComponentNames[i]);
  return names;
}

void check_sites(std::span<const LoadSite> sites, std::size_t least) {
  for (std::size_t k = 0; k < sites.size(); ++k) {
    const std::string site = "site " + std::to_string(k + 1);
    for (std::size_t i = 0; i < 6; ++i)
      if (!std::isfinite(sites[k].truth[i]) || !std::isfinite(sites[k].measured[i]))
        throw std::invalid_argument(site + " has a " + kComponentNames[i] + " that is not a number");
    if (sites[k].truth[kFz] == 0) throw std::invalid_argument(site + " has no weight");
  }
  if (sites.size() < least)
    throw std::invalid_argument("there are " + std::to_string(sites.size()) + " sites with known loads, must be " +
                                std::to_string(least) + " at least");
  if (const std::string names = not_loaded(sites); !names.empty())
    throw std::invalid_argument("no site loads " + names +
                                ": Mx needs places off the centre along the plate's y, My along its x");
}

/// @param leverage of each site on the fit of itself, 0 to 1
void sum_up(std::span<const LoadSite> sites, const std::vector<double>& leverage, const PlateCorrection& correction,
            RecalibrationFit& fit) {
  const double n = static_cast<double>(sites.size());
  double before = 0, after = 0, worst = -1;
  for (std::size_t k = 0; k < sites.size(); ++k) {
    const LoadSite& s = sites[k];
    const Wrench6 corrected = correction.apply(s.measured);
    Wrench6 left;
    for (std::size_t i = 0; i < 6; ++i) {
      left[i] = corrected[i] - s.truth[i];
      fit.rms_before[i] += (s.measured[i] - s.truth[i]) * (s.measured[i] - s.truth[i]) / n;
      fit.rms_after[i] += left[i] * left[i] / n;
    }
    const auto distance = [&](const Wrench6& w) {
      const PressurePoint a = center_of_pressure(w), b = center_of_pressure(s.truth);
      return std::hypot(a.x - b.x, a.y - b.y);
    };
    before += distance(s.measured) * distance(s.measured) / n;
    after += distance(corrected) * distance(corrected) / n;
    // A wrong site draws the fit to itself; divided by what it leaves to the others, that of a single wrong one is the
    // largest (Cauchy-Schwarz).
    const double own = 1 - leverage[k];
    const double disagrees = own > 1e-6 ? (left[kMx] * left[kMx] + left[kMy] * left[kMy]) / own : 0;
    if (disagrees > worst) worst = disagrees, fit.worst = k, fit.worst_cop_m = distance(corrected);
  }
  for (std::size_t i = 0; i < 6; ++i) {
    fit.rms_before[i] = std::sqrt(fit.rms_before[i]);
    fit.rms_after[i] = std::sqrt(fit.rms_after[i]);
  }
  fit.cop_rms_before_m = std::sqrt(before);
  fit.cop_rms_after_m = std::sqrt(after);
}

}  // namespace

RecalibrationFit fit_recalibration(std::span<const LoadSite> sites, const std::array<double, 2>& half_m,
                                   bool by_place) {
  const std::size_t p = by_place ? kMostTerms : kUniformTerms;
  check_sites(sites, std::max(kLeastSites, p + kSpareSites));
  Vector size{};  // newtons and newton metres differ in size
  for (std::size_t a = 0; a < p; ++a) {
    for (const LoadSite& s : sites) size[a] = std::hypot(size[a], kTerms[a].value(s.measured));
    if (!(size[a] > 0)) throw std::invalid_argument("the plate shows nothing of " + kTerms[a].name());
  }
  SquareMatrix<kMostTerms> gram{};
  for (std::size_t a = 0; a < p; ++a)
    for (std::size_t b = 0; b < p; ++b)
      for (const LoadSite& s : sites)
        gram[a][b] += kTerms[a].value(s.measured) / size[a] * (kTerms[b].value(s.measured) / size[b]);
  for (std::size_t a = p; a < kMostTerms; ++a) gram[a][a] = 1;  // apart from all, and between the least and the most
  const auto eigen = symmetric_eigen(gram);
  const double condition = std::sqrt(eigen.values.back() / std::max(eigen.values.front(), 1e-300));
  if (!(condition <= kWorstCondition)) {
    std::string names;
    for (std::size_t a = 0; a < p; ++a)
      if (std::abs(eigen.vectors[0][a]) > 0.2) names += (names.empty() ? "" : " and ") + kTerms[a].name();
    throw std::invalid_argument("these sites load " + names +
                                " nearly always in the same proportion: add sites elsewhere, all over the plate");
  }
  SquareMatrix<kMostTerms> spread{};  // (W W^T)^-1
  for (std::size_t a = 0; a < p; ++a)
    for (std::size_t b = 0; b < p; ++b)
      for (std::size_t k = 0; k < kMostTerms; ++k)
        spread[a][b] += eigen.vectors[k][a] * eigen.vectors[k][b] / eigen.values[k] / (size[a] * size[b]);
  std::vector<double> leverage(sites.size());
  for (std::size_t k = 0; k < sites.size(); ++k)
    for (std::size_t a = 0; a < p; ++a)
      for (std::size_t b = 0; b < p; ++b)
        leverage[k] += kTerms[a].value(sites[k].measured) * spread[a][b] * kTerms[b].value(sites[k].measured);

  RecalibrationFit fit;
  fit.sites = sites.size();
  std::array<Components, 6>* const to[3] = {&fit.recalibration.uniform, &fit.recalibration.x_per_m,
                                            &fit.recalibration.y_per_m};
  for (const std::size_t i : kLoaded) {
    Vector right{}, c{};
    for (const LoadSite& s : sites)
      for (std::size_t a = 0; a < p; ++a) right[a] += s.truth[i] * kTerms[a].value(s.measured);
    for (std::size_t a = 0; a < p; ++a)
      for (std::size_t b = 0; b < p; ++b) c[a] += spread[a][b] * right[b];
    double squares = 0;
    for (const LoadSite& s : sites) {
      double e = s.truth[i];
      for (std::size_t a = 0; a < p; ++a) e -= c[a] * kTerms[a].value(s.measured);
      squares += e * e;
    }
    const double variance = sites.size() > p ? squares / static_cast<double>(sites.size() - p) : kNaN;
    for (std::size_t a = 0; a < p; ++a) {
      (*to[kTerms[a].by])[i][kTerms[a].component] = c[a];
      if (kTerms[a].by == Term::itself) fit.standard_error[i][kTerms[a].component] = std::sqrt(variance * spread[a][a]);
    }
  }
  if (const std::string error = recalibration_error(fit.recalibration, half_m); !error.empty())
    throw std::invalid_argument("what fits these loads " + error);
  sum_up(sites, leverage, PlateCorrection(fit.recalibration, half_m), fit);
  return fit;
}

}  // namespace grfd
