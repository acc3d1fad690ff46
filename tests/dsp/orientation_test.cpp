#include "dsp/orientation.hpp"

#include <hdf5.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "imu_simulation.hpp"
#include "test_data.hpp"

BOOST_AUTO_TEST_SUITE(orientation)

using namespace grfd;
namespace sim = grfd::imu_simulation;

namespace {

struct Vector {
  nlohmann::json json = nlohmann::json::parse(std::ifstream(GRFD_FIXTURES "/vqf6.json"));
  std::vector<Vec3> gyro = json["gyr"], force = json["acc"];
  double interval_s = json["Ts"];
};

struct Broad {
  std::vector<double> gyro, force, optical;
  std::vector<std::uint8_t> movement;
  explicit Broad(const std::string& file) {
    const hid_t f = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    BOOST_REQUIRE(f >= 0);
    gyro = read<double>(f, "imu_gyr", H5T_NATIVE_DOUBLE);
    force = read<double>(f, "imu_acc", H5T_NATIVE_DOUBLE);
    optical = read<double>(f, "opt_quat", H5T_NATIVE_DOUBLE);
    movement = read<std::uint8_t>(f, "movement", 0);
    H5Fclose(f);
  }
  template <class T>
  static std::vector<T> read(hid_t f, const char* name, hid_t memory) {
    const hid_t d = H5Dopen2(f, name, H5P_DEFAULT), space = H5Dget_space(d), type = H5Dget_type(d);
    std::vector<T> v(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
    BOOST_REQUIRE(H5Dread(d, memory ? memory : type, H5S_ALL, H5S_ALL, H5P_DEFAULT, v.data()) >= 0);
    H5Tclose(type), H5Sclose(space), H5Dclose(d);
    return v;
  }
  Vec3 row(const std::vector<double>& v, std::size_t k) const { return {v[3 * k], v[3 * k + 1], v[3 * k + 2]}; }
};

/// Published figures of one trial (upstream filter in double; the optical system is the truth).
struct Known {
  const char* file;
  double inclination, heading, total;
  std::array<Quat, 2> checkpoints;  // after samples 15000 and 30000
  Vec3 bias_deg_s;
};
const Known kTrials[] = {{"02_undisturbed_slow_rotation_B.hdf5",
                          0.429,
                          0.805,
                          0.912,
                          {{{0.927337, -0.373481, 0.017606, -0.015775}, {0.803851, -0.060774, -0.591718, 0.000785}}},
                          {0.200, 0.113, -0.228}},
                         {"15_undisturbed_fast_translation_A.hdf5",
                          0.470,
                          2.722,
                          2.763,
                          {{{0.994876, 0.019252, -0.068781, 0.071555}, {0.949585, -0.005454, 0.011219, 0.313262}}},
                          {-0.098, -0.081, 0.455}}};

double largest(const Quat& a, const Quat& b) {
  const double s = a.w * b.w + a.x * b.x + a.y * b.y + a.z * b.z < 0 ? -1 : 1;
  return std::max(
      {std::fabs(a.w - s * b.w), std::fabs(a.x - s * b.x), std::fabs(a.y - s * b.y), std::fabs(a.z - s * b.z)});
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_quaternion_of_a_small_turn_is_that_of_mathematics) {
  const Vec3 axis = rot::normalized(Vec3{1, -2, 3});
  double worst_w = 0, worst_x = 0;
  for (double a = 1e-9; a < 0.1; a *= 1.001) {  // on both sides of where the series ends
    const Quat q = rot::exp(rot::scale(axis, a));
    const auto half = static_cast<long double>(a) / 2;
    worst_w = std::max(worst_w, std::fabs(static_cast<double>(q.w - std::cos(half))));
    worst_x = std::max(worst_x, std::fabs(static_cast<double>(q.y / (axis[1] * std::sin(half)) - 1)));
  }
  BOOST_TEST(worst_w < 1.2e-16);  // one unit in the last place below 1
  BOOST_TEST(worst_x < 1.5e-15);
}

BOOST_AUTO_TEST_CASE(the_filter_reproduces_its_reference) {
  const Vector v;
  Vqf6 filter(v.interval_s);
  Vqf6::State s = filter.start();
  std::size_t next = 0;
  double worst = 0;
  for (std::size_t k = 0; k < v.gyro.size(); ++k) {
    filter.step(s, v.gyro[k], v.force[k]);
    if (next == v.json["out"].size() || v.json["out"][next][0].get<std::size_t>() != k) continue;
    const std::vector<double> want = v.json["out"][next++];
    const Quat q = s.orientation();
    const std::array<double, 7> got{q.w, q.x, q.y, q.z, s.bias[0], s.bias[1], s.bias[2]};
    for (std::size_t i = 0; i < 7; ++i) worst = std::max(worst, std::fabs(got[i] - want[i + 1]));
    BOOST_TEST(s.rest == (want[8] != 0));
  }
  BOOST_TEST(next == 24);
  BOOST_TEST_MESSAGE("vqf6.json: largest difference " << worst);
  BOOST_TEST(worst < 1e-9);
}

BOOST_AUTO_TEST_CASE(real_motion_against_the_optical_orientation) {
  const auto folder = test_data::set("08_imu_optical_BROAD_286Hz");
  if (folder.empty()) return;
  for (const Known& known : kTrials) {
    const Broad data(folder / known.file);
    Vqf6 filter(7.0 / 2000);
    Vqf6::State s = filter.start();
    double inclination = 0, heading = 0, total = 0, worst = 0, checkpoint = 0;
    std::size_t n = 0, reached = 0;
    Quat yaw;  // constant heading offset, from the first valid sample of the movement
    for (std::size_t k = 0; k < data.movement.size(); ++k) {
      filter.step(s, data.row(data.gyro, k), data.row(data.force, k));
      const Quat q = s.orientation();
      if (k == 15000 || k == 30000) checkpoint = std::max(checkpoint, largest(q, known.checkpoints[reached++]));
      const double* o = &data.optical[4 * k];
      if (!data.movement[k] || std::isnan(o[0] + o[1] + o[2] + o[3])) continue;
      Quat e = rot::mul(q, rot::conj({o[0], o[1], o[2], o[3]}));
      if (n++ == 0) yaw = rot::normalized(Quat{e.w, 0, 0, -e.z});
      e = rot::mul(yaw, e);
      const auto deg = [](double half) { return 2 * half * kDegPerRad; };
      const double i = deg(std::acos(std::min(1.0, std::hypot(e.w, e.z))));
      const double h = deg(std::atan2(std::fabs(e.z), std::fabs(e.w)));
      const double t = deg(std::acos(std::min(1.0, std::fabs(e.w))));
      inclination += i * i, heading += h * h, total += t * t;
      worst = std::max(worst, i);
    }
    const auto rmse = [&](double sum) { return std::sqrt(sum / static_cast<double>(n)); };
    const Vec3 bias = rot::scale(s.bias, kDegPerRad);
    std::printf(
        "BROAD %s: RMSE inclination %.4f (max %.2f) heading %.4f total %.4f deg; bias %.3f %.3f %.3f deg/s; checkpoint "
        "%.1e\n",
        known.file, rmse(inclination), worst, rmse(heading), rmse(total), bias[0], bias[1], bias[2], checkpoint);
    BOOST_TEST(reached == 2);
    BOOST_TEST(checkpoint < 2e-6);
    BOOST_TEST(std::fabs(rmse(inclination) - known.inclination) < 0.005);
    BOOST_TEST(std::fabs(rmse(heading) - known.heading) < 0.02);
    BOOST_TEST(std::fabs(rmse(total) - known.total) < 0.02);
    BOOST_TEST(rot::norm(rot::sub(bias, known.bias_deg_s)) < 0.002);
  }
}

BOOST_AUTO_TEST_CASE(a_new_interval_leaves_the_state_alone) {
  // A still, tilted sensor: every low-pass is at its steady state, so neither the interval nor a change of it may show.
  Vqf6 filter(1e-3);
  Vqf6::State s = filter.start();
  const Vec3 force{1.5, -2.0, 9.4}, still{};
  for (int k = 0; k < 60000; ++k) filter.step(s, still, force);  // the first innovation has to be forgotten
  const auto tilt = [&] { return rot::angle(rot::rotate(s.orientation(), force), {0, 0, 1}); };
  BOOST_TEST(tilt() < 1e-8);
  for (const double t : {1.01e-3, 0.98e-3, 1.9e-3, 1.00003e-3}) {
    filter.set_interval(s, t);
    for (int k = 0; k < 200; ++k) {
      filter.step(s, still, force);
      BOOST_REQUIRE(rot::norm(rot::sub(s.force.level, rot::rotate(s.gyro, force))) < 1e-7);
      BOOST_REQUIRE(tilt() < 1e-8);
    }
  }
  const double kept = s.interval_s;
  for (const double bad : {0.0, -1e-3, 0.4e-3, 2.1e-3, std::nan(""), HUGE_VAL}) filter.set_interval(s, bad);
  BOOST_TEST(s.interval_s == kept);
  BOOST_CHECK_THROW(Vqf6(0.0), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_wrong_interval_costs_what_the_benchmark_says_and_the_measured_one_repairs_it) {
  const auto folder = test_data::set("08_imu_optical_BROAD_286Hz");
  if (folder.empty()) return;
  const Broad data(folder / kTrials[0].file);
  // The filter is built for a rate 1 % too high and told the true one in small steps over the first 2000 samples.
  const auto run = [&](bool told) {
    Vqf6 filter(7.0 / 2000 / 1.01);
    Vqf6::State s = filter.start();
    double sum = 0;
    std::size_t n = 0;
    for (std::size_t k = 0; k < data.movement.size(); ++k) {
      if (told) filter.set_interval(s, 7.0 / 2000 / (1 + 0.01 * std::max(0.0, 1 - double(k) / 2000)));
      filter.step(s, data.row(data.gyro, k), data.row(data.force, k));
      const double* o = &data.optical[4 * k];
      if (!data.movement[k] || std::isnan(o[0] + o[1] + o[2] + o[3])) continue;
      const Quat e = rot::mul(s.orientation(), rot::conj({o[0], o[1], o[2], o[3]}));
      const double i = 2 * std::acos(std::min(1.0, std::hypot(e.w, e.z))) * kDegPerRad;
      sum += i * i;
      ++n;
    }
    return std::sqrt(sum / static_cast<double>(n));
  };
  const double wrong = run(false), repaired = run(true);
  std::printf("BROAD 02 with a 1 %% wrong interval: inclination %.3f deg, told the measured one %.3f deg\n", wrong,
              repaired);
  BOOST_TEST(std::fabs(wrong - 1.255) < 0.005);
  BOOST_TEST(std::fabs(repaired - 0.429) < 0.005);
}

BOOST_AUTO_TEST_CASE(a_state_put_back_goes_on_bit_for_bit) {
  const Vector v;
  Vqf6 a(v.interval_s), b(0.1);  // b learns even the interval from the state
  Vqf6::State s = a.start();
  for (std::size_t k = 0; k < 1000; ++k) a.step(s, v.gyro[k], v.force[k]);
  Vqf6::State copy;
  std::memcpy(&copy, &s, sizeof s);
  for (std::size_t k = 1000; k < v.gyro.size(); ++k) {
    a.step(s, v.gyro[k], v.force[k]);
    b.step(copy, v.gyro[k], v.force[k]);
  }
  BOOST_TEST(std::memcmp(&copy, &s, sizeof s) == 0);
}

BOOST_AUTO_TEST_CASE(cost_of_a_step) {
  const Vector v;
  Vqf6 filter(v.interval_s);
  Vqf6::State s = filter.start();
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int pass = 0; pass < 20; ++pass)
      for (std::size_t k = 0; k < v.gyro.size(); ++k) filter.step(s, v.gyro[k], v.force[k]);
    const std::chrono::duration<double, std::nano> d = std::chrono::steady_clock::now() - begin;
    best = std::min(best, d.count() / (20.0 * double(v.gyro.size())));
  }
  std::printf("orientation: %.0f ns per step\n", best);
  BOOST_TEST(std::isfinite(s.orientation().w));
}

BOOST_AUTO_TEST_SUITE_END()
