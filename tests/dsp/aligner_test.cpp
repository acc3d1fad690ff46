#include "dsp/aligner.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <vector>

#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(aligner)

using namespace grfd;

namespace {

constexpr double kPi = 3.141592653589793;
TimeNs ns(double s) { return static_cast<TimeNs>(std::llround(s * 1e9)); }

struct Answer {
  double y;
  Quality quality;
};
/// Plays the samples as they arrive and asks for each grid time as soon as it is covered (or at the end of the data).
std::vector<Answer> play(const std::vector<double>& t, const std::vector<double>& x, const std::vector<double>& grid,
                         double interval) {
  Resampler<1> r;
  std::vector<Answer> out;
  const auto ask = [&](double g) {
    Resampler<1>::Values v;
    const Aligned a = r.at(ns(g), interval, v);
    out.push_back({v[0], a.quality});
  };
  for (std::size_t k = 0; k < t.size(); ++k) {
    BOOST_REQUIRE(r.push(ns(t[k]), {x[k]}));
    while (out.size() < grid.size() && r.covers(ns(grid[out.size()]), interval)) ask(grid[out.size()]);
  }
  while (out.size() < grid.size()) ask(grid[out.size()]);
  return out;
}
std::vector<double> steps(double from, double to, double by) {
  std::vector<double> v;
  for (int k = 0; from + k * by < to - 1e-12; ++k) v.push_back(from + k * by);
  return v;
}
std::size_t count(const std::vector<Answer>& a, Quality q) {
  return std::size_t(std::count_if(a.begin(), a.end(), [q](const Answer& v) { return v.quality == q; }));
}

}  // namespace

BOOST_AUTO_TEST_CASE(resampling_equals_its_vectors) {
  const auto all = grfd_test::vectors("time_rules.json");
  BOOST_TEST(all["resample"].size() == 2u);
  for (const auto& v : all["resample"]) {
    const auto grid = v["tq"].get<std::vector<double>>();
    const auto got = play(v["t"], v["x"], grid, v["T"]);
    double worst = 0;
    for (std::size_t k = 0; k < grid.size(); ++k) {
      BOOST_TEST_CONTEXT("t = " << grid[k]) {
        BOOST_TEST(int(got[k].quality) == v["flag"][k].get<int>());
        if (v["y"][k].is_null())
          BOOST_TEST(std::isnan(got[k].y));
        else
          worst = std::max(worst, std::abs(got[k].y - double(v["y"][k])));
      }
    }
    BOOST_TEST_MESSAGE("resampling vector T = " << v["T"] << ": worst " << worst);
    BOOST_TEST(worst < 1e-8);  // the vector has nine decimals
  }
}

BOOST_AUTO_TEST_CASE(errors_stay_under_their_bounds) {
  for (const auto& [rate, f] :
       {std::array{1000.0, 10.0}, std::array{1000.0, 50.0}, std::array{200.0, 10.0}, std::array{100.0, 10.0}}) {
    std::vector<double> t, x;
    for (int k = 0; k < int(3 * rate); ++k) {
      t.push_back(double(k) / rate * (1 + 40e-6));
      x.push_back(std::sin(2 * kPi * f * t.back() + .3));
    }
    const auto grid = steps(.5, 2.5, .001);
    const auto got = play(t, x, grid, 1 / rate);
    const double w = 2 * kPi * f / rate;
    double worst = 0;
    for (std::size_t k = 0; k < grid.size(); ++k)
      worst = std::max(worst, std::abs(got[k].y - std::sin(2 * kPi * f * grid[k] + .3)));
    BOOST_TEST(count(got, Quality::ok) == grid.size());
    // times are whole nanoseconds: 0.5 ns of a 50 Hz sine is 2e-7
    BOOST_TEST(worst <= 3.0 / 128 * std::pow(w, 4) * 1.01 + 2 * kPi * f * 2e-9);
  }
}

