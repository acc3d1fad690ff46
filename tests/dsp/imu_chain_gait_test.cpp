// The chain against Vicon Plug-in-Gait: sensors made from the optical segment frames of walking children.
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "dsp/dorsiflexion.hpp"
#include "dsp/imu_chain.hpp"
#include "test_data.hpp"

BOOST_AUTO_TEST_SUITE(imu_chain_gait)

using namespace grfd;

namespace {

using Series = std::vector<double>;

/// Second-order Butterworth, 20 Hz at 1 kHz, started at its steady state; written out here, apart from the filters of
/// the pipeline.
Series low_pass_20hz(const Series& x) {
  const double c = std::tan(std::numbers::pi * 20 / 1000), q = std::numbers::sqrt2;
  const double d = 1 + q * c + c * c, b = c * c / d, a1 = 2 * (c * c - 1) / d, a2 = (1 - q * c + c * c) / d;
  double z1 = x[0] * (1 - b), z2 = x[0] * (b - a2);
  Series y;
  for (const double v : x) {
    const double o = b * v + z1;
    z1 = 2 * b * v - a1 * o + z2;
    z2 = b * v - a2 * o;
    y.push_back(o);
  }
  return y;
}
constexpr double kDelay = 11.24e-3;

/// Linear interpolation on a 1 kHz series that starts at t0; NaN outside.
double at(const Series& y, double t0, double t) {
  const double p = (t - t0) * 1000;
  const auto i = static_cast<std::ptrdiff_t>(std::floor(p + 1e-9));
  if (i < 0 || i + 1 >= static_cast<std::ptrdiff_t>(y.size())) return std::nan("");
  const double u = p - static_cast<double>(i);
  return y[static_cast<std::size_t>(i)] * (1 - u) + y[static_cast<std::size_t>(i) + 1] * u;
}

struct Agreement {
  double r = 0, bias = 0, rms = 0, sd = 0, slope = 0;
  int n = 0;
};
Agreement agreement(const Series& got, const Series& want) {
  double n = 0, sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0, sd = 0, sdd = 0;
  for (std::size_t k = 0; k < got.size(); ++k) {
    const double x = want[k], y = got[k];
    if (std::isnan(x + y)) continue;
    n += 1, sx += x, sy += y, sxx += x * x, syy += y * y, sxy += x * y, sd += y - x, sdd += (y - x) * (y - x);
  }
  const double cxy = sxy - sx * sy / n, cxx = sxx - sx * sx / n, cyy = syy - sy * sy / n;
  return {cxy / std::sqrt(cxx * cyy),           sd / n,    std::sqrt(sdd / n),
          std::sqrt(sdd / n - sd * sd / n / n), cxy / cxx, int(n)};
}

struct Published {
  const char* trial;
  int n;
  double r, bias, rms, sd;                    // angle, deg
  double scalar_r, scalar_rms, scalar_slope;  // rate, deg/s
  double exact_r, exact_rms, exact_slope;
};
const Published kTrials[] = {{"HC030A05_L", 187, .998, -.61, .83, .57, .997, 8.8, .99, .999, 5.7, 1.01},
                             {"HC030A05_R", 187, .992, -1.34, 1.57, .80, .991, 11.8, .97, .996, 8.6, 1.04},
                             {"HC030A22_L", 546, .993, -.19, .80, .78, .994, 8.7, 1.00, .996, 7.8, 1.03},
                             {"HC030A22_R", 546, .978, -1.47, 1.99, 1.34, .976, 16.1, .97, .992, 10.5, 1.05},
                             {"HC032A03_L", 201, .999, -.39, .78, .68, .997, 12.5, .97, .998, 9.8, .99},
                             {"HC032A03_R", 201, .998, -.42, .72, .59, .997, 9.7, .96, .997, 8.5, 1.01},
                             {"HC032A18_L", 305, .998, .36, .84, .76, .989, 20.8, 1.00, .996, 12.2, 1.02},
                             {"HC032A18_R", 305, .996, -.38, 1.02, .95, .995, 16.4, .93, .997, 9.8, 1.00}};

struct Course {
  Series angle, exact, scalar;  // deg, deg/s at 1 kHz, without the five seconds of rest
};

Course run(const Vec3& rest, const Vec3& up, const Vec3& left, const std::vector<Series>& rows, std::size_t gyro,
           std::size_t force) {
  ImuChain chain(1e-3);
  BOOST_REQUIRE(chain.set_pose(up));
  BOOST_REQUIRE(chain.set_axis(left));
  Course c;
  const auto take = [&](const Vec3& w, const Vec3& f, bool keep) {
    const SegmentMotion m = chain.step({w, f, 1e-3, 0, false});
    if (!keep) return;
    c.angle.push_back(m.theta_rad * kDegPerRad);
    c.exact.push_back(m.theta_rate_rad_s * kDegPerRad);
    c.scalar.push_back(inclination_rate_scalar(m.gyro_rad_s) * kDegPerRad);
  };
  for (int k = 0; k < 5000; ++k) take({}, rest, false);
  for (const Series& r : rows) take({r[gyro], r[gyro + 1], r[gyro + 2]}, {r[force], r[force + 1], r[force + 2]}, true);
  return c;
}

}  // namespace

