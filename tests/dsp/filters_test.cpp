#include "dsp/filters.hpp"

#include <boost/test/unit_test.hpp>
#include <complex>

#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(filters)

using namespace grfd;
using grfd_test::worst;

namespace {

const nlohmann::json& filter_vectors() {
  static const nlohmann::json v = grfd_test::vectors("filters.json");
  return v;
}
double delay_of(const std::vector<double>& h, double rate_hz) {
  double d = 0;
  for (std::size_t i = 0; i < h.size(); ++i) d -= h[i] * double(i * i) / 2;
  return d / rate_hz / rate_hz;
}
double noise_of(const std::vector<double>& h) {
  double s = 0;
  for (double v : h) s += v * v;
  return std::sqrt(s);
}

}  // namespace

BOOST_AUTO_TEST_CASE(butterworth_sections_and_delay_equal_the_vectors) {
  for (const auto& v : filter_vectors()["butter"]) {
    const Cascade c = butterworth(v["order"], v["fc"], v["fs"]);
    BOOST_TEST(c.count == v["sos"].size());
    for (std::size_t k = 0; k < c.count; ++k) {
      const Biquad& b = c.sections[k];
      const std::array<double, 6> row{b.b0, b.b1, b.b2, 1, b.a1, b.a2};
      BOOST_TEST(worst(row, v["sos"][k], 6) < 1e-14);
    }
    BOOST_TEST(std::abs(butterworth_delay_s(v["order"], v["fc"], v["fs"]) - double(v["dc_delay_s"])) < 1e-14);
  }
}

