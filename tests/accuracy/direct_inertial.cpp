// Inertial sensors: the orientation filter alone, the chain from two sensors to the ankle, and the joint angles of two
// segments.
#include <iostream>
#include <nlohmann/json.hpp>

#include "dsp/dorsiflexion.hpp"
#include "dsp/filters.hpp"
#include "dsp/imu_chain.hpp"
#include "tests/accuracy/direct.hpp"

namespace grfd::accuracy {
namespace {

Vec3 vec(const Numbers& v, std::size_t at) { return {v[at], v[at + 1], v[at + 2]}; }

struct Sensor {
  ImuChain chain;
  SegmentMotion now;
  Sensor(double period_s, const Vec3& up, const Vec3& left, const Vec3& rest, int rest_samples) : chain(period_s) {
    if (!chain.set_pose(up) || !chain.set_axis(left)) throw std::runtime_error("ankle: up and left must span a frame");
    for (int k = 0; k < rest_samples; ++k) step({}, rest, period_s);
  }
  void step(const Vec3& gyro, const Vec3& force, double period_s) {
    now = chain.step({gyro, force, period_s, 0, false});
  }
};

}  // namespace

void orientation(const Words& arguments) {
  const Numbers in = read_rows(6);
  Vqf6 filter(std::stod(arguments.at(0)));
  Vqf6::State s = filter.start();
  Numbers out;
  for (std::size_t k = 0; k < in.size(); k += 6) {
    filter.step(s, vec(in, k), vec(in, k + 3));
    const Quat q = s.orientation();
    out.insert(out.end(), {q.w, q.x, q.y, q.z, s.bias[0], s.bias[1], s.bias[2], s.rest ? 1.0 : 0.0});
  }
  std::cout << "{}\n";
  write_numbers(out);
}

/// JSON: period_s, rest_samples, lead_rows (a rest among the rows, without an answer), rest_shank, rest_foot (m/s^2),
/// up_shank, up_foot, left_shank, left_foot (sensor axes).
/// -> shank, foot, dorsiflexion (deg), their exact rate and the scalar rate, low-passed (order 2, 20 Hz, deg/s, late by
/// the delay in the JSON line).
void ankle(const Words& arguments) {
  const auto j = nlohmann::json::parse(arguments.at(0));
  const double period = j.at("period_s");
  const int rest = j.at("rest_samples");
  Sensor shank(period, j.at("up_shank"), j.at("left_shank"), j.at("rest_shank"), rest);
  Sensor foot(period, j.at("up_foot"), j.at("left_foot"), j.at("rest_foot"), rest);
  ChannelFilter<2> filter(butterworth(2, 20, 1 / period));
  const Numbers in = read_rows(12);
  Numbers out;
  const std::size_t lead = j.value("lead_rows", std::size_t{0}) * 12;
  for (std::size_t k = 0; k < in.size(); k += 12) {
    shank.step(vec(in, k), vec(in, k + 3), period);
    foot.step(vec(in, k + 6), vec(in, k + 9), period);
    if (k < lead) continue;
    const SegmentMotion &s = shank.now, &f = foot.now;
    const auto exact = [](const SegmentMotion& m) {
      return inclination_rate(m.gyro_rad_s, m.up, heading_rate(m.gyro_rad_s, m.up));
    };
    std::array<double, 2> rate{exact(s) - exact(f),
                               inclination_rate_scalar(s.gyro_rad_s) - inclination_rate_scalar(f.gyro_rad_s)};
    filter.step(rate);
    const double angles[] = {s.theta_rad, f.theta_rad, s.theta_rad - f.theta_rad, rate[0], rate[1]};
    for (double a : angles) out.push_back(a * kDegPerRad);
  }
  std::cout << nlohmann::json{{"delay_s", butterworth_delay_s(2, 20, 1 / period)}}.dump() << "\n";
  write_numbers(out);
}

void joint(const Words& arguments) {
  const Side side = arguments.at(0) == "left" ? Side::left : Side::right;
  const Numbers in = read_rows(18);
  Numbers out;
  for (std::size_t k = 0; k < in.size(); k += 18) {
    const auto matrix = [&](std::size_t at) { return Mat3{vec(in, at), vec(in, at + 3), vec(in, at + 6)}; };
    const JcsAngles j = jcs_angles(matrix(k), matrix(k + 9), side);
    for (double a : {j.dorsiflexion, j.eversion, j.tibial_internal_rotation}) out.push_back(a * kDegPerRad);
  }
  std::cout << "{}\n";
  write_numbers(out);
}

}  // namespace grfd::accuracy
