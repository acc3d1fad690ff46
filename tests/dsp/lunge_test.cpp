// One trial of the knee-to-wall test against the reference code (make_lunge.py), and against courses with known
// answers.
#include "dsp/lunge.hpp"

#include <boost/test/unit_test.hpp>

#include "vectors.hpp"

BOOST_AUTO_TEST_SUITE(lunge)

using namespace grfd;

namespace {

double number(const nlohmann::json& v) { return v.is_null() ? kNaN : v.get<double>(); }

/// The shank leans evenly from 0 to 45 deg; from 38 deg on the foot turns twice as fast.
LungeTrial leaning(std::size_t steps, double floor_deg = 0) {
  LungeTrial trial;
  for (std::size_t i = 0; i < steps; ++i) {
    const double shank = 45 * static_cast<double>(i) / static_cast<double>(steps - 1);
    const double pitch = shank > 38 ? 2 * (shank - 38) : 0;
    trial.push(shank - pitch, pitch + floor_deg);
  }
  return trial;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_reference_says_the_same) {
  const auto cases = grfd_test::vectors("lunge.json")["cases"];
  BOOST_TEST(cases.size() == 7u);
  for (const auto& c : cases) {
    BOOST_TEST_CONTEXT(c["name"].get<std::string>()) {
      LungeTrial trial;
      for (std::size_t i = 0; i < c["shank"].size(); ++i) {
        const double pitch = number(c["pitch"][i]);
        trial.push(number(c["shank"][i]) - pitch, pitch);
      }
      const LungeResult r = trial.result();
      BOOST_TEST(std::abs(r.angle_deg - c["angle"].get<double>()) < 1e-12);
      BOOST_TEST(std::abs(r.start_pitch_deg - c["start_pitch"].get<double>()) < 1e-12);
      BOOST_TEST(std::abs(r.heel_down - c["heel_down"].get<double>()) < 1e-12);
      BOOST_TEST(std::abs(r.lost - c["lost"].get<double>()) < 1e-12);
      BOOST_TEST(std::abs(r.seconds - 1e-3 * static_cast<double>(c["shank"].size())) < 1e-12);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_counts_is_the_angle_at_which_the_heel_rises) {
  for (const std::size_t steps : {1000u, 10'000u}) {
    const LungeResult r = leaning(steps).result();
    BOOST_TEST(std::abs(r.angle_deg - 38) < 0.1);
    BOOST_TEST(std::abs(r.heel_down - 39. / 45) < 2e-3);  // 2 deg up at 39 deg
    BOOST_TEST(r.lost == 0);
  }
  // A foot that stands 3 deg higher all the time is not a heel that rises.
  BOOST_TEST(std::abs(leaning(1000, 3).result().angle_deg - 38) < 0.1);
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_not_guessed) {
  LungeTrial nothing;
  BOOST_TEST(std::isnan(nothing.result().angle_deg));
  BOOST_TEST(nothing.result().lost == 1);
  for (int i = 0; i < 1000; ++i) nothing.push(i < 400 ? kNaN : 30, i < 400 ? kNaN : 0);  // the start is not known
  const LungeResult r = nothing.result();
  BOOST_TEST(std::isnan(r.angle_deg));
  BOOST_TEST(std::isnan(r.start_pitch_deg));
  BOOST_TEST(r.heel_down == 0);
  BOOST_TEST(std::abs(r.lost - 0.4) < 1e-12);
  nothing.reset();
  nothing.push(12, 0.5);
  BOOST_TEST(nothing.result().angle_deg == 12);
  BOOST_TEST(nothing.result().start_pitch_deg == 0.5);
}

BOOST_AUTO_TEST_SUITE_END()