BOOST_AUTO_TEST_CASE(every_order_is_3_db_at_its_cutoff_and_its_delay_is_the_numeric_one) {
  for (int order = 1; order <= 8; ++order)
    for (double fc : {3.0, 20.0, 100.0, 499.0}) {
      const Cascade c = butterworth(order, fc, 1000);
      BOOST_TEST(std::abs(std::pow(magnitude(c, fc, 1000), 2) - 0.5) < 1e-9);
      BOOST_TEST(std::abs(magnitude(c, 0, 1000) - 1) < 1e-9);
      const double closed = butterworth_delay_s(order, fc, 1000);
      BOOST_TEST(std::abs(closed - group_delay_s(c, 0, 1000)) < 1e-9);
      // maximally flat: |H|^2 = 1 / (1 + (tan/tan)^2n)
      const double ratio = std::tan(3.141592653589793 * 0.4 * fc / 1000) / std::tan(3.141592653589793 * fc / 1000);
      BOOST_TEST(std::abs(std::pow(magnitude(c, 0.4 * fc, 1000), 2) - 1 / (1 + std::pow(ratio, 2 * order))) < 1e-9);
    }
  BOOST_CHECK_THROW(butterworth(0, 20, 1000), std::invalid_argument);
  BOOST_CHECK_THROW(butterworth(9, 20, 1000), std::invalid_argument);
  BOOST_CHECK_THROW(butterworth(2, 0, 1000), std::invalid_argument);
  BOOST_CHECK_THROW(butterworth(2, 500, 1000), std::invalid_argument);
  BOOST_CHECK_THROW(butterworth(2, std::nan(""), 1000), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(published_delays_and_noise_gains) {
  struct Line {
    int order;
    double fc, dc, half, at, noise;
  };
  for (const Line& l :
       {Line{2, 6, 37.5, 44.1, 37.5, .115}, Line{2, 10, 22.5, 26.5, 22.5, .149}, Line{2, 15, 15.0, 17.7, 15.0, .182},
        Line{2, 20, 11.2, 13.2, 11.3, .211}, Line{2, 50, 4.5, 5.3, 4.6, .331}, Line{2, 100, 2.2, 2.6, 2.4, .463},
        Line{4, 10, 41.6, 47.4, 58.9, .143}, Line{4, 20, 20.8, 23.7, 29.5, .203}, Line{4, 50, 8.3, 9.5, 12.0, .320}}) {
    const Cascade c = butterworth(l.order, l.fc, 1000);
    BOOST_TEST(std::abs(1e3 * group_delay_s(c, 1e-3, 1000) - l.dc) < .06);
    BOOST_TEST(std::abs(1e3 * group_delay_s(c, l.fc / 2, 1000) - l.half) < .06);
    BOOST_TEST(std::abs(1e3 * group_delay_s(c, l.fc, 1000) - l.at) < .06);
    BOOST_TEST(std::abs(noise_gain(c) - l.noise) < .0006);
    BOOST_TEST(std::abs(1e3 * butterworth_delay_s(l.order, l.fc, 1000) - l.dc) < .06);
  }
}

BOOST_AUTO_TEST_CASE(a_filter_has_no_start_transient_and_lags_a_ramp_by_its_delay) {
  ChannelFilter<6> f(butterworth(4, 20, 1000));
  const std::array<double, 6> standing{3, -7, 812, 41, -22, 1.5};
  for (int k = 0; k < 50; ++k) {
    auto x = standing;
    f.step(x);
    BOOST_TEST(worst(x, standing, 6) < 1e-9);
  }
  for (int order : {1, 2, 3, 8}) {
    ChannelFilter<2> ramp(butterworth(order, 20, 1000));
    std::array<double, 2> y{};
    for (int k = 0; k < 3000; ++k) {
      y = {3e-3 * k, 5 - 2e-3 * k};
      ramp.step(y);
    }
    const double delay = butterworth_delay_s(order, 20, 1000);
    BOOST_TEST(std::abs(3 * 2.999 - y[0] - 3 * delay) < 1e-9);
    BOOST_TEST(std::abs(5 - 2 * 2.999 - y[1] + 2 * delay) < 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(a_filter_restarts_after_the_unknown) {
  ChannelFilter<2> f(butterworth(2, 20, 1000));
  std::array<double, 2> x{800, 1};
  f.step(x);
  x = {800, std::nan("")};
  f.step(x);
  BOOST_TEST(std::isnan(x[0]));
  BOOST_TEST(std::isnan(x[1]));
  x = {10, 2};
  f.step(x);
  BOOST_TEST(std::abs(x[0] - 10) < 1e-12);
  BOOST_TEST(std::abs(x[1] - 2) < 1e-12);
  f.reset();
  x = {-4, std::numeric_limits<double>::infinity()};
  f.step(x);
  BOOST_TEST(std::isnan(x[0]));
  // the state alone continues a filter
  ChannelFilter<1> a(butterworth(3, 10, 1000)), b(butterworth(3, 10, 1000));
  for (int k = 0; k < 100; ++k) {
    std::array<double, 1> u{std::sin(0.1 * k)};
    a.step(u);
  }
  b.state() = a.state();
  std::array<double, 1> u{2}, v{2};
  a.step(u), b.step(v);
  BOOST_TEST(u[0] == v[0]);
}

BOOST_AUTO_TEST_CASE(the_sway_filter_equals_its_vector) {
  const auto& v = filter_vectors()["sway"];
  const auto x = v["x"].get<std::vector<double>>();
  const auto y = sway_filter(x, v["fs"], v["fc"]);
  BOOST_TEST(y.size() == x.size());
  BOOST_TEST(worst(y, v["y"], y.size()) < 1e-10);
  // a hole ends one stretch and begins another
  std::vector<double> holed = {3, 4};
  holed.push_back(std::nan(""));
  holed.insert(holed.end(), x.begin(), x.end());
  const auto z = sway_filter(holed, v["fs"], v["fc"]);
  BOOST_TEST(std::isnan(z[2]));
  BOOST_TEST(std::isfinite(z[1]));
  BOOST_TEST(worst(std::span(z).subspan(3), v["y"], y.size()) < 1e-10);
}

BOOST_AUTO_TEST_CASE(zero_phase_is_symmetric_and_its_corrected_cutoff_is_exact) {
  for (double rate : {100.0, 1000.0}) {
    const double fc = zero_phase_cutoff_hz(10, 2, rate);
    BOOST_TEST(std::abs(std::pow(magnitude(butterworth(2, fc, rate), 10, rate), 4) - 0.5) < 1e-12);
  }
  BOOST_TEST(std::abs(zero_phase_cutoff_hz(10, 2, 1e6) - 12.465) < 1e-3);
  // a constant passes unchanged, a ramp is not shifted once its start has decayed, a pulse stays centred
  std::vector<double> flat(100, 812.0), ramp(600), pulse(801, 0.0), step(1200, 0.0);
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = 3 + 0.5 * double(i);
  BOOST_TEST(worst(zero_phase(flat, butterworth(4, 50, 1000), 18), flat, flat.size()) < 1e-9);
  const auto r = zero_phase(ramp, butterworth(4, 50, 1000), 18);
  for (std::size_t i = 250; i < 350; ++i) BOOST_TEST(std::abs(r[i] - ramp[i]) < 1e-8);
  pulse[400] = 1;
  const auto p = zero_phase(pulse, butterworth(2, 20, 1000), 9);
  for (std::size_t i = 1; i < 200; ++i) BOOST_TEST(std::abs(p[400 + i] - p[400 - i]) < 1e-9);
  for (std::size_t i = 600; i < 1200; ++i) step[i] = 1;
  const auto s = zero_phase(step, butterworth(2, 10, 1000), 9);
  std::size_t first = 0;
  while (s[first] <= .05) ++first;
  BOOST_TEST(600 - first > 15u);  // the onset appears about 20 ms early
  BOOST_TEST(600 - first < 40u);
  BOOST_TEST(zero_phase(std::vector<double>{2.0}, butterworth(2, 10, 1000), 9).size() == 1u);
  BOOST_TEST(zero_phase(std::vector<double>{2.0, 2.0, 2.0}, butterworth(2, 10, 1000), 9)[1] == 2.0,
             boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(polynomial_derivatives_equal_vectors_and_closed_forms) {
  for (const auto& v : filter_vectors()["poly"]) {
    const auto h = polynomial_derivative(v["n"], v["deg"], v["fs"]);
    BOOST_TEST(worst(h, v["h"], h.size()) < 1e-9);
  }
  const double fs = 1000;
  for (const std::size_t taps : {5u, 21u, 41u, 81u, 121u}) {
    const double n = double(taps);
    const auto slope = polynomial_derivative(taps, 1, fs);
    BOOST_TEST(std::abs(delay_of(slope, fs) - (n - 1) / 2 / fs) < 1e-12);
    BOOST_TEST(std::abs(noise_of(slope) - std::sqrt(12 / (n * (n * n - 1))) * fs) < 1e-9);
    const auto end = polynomial_derivative(taps, 2, fs);
    BOOST_TEST(std::abs(delay_of(end, fs)) < 1e-12);
    BOOST_TEST(std::abs(noise_of(end) -
                        std::sqrt(12 * (2 * n - 1) * (8 * n - 11) / (n * (n * n - 1) * (n * n - 4))) * fs) < 1e-9);
  }
  BOOST_TEST(std::abs(delay_of(polynomial_derivative(41, 2, fs, 20), fs) - .020) < 1e-12);
  // exact on polynomials of its own degree, anywhere in the window
  for (int degree = 1; degree <= 6; ++degree)
    for (double at : {0.0, 10.0, 30.0, 60.0}) {
      const auto h = polynomial_derivative(61, degree, fs, at);
      double got = 0, want = 0;
      for (std::size_t i = 0; i < 61; ++i) got += h[i] * std::pow(double(60 - i) / fs + .01, degree);
      want = degree * std::pow((60 - at) / fs + .01, degree - 1);
      BOOST_TEST(std::abs(got - want) < 1e-8 * std::max(1.0, std::abs(want)));
    }
  BOOST_CHECK_THROW(polynomial_derivative(3, 3, fs), std::invalid_argument);
  BOOST_CHECK_THROW(polynomial_derivative(21, 2, fs, 21), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(published_delays_noise_gains_and_bandwidths_of_derivatives) {
  struct Line {
    std::size_t n;
    int degree;
    double at, delay_ms, noise, crosses_db, at_hz, highest_db, highest_hz;  // highest: 0 when not published
  };
  for (const Line& l : {Line{21, 1, 0, 10, 36.0, -3, 28, 0, 0}, Line{41, 1, 0, 20, 13.2, -3, 14, 0, 0},
                        Line{41, 2, 20, 20, 13.2, -3, 14, 0, 0}, Line{81, 1, 0, 40, 4.75, -3, 7, 0, 0},
                        Line{41, 2, 0, 0, 51.7, 3, 10, 4.2, 18}, Line{81, 2, 0, 0, 18.8, 3, 5, 4.2, 9},
                        Line{61, 2, 10, 10, 19.9, -3, 21, 1.4, 10}, Line{81, 3, 0, 0, 46.3, 3, 7, 7.9, 15}}) {
    const auto h = polynomial_derivative(l.n, l.degree, 1000, l.at);
    const auto gain_db = [&h](double hz) {  // beside the ideal derivative
      std::complex<double> sum = 0;
      const double w = 2 * 3.141592653589793 * hz / 1000;
      for (std::size_t i = 0; i < h.size(); ++i) sum += h[i] * std::polar(1.0, -w * double(i));
      return 20 * std::log10(std::abs(sum) / (w * 1000));
    };
    BOOST_TEST_CONTEXT("n = " << l.n << ", degree " << l.degree << ", at " << l.at) {
      BOOST_TEST(std::abs(1e3 * delay_of(h, 1000) - l.delay_ms) < 1e-6);
      BOOST_TEST(std::abs(noise_of(h) - l.noise) < .06);
      double hz = 0.2;
      while (std::abs(gain_db(hz)) < 3) hz += 0.05;
      BOOST_TEST(std::abs(hz - l.at_hz) < .6);
      BOOST_TEST(gain_db(hz) * l.crosses_db > 0);
      if (l.highest_hz == 0) continue;
      double highest = 0;
      for (double f = 1; f < 60; f += 0.1) highest = std::max(highest, gain_db(f));
      BOOST_TEST(std::abs(highest - l.highest_db) < .06);
      BOOST_TEST(std::abs(gain_db(l.highest_hz) - highest) < .06);
    }
  }
}

BOOST_AUTO_TEST_CASE(rate_of_force_development_equals_its_vector) {
  const auto& v = filter_vectors()["rfd_default"];
  const auto h = polynomial_derivative(v["n"], v["deg"], v["fs"], v["at"]);
  BOOST_TEST(worst(h, v["h"], h.size()) < 1e-9);
  auto rfd = RunningDerivative::rate_of_force_development(1000);
  const auto& fz = v["fz"];
  for (std::size_t k = 0; k < fz.size(); ++k) {
    const double y = rfd.step(fz[k]);
    if (k < 60)
      BOOST_TEST(std::isnan(y));
    else
      BOOST_TEST(std::abs(y - double(v["rfd_from_60"][k - 60])) < 1e-8);
  }
  // an unknown sample empties the window
  BOOST_TEST(std::isnan(rfd.step(std::nan(""))));
  for (int k = 0; k < 60; ++k) BOOST_TEST(std::isnan(rfd.step(1.5 * k)));
  BOOST_TEST(std::abs(rfd.step(90) - 1500) < 1e-8);
}

// expected: scipy.signal.sosfiltfilt and savgol_filter (make_zero_phase.py)
BOOST_AUTO_TEST_CASE(offline_twins_equal_scipy) {
  const auto v = grfd_test::vectors("zero_phase.json");
  const auto x = v["x"].get<std::vector<double>>();
  double low = 0, slope = 0;
  for (const auto& c : v["low_pass"]) {
    const auto y = zero_phase_low_pass(x, c["order"], c["fc"], v["fs"]);
    BOOST_REQUIRE(y.size() == x.size());
    low = std::max(low, worst(y, c["y"], y.size()));
  }
  for (const auto& c : v["derivative"]) {
    const auto y = centred_derivative(x, c["n"], c["degree"], v["fs"]);
    BOOST_REQUIRE(y.size() == x.size());
    slope = std::max(slope, worst(y, c["y"], y.size()));
  }
  BOOST_TEST_MESSAGE("zero-phase low-passes within " << low << ", centred derivatives within " << slope
                                                     << " per second of scipy");
  BOOST_TEST(low < 1e-8);
  BOOST_TEST(slope < 1e-6);
}

BOOST_AUTO_TEST_CASE(offline_twins_work_on_stretches_and_have_no_delay) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> x(500);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 700 + 900 * std::sin(2 * 3.14159265358979 * 2 * double(i) / 1000);
  const std::vector<double> whole = x;
  x[200] = x[330] = nan;  // stretches of 200, 129 and 169
  const auto y = zero_phase_low_pass(x, 2, 20, 1000);
  const auto alone = zero_phase_low_pass(std::span(whole).subspan(201, 129), 2, 20, 1000);
  BOOST_TEST(std::isnan(y[200]));
  BOOST_TEST(worst(std::span(y).subspan(201, 129), alone, 129) == 0.0);
  const auto d = centred_derivative(x, 61, 2, 1000);
  BOOST_TEST(std::isnan(d[330]));
  const double w = 2 * 3.14159265358979 * 2;
  // a quadratic over +-30 ms takes a tenth of x''' h^2 too little: 1.4 % at 2 Hz... and no phase: the zero of the slope
  // stays
  for (std::size_t i = 100; i < 150; ++i)
    BOOST_TEST(std::abs(d[i] - 900 * w * std::cos(w * double(i) / 1000)) < .017 * 900 * w);
  BOOST_TEST(std::abs(d[125]) < 1e-6 * 900 * w);
  x.assign(60, 1.0);
  BOOST_TEST(std::isnan(centred_derivative(x, 61, 2, 1000)[30]));
  BOOST_CHECK_THROW(centred_derivative(whole, 60, 2, 1000), std::invalid_argument);
  BOOST_CHECK_THROW(zero_phase_low_pass(whole, 2, 600, 1000), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_published_delay_of_the_force_rate) {
  const auto h = polynomial_derivative(61, 2, 1000, 10);
  BOOST_TEST(std::abs(delay_of(h, 1000) - RunningDerivative::kForceRateDelay_s) < 1e-12);
  BOOST_TEST(std::abs(noise_of(h) - 19.9) < .05);
}

BOOST_AUTO_TEST_SUITE_END()
