#include "daemon/geometry.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace grfd {

namespace {
Vec3 minus(const Vec3& a, const Vec3& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
double length(const Vec3& a) { return std::sqrt(dot(a, a)); }
std::string millimetres(double m) { return std::to_string(std::lround(m * 1000)) + " mm"; }
}  // namespace

double dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

Mat3 rotation_zyx_deg(const Vec3& zyx) {
  constexpr double rad = std::numbers::pi / 180;
  const double cz = std::cos(zyx[0] * rad), sz = std::sin(zyx[0] * rad);
  const double cy = std::cos(zyx[1] * rad), sy = std::sin(zyx[1] * rad);
  const double cx = std::cos(zyx[2] * rad), sx = std::sin(zyx[2] * rad);
  return {{{cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx},
           {sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx},
           {-sy, cy * sx, cy * cx}}};
}

std::array<Vec3, 4> corners(const FlatPlate& plate) {
  const double turn = plate.turn_deg * std::numbers::pi / 180;
  const Vec3 x{std::cos(turn), std::sin(turn), 0};
  const Vec3 y = cross({0, 0, plate.z_down ? -1.0 : 1.0}, x);
  std::array<Vec3, 4> out{};
  constexpr int signs[4][2] = {{1, 1}, {-1, 1}, {-1, -1}, {1, -1}};
  for (std::size_t c = 0; c < 4; ++c)
    for (std::size_t i = 0; i < 3; ++i)
      out[c][i] = plate.center_m[i] + 0.5 * (signs[c][0] * plate.size_x_m * x[i] + signs[c][1] * plate.size_y_m * y[i]);
  return out;
}

Vec3 plate_z(const std::array<Vec3, 4>& c) {
  Vec3 ex, ey;
  for (std::size_t i = 0; i < 3; ++i) {
    ex[i] = c[0][i] - c[1][i] + c[3][i] - c[2][i];
    ey[i] = c[0][i] - c[3][i] + c[1][i] - c[2][i];
  }
  Vec3 z = cross(ex, ey);
  const double norm = length(z);
  if (norm > 0)
    for (double& v : z) v /= norm;
  return z;
}

std::string survey_error(const std::array<Vec3, 4>& c) {
  for (std::size_t i = 0; i < 4; ++i) {
    const double edge = length(minus(c[(i + 1) % 4], c[i]));
    if (edge < 0.05)
      return "corners " + std::to_string(i + 1) + " and " + std::to_string((i + 1) % 4 + 1) + " are " +
             millimetres(edge) +
             " apart, must be at least 50 mm; are they in metres, and in the order (+x,+y) (-x,+y) (-x,-y) (+x,-y)?";
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const double a = length(minus(c[i + 1], c[i])), b = length(minus(c[(i + 3) % 4], c[i + 2]));
    if (std::abs(a - b) > 0.003)
      return "opposite edges are " + millimetres(a) + " and " + millimetres(b) + " long, must agree within 3 mm";
  }
  const Vec3 z = plate_z(c);
  if (length(z) < 0.5) return "corners do not go round the plate; their order is (+x,+y) (-x,+y) (-x,-y) (+x,-y)";
  Vec3 mean{};
  for (const Vec3& corner : c)
    for (std::size_t i = 0; i < 3; ++i) mean[i] += corner[i] / 4;
  double worst = 0;
  for (const Vec3& corner : c) worst = std::max(worst, std::abs(dot(minus(corner, mean), z)));
  if (worst > 0.002) return "corners are " + millimetres(worst) + " off one plane, must be within 2 mm";
  return {};
}

Vec3 centre(const std::array<Vec3, 4>& corners_m) {
  Vec3 sum{};
  for (const Vec3& c : corners_m)
    for (std::size_t i = 0; i < 3; ++i) sum[i] += c[i] / 4;
  return sum;
}

namespace {
/// The edge of `plate` that a point is farthest outside of, as a distance in the plane; negative inside.
template <class Points>
double farthest(const std::array<Vec3, 4>& plate, const Points& nearest_of) {
  const Vec3 middle = centre(plate);
  double most = -1e9;
  for (std::size_t i = 0; i < 4; ++i) {
    const Vec3 &p = plate[i], &q = plate[(i + 1) % 4];
    double nx = q[1] - p[1], ny = p[0] - q[0];
    const double length = std::hypot(nx, ny), way = (middle[0] - p[0]) * nx + (middle[1] - p[1]) * ny > 0 ? -1 : 1;
    if (!(length > 0)) continue;
    nx *= way / length;
    ny *= way / length;
    most = std::max(most, nearest_of([&](double x, double y) { return (x - p[0]) * nx + (y - p[1]) * ny; }));
  }
  return most;
}
}  // namespace

double overlap_m(const std::array<Vec3, 4>& a, const std::array<Vec3, 4>& b) {
  // Two convex outlines are apart when an edge of one has all of the other outside.
  const auto apart = [](const std::array<Vec3, 4>& one, const std::array<Vec3, 4>& other) {
    return farthest(one, [&](const auto& distance) {
      double nearest = 1e9;
      for (const Vec3& c : other) nearest = std::min(nearest, distance(c[0], c[1]));
      return nearest;
    });
  };
  return std::max(0.0, -std::max(apart(a, b), apart(b, a)));
}

double outside_m(const std::array<Vec3, 4>& corners_m, double x, double y) {
  return std::max(0.0, farthest(corners_m, [&](const auto& distance) { return distance(x, y); }));
}

double smallest_pivot(const PlateCalibration& calibration) {
  const bool strain = calibration.kind == PlateKind::strain;
  std::vector<Components> m = strain ? calibration.sensitivity : calibration.load_per_v;
  for (Components& row : m) {
    double largest = 0;
    for (std::size_t j = 0; j < 6; ++j) {
      const double full = calibration.full_scale[j];
      row[j] = strain ? row[j] * full : row[j] / full;
      largest = std::max(largest, std::abs(row[j]));
    }
    if (!(largest > 0)) return 0;
    for (double& v : row) v /= largest;
  }
  if (m.size() < 6) return 0;
  double smallest = 1;
  for (std::size_t k = 0; k < 6; ++k) {  // elimination with row pivots
    std::size_t best = k;
    for (std::size_t i = k + 1; i < m.size(); ++i)
      if (std::abs(m[i][k]) > std::abs(m[best][k])) best = i;
    std::swap(m[k], m[best]);
    const double pivot = m[k][k];
    smallest = std::min(smallest, std::abs(pivot));
    if (!(std::abs(pivot) > 0)) return 0;
    for (std::size_t i = k + 1; i < m.size(); ++i)
      for (std::size_t j = 5; j + 1 > k; --j) m[i][j] -= m[i][k] / pivot * m[k][j];
  }
  return smallest;
}

}  // namespace grfd