BOOST_AUTO_TEST_CASE(beside_a_hole_no_point_is_taken_from_the_far_side) {
  const auto sine = [](double t) { return 800 * std::sin(2 * kPi * 3 * t); };
  for (const double hole : {.060, .003}) {
    auto t = steps(0, .1, 1e-3);
    for (double v : steps(.1 + hole, .3, 1e-3)) t.push_back(v);
    std::vector<double> x;
    for (double v : t) x.push_back(sine(v));
    const auto grid = steps(.01, .29, .00037);
    const auto got = play(t, x, grid, 1e-3);
    const double w = 2 * kPi * 3e-3;
    double regular = 0, linear = 0;
    for (std::size_t k = 0; k < grid.size(); ++k) {
      const double e = std::abs(got[k].y - sine(grid[k]));
      if (got[k].quality == Quality::ok) regular = std::max(regular, e);
      if (got[k].quality == Quality::bridged) linear = std::max(linear, e);
    }
    BOOST_TEST_MESSAGE("hole of " << 1e3 * hole << " ms: ok " << regular << " N, bridged " << linear << " N");
    BOOST_TEST(regular < 800 * 3.0 / 128 * std::pow(w, 4) * 1.05 + 3e-5);  // 1 ns of 800 N at 3 Hz is 1.5e-5 N
    BOOST_TEST(linear < 800 * std::pow(hole < .01 ? 4 * w : w, 2) / 8 * 1.05);
    BOOST_TEST((count(got, Quality::missing) > 0) == (hole > .01));
  }
  // 3 lost samples are bridged, 61 ms are not
  auto t = steps(0, .1, 1e-3);
  for (double v : steps(.103, .2, 1e-3)) t.push_back(v);
  for (double v : steps(.26, .4, 1e-3)) t.push_back(v);
  std::vector<double> x;
  for (double v : t) x.push_back(2 * v);
  const auto got = play(t, x, steps(.05, .35, 1e-3), 1e-3);
  BOOST_TEST(count(got, Quality::bridged) == 3u);
  BOOST_TEST(count(got, Quality::missing) == 60u);  // 200 to 259 ms: all ticks strictly inside
}