BOOST_AUTO_TEST_CASE(ankle_angle_and_rate_of_gait_against_plug_in_gait) {
  const auto folder = test_data::set("05_c3d_gait_dual_raw6_1000Hz_biomechZoo");
  if (folder.empty()) return;
  double worst_angle = 0, worst_rate = 0;
  for (const Published& p : kTrials) {
    const std::string base = (folder / "virtual_imu" / p.trial).string();
    const auto text = test_data::lines(base + ".csv.gz");
    const auto head = nlohmann::json::parse(text[0].substr(2));
    std::vector<Series> rows;
    for (std::size_t k = 2; k < text.size(); ++k) rows.push_back(test_data::numbers(text[k]));
    const double t0 = rows[0][0];
    const Course s = run(head["rest_acc_shank"], head["up_shank"], head["ml_left"], rows, 1, 4);
    const Course f = run(head["rest_acc_foot"], head["up_foot"], head["ml_left"], rows, 7, 10);
    Series df, exact, scalar;
    for (std::size_t k = 0; k < s.angle.size(); ++k) {
      df.push_back(s.angle[k] - f.angle[k]);
      exact.push_back(s.exact[k] - f.exact[k]);
      scalar.push_back(s.scalar[k] - f.scalar[k]);
    }
    exact = low_pass_20hz(exact);  // its steady-state start is the first sample of the gait, as in the reference
    scalar = low_pass_20hz(scalar);

    // the reference output: same recipe through the upstream filter
    const auto reference = test_data::lines(base + ".ref.csv");
    BOOST_TEST(static_cast<int>(reference.size()) - 1 >= p.n);
    for (std::size_t k = 1; k < reference.size(); ++k) {
      const Series r = test_data::numbers(reference[k]);
      const double t = r[0];
      const double angles[3] = {at(s.angle, t0, t), at(f.angle, t0, t), at(df, t0, t)};
      for (int i = 0; i < 3; ++i) worst_angle = std::max(worst_angle, std::fabs(angles[i] - r[1 + i]));
      const double rates[2] = {at(scalar, t0, t + kDelay), at(exact, t0, t + kDelay)};
      for (int i = 0; i < 2; ++i)
        if (!std::isnan(rates[i] + r[4 + i])) worst_rate = std::max(worst_rate, std::fabs(rates[i] - r[4 + i]));
    }

    // Vicon
    Series angle_got, angle_want, exact_got, scalar_got, rate_want;
    const auto pig = test_data::lines(base + ".pig.csv");
    for (std::size_t k = 1; k < pig.size(); ++k) {
      const Series r = test_data::numbers(pig[k]);
      angle_got.push_back(at(df, t0, r[0]));
      angle_want.push_back(r[1]);
      exact_got.push_back(at(exact, t0, r[0] + kDelay));
      scalar_got.push_back(at(scalar, t0, r[0] + kDelay));
      rate_want.push_back(r[2]);
    }
    const Agreement a = agreement(angle_got, angle_want), e = agreement(exact_got, rate_want),
                    c = agreement(scalar_got, rate_want);
    std::printf(
        "gait %s: angle r %.3f bias %+.2f RMS %.2f SD %.2f deg (n %d); scalar rate r %.3f RMS %.1f slope %.2f; exact "
        "rate r %.3f RMS %.1f slope %.2f\n",
        p.trial, a.r, a.bias, a.rms, a.sd, a.n, c.r, c.rms, c.slope, e.r, e.rms, e.slope);
    // bounds for any such trial
    BOOST_TEST(a.r >= .97);
    BOOST_TEST(a.rms <= 2.5);
    BOOST_TEST(std::fabs(a.bias) <= 2.0);
    BOOST_TEST(a.sd <= 1.8);
    BOOST_TEST(c.r >= .97);
    BOOST_TEST(c.rms <= 22);
    BOOST_TEST((c.slope >= .92 && c.slope <= 1.06));
    BOOST_TEST(e.r >= .985);
    BOOST_TEST(e.rms <= 20);
    BOOST_TEST((e.slope >= .94 && e.slope <= 1.06));
    // and the figures of this one, to their last digit
    BOOST_TEST(a.n == p.n);
    BOOST_TEST(std::fabs(a.bias - p.bias) < .01);
    BOOST_TEST(std::fabs(a.rms - p.rms) < .01);
    BOOST_TEST(std::fabs(a.sd - p.sd) < .01);
    BOOST_TEST(std::fabs(c.rms - p.scalar_rms) < .1);
    BOOST_TEST(std::fabs(e.rms - p.exact_rms) < .1);
    for (const double d : {a.r - p.r, c.r - p.scalar_r, e.r - p.exact_r}) BOOST_TEST(std::fabs(d) < .001);
    for (const double d : {c.slope - p.scalar_slope, e.slope - p.exact_slope}) BOOST_TEST(std::fabs(d) < .01);
  }
  std::printf("gait: largest difference from the reference output %.5f deg, %.4f deg/s\n", worst_angle, worst_rate);
  BOOST_TEST(worst_angle < .01);
  BOOST_TEST(worst_rate < .1);
}

BOOST_AUTO_TEST_SUITE_END()
