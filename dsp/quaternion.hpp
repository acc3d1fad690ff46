// Small rotations: vectors, 3x3 matrices (rows) and unit quaternions of double. In a namespace of its own, because Vec3
// is a std::array and free names such as `dot` would meet those of other subjects.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "schemas/settings.hpp"

namespace grfd {

inline constexpr double kRadPerDeg = std::numbers::pi / 180;
inline constexpr double kDegPerRad = 180 / std::numbers::pi;

/// Unit quaternion w + xi + yj + zk. As an orientation it turns sensor vectors into an earth frame with z up.
struct Quat {
  double w = 1, x = 0, y = 0, z = 0;
};

namespace rot {

inline constexpr Mat3 kIdentity{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

constexpr Vec3 add(const Vec3& a, const Vec3& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }
constexpr Vec3 sub(const Vec3& a, const Vec3& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
constexpr Vec3 scale(const Vec3& a, double k) { return {a[0] * k, a[1] * k, a[2] * k}; }
constexpr double dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
constexpr Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
inline double norm(const Vec3& a) { return std::sqrt(dot(a, a)); }
/// The zero vector stays zero.
inline Vec3 normalized(const Vec3& a) {
  const double n = norm(a);
  return n > 0 ? scale(a, 1 / n) : a;
}
inline bool finite(const Vec3& a) { return std::isfinite(a[0]) && std::isfinite(a[1]) && std::isfinite(a[2]); }
/// Angle between two directions, rad, 0..pi; accurate near 0 and pi as well.
inline double angle(const Vec3& a, const Vec3& b) { return std::atan2(norm(cross(a, b)), dot(a, b)); }
/// Angle between two lines (directions without sign), rad, 0..pi/2.
inline double line_angle(const Vec3& a, const Vec3& b) { return std::atan2(norm(cross(a, b)), std::fabs(dot(a, b))); }

constexpr Vec3 matvec(const Mat3& m, const Vec3& v) { return {dot(m[0], v), dot(m[1], v), dot(m[2], v)}; }
constexpr Mat3 transpose(const Mat3& m) {
  return {{{m[0][0], m[1][0], m[2][0]}, {m[0][1], m[1][1], m[2][1]}, {m[0][2], m[1][2], m[2][2]}}};
}
/// v M, the row v times the matrix.
constexpr Vec3 vecmat(const Vec3& v, const Mat3& m) {
  return add(add(scale(m[0], v[0]), scale(m[1], v[1])), scale(m[2], v[2]));
}
constexpr Mat3 mul(const Mat3& a, const Mat3& b) { return {vecmat(a[0], b), vecmat(a[1], b), vecmat(a[2], b)}; }

constexpr Quat conj(const Quat& q) { return {q.w, -q.x, -q.y, -q.z}; }
constexpr Quat mul(const Quat& a, const Quat& b) {
  return {a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z, a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
          a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x, a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w};
}
inline Quat normalized(const Quat& q) {
  const double k = 1 / std::sqrt(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z);
  return {q.w * k, q.x * k, q.y * k, q.z * k};
}
/// q v q*
constexpr Vec3 rotate(const Quat& q, const Vec3& v) {
  const Vec3 r{q.x, q.y, q.z};
  const Vec3 t = scale(cross(r, v), 2);
  return add(v, add(scale(t, q.w), cross(r, t)));
}
/// Quaternion of a rotation vector (rad).
inline Quat exp(const Vec3& v) {
  const double a = norm(v), h2 = a * a / 4;
  double c, s;  // cos(a / 2), sin(a / 2) / a
  if (a < 1e-4) {
    c = 1 - h2 * (0.5 - h2 * (1.0 / 24));
    s = 0.5 - a * a / 48;
  } else {
    c = std::cos(a / 2);
    s = std::sin(a / 2) / a;
  }
  return {c, v[0] * s, v[1] * s, v[2] * s};
}
/// The shortest rotation that turns the unit vector `up` into z.
inline Quat level(const Vec3& up) {
  const double w = std::sqrt(std::max(0.0, (up[2] + 1) / 2));
  if (w <= 1e-6) return {0, 1, 0, 0};  // upside down: any horizontal axis will do
  return {w, 0.5 * up[1] / w, -0.5 * up[0] / w, 0};
}
constexpr Mat3 matrix(const Quat& q) {
  const auto [w, x, y, z] = q;
  return {{{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
           {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
           {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}}};
}
inline Quat quaternion(const Mat3& m) {
  const double t = m[0][0] + m[1][1] + m[2][2];
  if (t > 0) {
    const double s = 2 * std::sqrt(t + 1);
    return {s / 4, (m[2][1] - m[1][2]) / s, (m[0][2] - m[2][0]) / s, (m[1][0] - m[0][1]) / s};
  }
  std::size_t i = m[1][1] > m[0][0] ? 1 : 0;
  if (m[2][2] > m[i][i]) i = 2;
  const std::size_t j = (i + 1) % 3, k = (i + 2) % 3;
  const double s = 2 * std::sqrt(1 + m[i][i] - m[j][j] - m[k][k]);
  Vec3 v{};
  v[i] = s / 4;
  v[j] = (m[j][i] + m[i][j]) / s;
  v[k] = (m[k][i] + m[i][k]) / s;
  return {(m[k][j] - m[j][k]) / s, v[0], v[1], v[2]};
}

}  // namespace rot
}  // namespace grfd