BOOST_AUTO_TEST_CASE(the_interval_is_the_devices_own) {
  auto t = steps(0, 1, .005);
  std::vector<double> x;
  for (double v : t) x.push_back(v * v);
  const auto grid = steps(.1, .9, .001);
  BOOST_TEST(count(play(t, x, grid, .005), Quality::ok) == grid.size());
  BOOST_TEST(count(play(t, x, grid, .001), Quality::ok) == 160u);  // only the coincident ones
  // two lost samples are bridged, three are not
  for (std::size_t lost : {std::size_t(2), std::size_t(3)}) {
    auto u = t, y = x;
    u.erase(u.begin() + 100, u.begin() + 100 + std::ptrdiff_t(lost));
    y.erase(y.begin() + 100, y.begin() + 100 + std::ptrdiff_t(lost));
    BOOST_TEST(count(play(u, y, grid, .005), Quality::missing) == (lost == 2 ? 0u : 19u));
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_sample_is_a_lost_one) {
  auto t = steps(0, 1, .005);
  std::vector<double> x;
  for (double v : t) x.push_back(std::sin(v));
  x[60] = std::nan("");
  const auto got = play(t, x, steps(.1, .9, .001), .005);
  BOOST_TEST(count(got, Quality::missing) == 0u);
  BOOST_TEST(count(got, Quality::bridged) == 17u);
}

BOOST_AUTO_TEST_CASE(coincident_times_are_exact_and_the_ends_are_unknown) {
  Resampler<2> r;
  Resampler<2>::Values v;
  BOOST_TEST(r.empty());
  BOOST_TEST(!r.covers(0, 1e-3));
  BOOST_TEST(int(r.at(0, 1e-3, v).quality) == int(Quality::missing));
  for (int k = 0; k < 10; ++k) BOOST_TEST(r.push(1'000'000 * k, {0.1 * k * k, -1.0 / (k + 1)}, k == 4 ? kClipped : 0));
  for (int k = 0; k < 10; ++k) {
    const Aligned a = r.at(1'000'000 * k, 1e-3, v);
    BOOST_TEST(int(a.quality) == int(Quality::ok));
    BOOST_TEST(v[0] == 0.1 * k * k);
    BOOST_TEST(v[1] == -1.0 / (k + 1));
    BOOST_TEST(a.flags == (k == 4 ? kClipped : 0));
  }
  BOOST_TEST(r.at(3'500'000, 1e-3, v).flags == kClipped);
  BOOST_TEST(r.at(5'500'000, 1e-3, v).flags == 0);
  BOOST_TEST(int(r.at(-1, 1e-3, v).quality) == int(Quality::missing));
  BOOST_TEST(int(r.at(9'000'001, 1e-3, v).quality) == int(Quality::missing));
  BOOST_TEST(std::isnan(v[0]));
  BOOST_TEST(int(r.at(500'000, 1e-3, v).quality) == int(Quality::bridged));  // the first interval has no left neighbour
  BOOST_TEST(!r.push(9'000'000, {0, 0}));
  BOOST_TEST(r.newest() == 9'000'000);
  BOOST_TEST(r.covers(8'000'000, 1e-3));
  BOOST_TEST(!r.covers(8'000'001, 1e-3));
}

BOOST_AUTO_TEST_CASE(a_stretch_of_unknown_samples_does_not_hold_up_the_grid) {
  Resampler<1> r;
  for (int k = 0; k <= 20; ++k) r.push(1'000'000 * k, {k <= 10 ? double(k) : std::nan("")});
  BOOST_TEST(r.newest() == 20'000'000);
  Resampler<1>::Values v;
  // 5.5 ms is the longest bridge: from 10 ms on nothing later than 16.5 ms can help
  BOOST_TEST(r.covers(13'000'000, 1e-3));
  BOOST_TEST(!r.covers(14'000'000, 1e-3));
  BOOST_TEST(int(r.at(13'000'000, 1e-3, v).quality) == int(Quality::missing));
}

BOOST_AUTO_TEST_CASE(unknown_samples_leave_their_flags_in_the_hole_alone) {
  for (const int until : {6, 30}) {  // a hole that is bridged, and one that is not
    Resampler<1> r;
    Resampler<1>::Values v;
    const auto flags = [&](TimeNs ms) { return r.at(1'000'000 * ms + 500'000, 1e-3, v).flags; };
    for (int k = 0; k < until; ++k)
      r.push(1'000'000 * k, {k < 3 ? double(k) : std::nan("")}, k == 4 ? kClipped : kClockUnsettled);
    BOOST_TEST(flags(4) == (kClipped | kClockUnsettled));  // still open
    BOOST_TEST(flags(until) == 0);                         // after the newest
    for (int k = until; k < until + 4; ++k) r.push(1'000'000 * k, {double(k)});
    for (int ms = 2; ms < until; ++ms) BOOST_TEST((flags(ms) & kClipped) == kClipped);
    BOOST_TEST(flags(1) == kClockUnsettled);
    BOOST_TEST(flags(until) == 0);
    BOOST_TEST(std::isfinite(v[0]));
  }
  Resampler<1> r;  // nothing known yet
  Resampler<1>::Values v;
  r.push(0, {std::nan("")}, kClipped);
  r.push(1'000'000, {std::nan("")}, 0);
  BOOST_TEST(r.at(500'000, 1e-3, v).flags == kClipped);
  r.push(2'000'000, {1}, 0);
  BOOST_TEST(r.at(500'000, 1e-3, v).flags == kClipped);
  BOOST_TEST(r.at(2'000'000, 1e-3, v).flags == 0);
}

BOOST_AUTO_TEST_CASE(the_quick_answers_hold_for_every_interval) {
  Resampler<1> r;
  BOOST_TEST(r.short_of(1));
  std::size_t quick = 0, asked = 0;
  for (int k = 0; k <= 40; ++k) {  // a hole from 11 to 24 ms
    r.push(1'000'000 * k, {k <= 10 || k >= 25 ? double(k) : std::nan("")});
    for (TimeNs g = 0; g <= 40'000'000; g += 250'000) {
      BOOST_REQUIRE(!(r.passed(g) && r.short_of(g)));
      for (const double interval_s : {1e-4, 1e-3, 4e-3, 0.1}) {
        ++asked;
        quick += r.passed(g) || r.short_of(g);
        if (r.passed(g)) BOOST_REQUIRE(r.covers(g, interval_s));
        if (r.short_of(g)) BOOST_REQUIRE(!r.covers(g, interval_s));
      }
    }
  }
  BOOST_TEST(quick > asked * 3 / 4);
  BOOST_TEST(quick < asked);
}

BOOST_AUTO_TEST_CASE(the_ring_forgets_the_oldest_and_keeps_its_order) {
  auto r = std::make_unique<Resampler<16, 64>>();
  Resampler<16, 64>::Values v;
  for (int k = 0; k < 1000; ++k) {
    v.fill(3.0 * k);
    r->push(1'000'000 * TimeNs(k), v);
  }
  BOOST_TEST(int(r->at(935'500'000, 1e-3, v).quality) == int(Quality::missing));
  BOOST_TEST(int(r->at(937'500'000, 1e-3, v).quality) == int(Quality::ok));
  BOOST_TEST(std::abs(v[15] - 3 * 937.5) < 1e-9);
  r->reset();
  BOOST_TEST(r->empty());
  BOOST_TEST(r->push(5, v));
}

BOOST_AUTO_TEST_SUITE_END()
