#include "drivers/emulation/plate_geometry.hpp"

#include <cmath>
#include <stdexcept>

namespace grfd {
namespace {
Vec3 sub(const Vec3& a, const Vec3& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
double norm(const Vec3& a) { return std::hypot(a[0], a[1], a[2]); }
Vec3 unit(const Vec3& a) {
  const double n = norm(a);
  return {a[0] / n, a[1] / n, a[2] / n};
}
/// R v
Vec3 out_of_plate(const Mat3& r, double x, double y, double z) {
  Vec3 v;
  for (std::size_t i = 0; i < 3; ++i) v[i] = r[i][0] * x + r[i][1] * y + r[i][2] * z;
  return v;
}
/// R^T v
Vec3 into_plate(const Mat3& r, double x, double y, double z) {
  Vec3 v;
  for (std::size_t j = 0; j < 3; ++j) v[j] = r[0][j] * x + r[1][j] * y + r[2][j] * z;
  return v;
}
[[noreturn]] void refuse(const PlateSettings& plate, const char* what) {
  throw std::invalid_argument("plate '" + plate.name + "': " + what +
                              "; corners go (+x,+y) (-x,+y) (-x,-y) (+x,-y) around a rectangle");
}
}  // namespace

PlateGeometry plate_geometry(const PlateSettings& plate) {
  const auto& c = plate.corners_m;
  PlateGeometry g;
  Vec3 ex, ey;
  for (std::size_t i = 0; i < 3; ++i) {
    ex[i] = (c[0][i] - c[1][i]) + (c[3][i] - c[2][i]);
    ey[i] = (c[0][i] - c[3][i]) + (c[1][i] - c[2][i]);
    g.center_m[i] = (c[0][i] + c[1][i] + c[2][i] + c[3][i]) / 4;
  }
  const Vec3 normal = cross(ex, ey);
  // Written so that NaN is refused too. 2 cm is below any plate ever sold.
  if (!(norm(ex) > 0.04 && norm(ey) > 0.04 && norm(normal) > 0.5 * norm(ex) * norm(ey) && norm(ex) < 100 &&
        norm(ey) < 100))
    refuse(plate, "its corners span no plate");
  ex = unit(ex);
  const Vec3 ez = unit(normal);
  ey = cross(ez, ex);
  for (std::size_t i = 0; i < 3; ++i) g.rotation[i] = {ex[i], ey[i], ez[i]};

  for (const Vec3& corner : c) {
    const Vec3 d = sub(corner, g.center_m);
    if (std::abs(d[0] * ez[0] + d[1] * ez[1] + d[2] * ez[2]) > 0.002)
      refuse(plate, "a corner is more than 2 mm off the plane");
  }
  const double edge_x = std::abs(norm(sub(c[0], c[1])) - norm(sub(c[3], c[2])));
  const double edge_y = std::abs(norm(sub(c[0], c[3])) - norm(sub(c[1], c[2])));
  if (edge_x > 0.003 || edge_y > 0.003) refuse(plate, "opposite edges differ by more than 3 mm");

  g.origin_m = plate.calibration.origin_m;
  g.origin_m[2] += g.rotation[2][2] >= 0 ? plate.pad_m : -plate.pad_m;  // the pad lies on top, wherever z points
  g.sense = plate.calibration.sense;
  return g;
}

Wrench moved(const Wrench& w, const Vec3& o) {
  const Vec3 m = cross(o, {w[0], w[1], w[2]});
  return {w[0], w[1], w[2], w[3] + m[0], w[4] + m[1], w[5] + m[2]};
}

Wrench to_sensor(const PlateGeometry& g, const Wrench& w) {
  const double s = g.sense == Sense::action ? -1 : 1;
  const Vec3 f = into_plate(g.rotation, s * w[0], s * w[1], s * w[2]);
  const Vec3 m = into_plate(g.rotation, s * w[3], s * w[4], s * w[5]);
  return moved({f[0], f[1], f[2], m[0], m[1], m[2]}, g.origin_m);
}

Wrench to_surface(const PlateGeometry& g, const Wrench& sensor) {
  const double s = g.sense == Sense::action ? -1 : 1;
  const Wrench w = moved(sensor, {-g.origin_m[0], -g.origin_m[1], -g.origin_m[2]});
  const Vec3 f = out_of_plate(g.rotation, s * w[0], s * w[1], s * w[2]);
  const Vec3 m = out_of_plate(g.rotation, s * w[3], s * w[4], s * w[5]);
  return {f[0], f[1], f[2], m[0], m[1], m[2]};
}

}  // namespace grfd
