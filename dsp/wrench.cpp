#include "dsp/wrench.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace grfd {
namespace {

constexpr Vec3 cross(const Vec3& a, const Vec3& b) noexcept {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
constexpr Vec3 minus(const Vec3& a, const Vec3& b) noexcept { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
constexpr Vec3 plus(const Vec3& a, const Vec3& b) noexcept { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }
constexpr Vec3 scaled(const Vec3& a, double k) noexcept { return {k * a[0], k * a[1], k * a[2]}; }
double norm(const Vec3& a) noexcept { return std::sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]); }
constexpr Vec3 force(const Wrench6& w) noexcept { return {w[0], w[1], w[2]}; }
constexpr Vec3 moment(const Wrench6& w) noexcept { return {w[3], w[4], w[5]}; }
constexpr Wrench6 join(const Vec3& f, const Vec3& m) noexcept { return {f[0], f[1], f[2], m[0], m[1], m[2]}; }
constexpr Vec3 rotated(const Mat3& r, const Vec3& v) noexcept {
  Vec3 out{};
  for (std::size_t i = 0; i < 3; ++i) out[i] = r[i][0] * v[0] + r[i][1] * v[1] + r[i][2] * v[2];
  return out;
}
constexpr Vec3 rotated_back(const Mat3& r, const Vec3& v) noexcept {
  Vec3 out{};
  for (std::size_t i = 0; i < 3; ++i) out[i] = r[0][i] * v[0] + r[1][i] * v[1] + r[2][i] * v[2];
  return out;
}
constexpr double sign(Sense s) noexcept { return s == Sense::action ? -1.0 : 1.0; }

}  // namespace

Wrench6 shift(const Wrench6& w, const Vec3& o) noexcept { return join(force(w), minus(moment(w), cross(o, force(w)))); }

Wrench6 to_lab(const Wrench6& w, const Mat3& rotation, const Vec3& center, Sense sense) noexcept {
  const Vec3 f = scaled(rotated(rotation, force(w)), sign(sense));
  return join(f, plus(scaled(rotated(rotation, moment(w)), sign(sense)), cross(center, f)));
}

Wrench6 from_lab(const Wrench6& lab, const Mat3& rotation, const Vec3& center, const Vec3& origin,
                 Sense sense) noexcept {
  const Vec3 m = minus(moment(lab), cross(center, force(lab)));
  const Vec3 f = scaled(rotated_back(rotation, force(lab)), sign(sense));
  return join(f, plus(scaled(rotated_back(rotation, m), sign(sense)), cross(origin, f)));
}

PressurePoint center_of_pressure(const Wrench6& w, double z0) noexcept {
  const double x = (z0 * w[0] - w[4]) / w[2], y = (w[3] + z0 * w[1]) / w[2];
  return {x, y, w[5] - x * w[1] + y * w[0]};
}

PressureSigma cop_sigma(const Wrench6& w, double z0, const Mat6& c) noexcept {
  return cop_sigma(center_of_pressure(w, z0), w, z0, c);
}

PressureSigma cop_sigma(const PressurePoint& p, const Wrench6& w, double z0, const Mat6& c) noexcept {
  // gradients of x over (Fx, Fz, My) and of y over (Fy, Fz, Mx), times Fz
  const auto sd = [&](std::size_t f, std::size_t m, double coordinate, double moment_sign) {
    const std::array<std::size_t, 3> k{f, 2, m};
    const std::array<double, 3> g{z0, -coordinate, moment_sign};
    double v = 0;
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j) v += g[i] * g[j] * c[k[i]][k[j]];
    return std::sqrt(std::max(v, 0.0)) / std::abs(w[2]);
  };
  return {sd(0, 4, p.x, -1), sd(1, 3, p.y, 1)};
}

PressureSigma cop_sigma(const Wrench6& w, double z0, const Wrench6& sd) noexcept {
  Mat6 c{};
  for (std::size_t i = 0; i < 6; ++i) c[i][i] = sd[i] * sd[i];
  return cop_sigma(w, z0, c);
}

