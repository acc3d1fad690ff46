// Hinge axes of two neighbouring segments, after Seel, Raisch & Schauer 2014 (Sensors 14:6891). Declared in
// segments.hpp.
#include <algorithm>
#include <stdexcept>

#include "dsp/segments.hpp"
#include "dsp/symmetric.hpp"

namespace grfd {
namespace {

using namespace rot;

/// Two unit vectors that span the plane across j. A plane per step has no poles, unlike two angles.
std::array<Vec3, 2> tangents(const Vec3& j) {
  const std::size_t smallest = std::fabs(j[0]) <= std::fabs(j[1]) && std::fabs(j[0]) <= std::fabs(j[2]) ? 0
                               : std::fabs(j[1]) <= std::fabs(j[2])                                     ? 1
                                                                                                        : 2;
  Vec3 e{};
  e[smallest] = 1;
  const Vec3 a = rot::normalized(cross(j, e));
  return {a, cross(j, a)};
}

struct Fit {
  Vec3 j1, j2;
  double cost = 0;
  SquareMatrix<4> normal{};          ///< J'J
  std::array<double, 4> gradient{};  ///< J'e
  std::array<Vec3, 4> directions;    ///< tangents of j1, then of j2
};

Fit linearise(const std::vector<Vec3>& w1, const std::vector<Vec3>& w2, const Vec3& j1, const Vec3& j2) {
  Fit f{j1, j2, 0, {}, {}, {}};
  const auto t1 = tangents(j1), t2 = tangents(j2);
  f.directions = {t1[0], t1[1], t2[0], t2[1]};
  for (std::size_t k = 0; k < w1.size(); ++k) {
    const Vec3 c1 = cross(w1[k], j1), c2 = cross(w2[k], j2);
    const double n1 = norm(c1), n2 = norm(c2), e = n1 - n2;
    const Vec3 d1 = scale(cross(c1, w1[k]), 1 / std::max(n1, 1e-9));  // d|w x j|/dj
    const Vec3 d2 = scale(cross(c2, w2[k]), -1 / std::max(n2, 1e-9));
    const std::array<double, 4> row{dot(d1, t1[0]), dot(d1, t1[1]), dot(d2, t2[0]), dot(d2, t2[1])};
    f.cost += e * e;
    for (std::size_t a = 0; a < 4; ++a) {
      f.gradient[a] += row[a] * e;
      for (std::size_t b = 0; b < 4; ++b) f.normal[a][b] += row[a] * row[b];
    }
  }
  return f;
}

Fit descend(const std::vector<Vec3>& w1, const std::vector<Vec3>& w2, Fit f, int iterations) {
  double damping = 1e-3;
  for (int i = 0; i < iterations && damping < 1e6; ++i) {
    SquareMatrix<4> m = f.normal;
    std::array<double, 4> b;
    for (std::size_t a = 0; a < 4; ++a) {
      m[a][a] += damping;
      b[a] = -f.gradient[a];
    }
    const auto d = solve_positive(m, b);
    const auto move = [&](const Vec3& j, std::size_t a) {
      return rot::normalized(add(j, add(scale(f.directions[a], d[a]), scale(f.directions[a + 1], d[a + 1]))));
    };
    const Fit next = linearise(w1, w2, move(f.j1, 0), move(f.j2, 2));
    if (next.cost < f.cost) {
      f = next;
      damping = std::max(damping / 3, 1e-9);
    } else {
      damping *= 5;
    }
    if (d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + d[3] * d[3] < 1e-20) break;
  }
  return f;
}

}  // namespace

HingeAxes hinge_axes(const std::vector<Vec3>& w1, const std::vector<Vec3>& w2, const HingeParams& params) {
  if (w1.size() != w2.size() || w1.size() < 8)
    throw std::invalid_argument("hinge fit: two series of equal length >= 8");
  // Axes without sign live on half a sphere: three nearly perpendicular directions, off the sensor axes, reach every
  // valley; each appears twice per segment.
  const std::array<Vec3, 3> d{rot::normalized(Vec3{1, 0.2, 0.1}), rot::normalized(Vec3{-0.15, 1, 0.25}),
                              rot::normalized(Vec3{0.1, -0.3, 1})};
  constexpr std::array<std::array<std::size_t, 2>, 6> starts{{{0, 0}, {1, 1}, {2, 2}, {0, 1}, {1, 2}, {2, 0}}};
  std::optional<Fit> best;
  for (const auto& s : starts) {
    const Fit f = descend(w1, w2, linearise(w1, w2, d[s[0]], d[s[1]]), params.iterations);
    if (!best || f.cost < best->cost) best = f;
  }
  const double n = static_cast<double>(w1.size());
  const auto e = symmetric_eigen(best->normal);
  HingeAxes r;
  r.j1 = best->j1;
  r.j2 = best->j2;
  r.rms_rad_s = std::sqrt(best->cost / n);
  r.singular_rad_s = std::sqrt(std::max(0.0, e.values[0]) / n);
  r.condition = e.values[3] > 0 ? std::sqrt(std::max(0.0, e.values[0]) / e.values[3]) : 0;
  return r;
}

Vec3 signed_left(const Vec3& axis, const std::vector<Vec3>& w, std::size_t first, std::size_t last) {
  double sum = 0;
  for (std::size_t k = first; k < std::min(last, w.size()); ++k) sum += dot(w[k], axis);
  return sum < 0 ? scale(axis, -1) : axis;
}

double hinge_ratio(const std::vector<Vec3>& w1, const std::vector<Vec3>& w2, const HingeAxes& a) {
  double sum = 0;
  for (std::size_t k = 0; k < w1.size(); ++k) {
    const double rate = dot(w2[k], a.j2) - dot(w1[k], a.j1);
    sum += rate * rate;
  }
  return a.rms_rad_s / std::sqrt(sum / static_cast<double>(w1.size()));
}

bool hinge_accepted(double ratio, const HingeAxes& axes, const HingeParams& params) {
  return ratio < params.ratio_max && axes.singular_rad_s > params.singular_min_rad_s;
}

}  // namespace grfd
