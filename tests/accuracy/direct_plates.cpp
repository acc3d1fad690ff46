// The plates of a C3D file. The channels come from the reader; what is made of them comes from dsp/.
#include <cmath>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>

#include "drivers/emulation/c3d_plates.hpp"
#include "dsp/c3d_plate.hpp"
#include "dsp/wrench.hpp"
#include "tests/accuracy/direct.hpp"

namespace grfd::accuracy {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kLoadedN = 20, kMetre = 1e-3;

/// By the rules of the plate's TYPE in dsp/, from the file's channels in mm, N and N.mm: wrench about the surface
/// centre.
class Plate {
 public:
  Plate(const C3dFile& file, std::size_t k) {
    const auto channel = file.numbers("FORCE_PLATFORM", "CHANNEL"), origin = file.numbers("FORCE_PLATFORM", "ORIGIN");
    const std::size_t rows = file.find("FORCE_PLATFORM", "CHANNEL")->dims.at(0);
    type_ = static_cast<int>(file.numbers("FORCE_PLATFORM", "TYPE").at(k));
    const std::size_t count = type_ == 3 ? 8 : 6;
    for (std::size_t i = 0; i < count; ++i)
      values_.push_back(file.channel(static_cast<std::size_t>(channel.at(rows * k + i)) - 1));
    origin_ =
        c3d_origin(type_, {origin.at(3 * k) * kMetre, origin.at(3 * k + 1) * kMetre, origin.at(3 * k + 2) * kMetre});
    if (type_ != 4) return;
    const auto all = file.numbers("FORCE_PLATFORM", "CAL_MATRIX");
    const std::size_t columns = file.find("FORCE_PLATFORM", "CAL_MATRIX")->dims.at(1);
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t j = 0; j < 6; ++j) matrix_[i][j] = all.at(6 * columns * k + 6 * j + i);
  }

  Wrench6 sensor(std::size_t s) const {
    Wrench6 w{};
    if (type_ == 3) {
      std::array<double, 8> f;
      for (std::size_t i = 0; i < 8; ++i) f[i] = values_[i][s];
      return product(kistler_matrix(origin_.a, origin_.b), f);
    }
    for (std::size_t i = 0; i < 6; ++i) w[i] = values_[i][s];
    if (type_ == 4) w = product(matrix_, w);
    if (type_ == 1) return type1_wrench({w[0], w[1], w[2], w[3] * kMetre, w[4] * kMetre, w[5] * kMetre});
    for (std::size_t i = 3; i < 6; ++i) w[i] *= kMetre;
    return w;
  }
  const Vec3& origin() const { return origin_.o; }

 private:
  int type_ = 0;
  C3dOrigin origin_;
  Mat6 matrix_{};
  std::vector<std::vector<double>> values_;
};

double norm(const Vec3& a, const Vec3& b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }

}  // namespace

void plates(const Words& arguments) {
  const C3dFile file = C3dFile::read(arguments.at(0));
  const C3dPlates read = read_c3d_plates(file);
  nlohmann::json head{{"rate_hz", read.rate_hz}, {"plates", nlohmann::json::array()}};
  std::vector<Plate> plates;
  std::vector<PlatePose> poses;
  double reader = 0;  // what emulated devices feel of the file, against the rules of dsp/
  for (std::size_t k = 0; k < read.plates.size(); ++k) {
    plates.emplace_back(file, k);
    poses.push_back(pose_from_corners(read.plates[k].corners_m));
    head["plates"].push_back({{"type", read.plates[k].type},
                              {"normal_z", poses[k].rotation[2][2]},
                              {"off_plane_m", poses[k].off_plane_m},
                              {"edge_misfit_m", poses[k].edge_misfit_m}});
    reader = std::max(reader, norm(plates[k].origin(), read.plates[k].origin_m));
  }
  Numbers out;
  for (std::size_t s = 0; s < read.plates[0].sensor.size(); ++s) {
    Wrench6 sum{};
    bool any = false;
    for (std::size_t k = 0; k < plates.size(); ++k) {
      const Wrench6 sensor = plates[k].sensor(s);
      for (std::size_t i = 0; i < 6; ++i) reader = std::max(reader, std::abs(sensor[i] - read.plates[k].sensor[s][i]));
      const Wrench6 w = shift(sensor, plates[k].origin()),
                    lab = to_lab(w, poses[k].rotation, poses[k].center, Sense::reaction);
      const bool loaded = std::abs(w[2]) >= kLoadedN;
      PressurePoint p = center_of_pressure(w);
      Vec3 at{};
      const Vec3& c = poses[k].center;
      for (std::size_t i = 0; i < 3; ++i) at[i] = c[i] + poses[k].rotation[i][0] * p.x + poses[k].rotation[i][1] * p.y;
      if (!loaded) p = {kNaN, kNaN, kNaN}, at = {kNaN, kNaN, kNaN};
      out.insert(out.end(), {lab[0], lab[1], lab[2], w[2], p.x, p.y, p.tz, at[0], at[1], at[2]});
      if (!loaded) continue;
      any = true;
      for (std::size_t i = 0; i < 6; ++i) sum[i] += lab[i];
    }
    const PressurePoint net = any ? center_of_pressure(sum) : PressurePoint{kNaN, kNaN, kNaN};
    out.insert(out.end(), {sum[0], sum[1], sum[2], net.x, net.y, net.tz});
  }
  head["reader_difference"] = reader;
  std::cout << head.dump() << "\n";
  write_numbers(out);
}

}  // namespace grfd::accuracy