PlatePose pose_from_corners(const std::array<Vec3, 4>& c) {
  const Vec3 along_x = plus(minus(c[0], c[1]), minus(c[3], c[2]));
  const Vec3 along_y = plus(minus(c[0], c[3]), minus(c[1], c[2]));
  const Vec3 normal = cross(along_x, along_y);
  if (!(norm(along_x) > 0.02) || !(norm(along_y) > 0.02) || !(norm(normal) > 0.1 * norm(along_x) * norm(along_y)))
    throw std::invalid_argument("the four corners of the plate do not span a surface");
  const Vec3 ex = scaled(along_x, 1 / norm(along_x)), ez = scaled(normal, 1 / norm(normal)), ey = cross(ez, ex);
  PlatePose pose;
  for (std::size_t i = 0; i < 3; ++i) pose.rotation[i] = {ex[i], ey[i], ez[i]};
  pose.center = scaled(plus(plus(c[0], c[1]), plus(c[2], c[3])), 0.25);
  pose.off_plane_m = 0;
  for (const Vec3& corner : c) {
    const Vec3 d = minus(corner, pose.center);
    pose.off_plane_m = std::max(pose.off_plane_m, std::abs(d[0] * ez[0] + d[1] * ez[1] + d[2] * ez[2]));
  }
  const auto edge = [&](std::size_t i, std::size_t j) { return norm(minus(c[i], c[j])); };
  pose.edge_misfit_m = std::max(std::abs(edge(0, 1) - edge(3, 2)), std::abs(edge(0, 3) - edge(1, 2)));
  return pose;
}

std::array<double, 2> half_size(const std::array<Vec3, 4>& c) noexcept {
  return {norm(minus(c[0], c[1])) / 2, norm(minus(c[0], c[3])) / 2};
}

Mat6 inverse(const Mat6& m) {
  double largest = 0;
  for (const auto& row : m)
    for (double v : row) {
      if (!std::isfinite(v)) throw std::invalid_argument("the 6x6 matrix has an element that is not finite");
      largest = std::max(largest, std::abs(v));
    }
  Mat6 a = m, r{};
  for (std::size_t i = 0; i < 6; ++i) r[i][i] = 1;
  for (std::size_t col = 0; col < 6; ++col) {
    std::size_t pivot = col;
    for (std::size_t i = col + 1; i < 6; ++i)
      if (std::abs(a[i][col]) > std::abs(a[pivot][col])) pivot = i;
    if (!(std::abs(a[pivot][col]) > 1e-12 * largest)) throw std::invalid_argument("the 6x6 matrix is singular");
    std::swap(a[col], a[pivot]);
    std::swap(r[col], r[pivot]);
    const double d = 1 / a[col][col];
    for (std::size_t j = 0; j < 6; ++j) a[col][j] *= d, r[col][j] *= d;
    for (std::size_t i = 0; i < 6; ++i) {
      const double k = a[i][col];
      if (i == col || k == 0) continue;
      for (std::size_t j = 0; j < 6; ++j) a[i][j] -= k * a[col][j], r[i][j] -= k * r[col][j];
    }
  }
  return r;
}

std::vector<Wrench6> left_inverse(std::span<const Wrench6> rows) {
  std::vector<Wrench6> out(rows.size());
  if (rows.size() == 6) {
    Mat6 s;
    std::copy(rows.begin(), rows.end(), s.begin());
    const Mat6 c = inverse(s);
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t j = 0; j < 6; ++j) out[i][j] = c[j][i];
    return out;
  }
  Wrench6 length{};  // columns of equal length keep S^T S well conditioned: newtons and newton metres differ in size
  for (const Wrench6& row : rows)
    for (std::size_t j = 0; j < 6; ++j) length[j] = std::hypot(length[j], row[j]);
  for (const double l : length)
    if (rows.size() < 6 || !(l > 0)) throw std::invalid_argument("the channels do not tell six components apart");
  Mat6 squares{};
  for (const Wrench6& row : rows)
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t j = 0; j < 6; ++j) squares[i][j] += row[i] / length[i] * (row[j] / length[j]);
  try {
    squares = inverse(squares);
  } catch (const std::invalid_argument&) {
    throw std::invalid_argument("the channels do not tell six components apart");
  }
  for (std::size_t c = 0; c < rows.size(); ++c)
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t j = 0; j < 6; ++j) out[c][i] += squares[i][j] * rows[c][j] / (length[i] * length[j]);
  return out;
}

Mat6 propagate(const Mat6& a, const Mat6& c) noexcept {
  Mat6 ac{}, out{};
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t k = 0; k < 6; ++k)
      for (std::size_t j = 0; j < 6; ++j) ac[i][j] += a[i][k] * c[k][j];
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 6; ++j)
      for (std::size_t k = 0; k < 6; ++k) out[i][j] += ac[i][k] * a[j][k];
  return out;
}

}  // namespace grfd
