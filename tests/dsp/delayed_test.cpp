// A channel read a constant time earlier.
#include "dsp/delayed.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(delayed)

using namespace grfd;

BOOST_AUTO_TEST_CASE(a_cubic_is_read_exactly_however_far_back) {
  const auto course = [](double ms) { return 1 + 0.3 * ms - 2e-3 * ms * ms + 1e-5 * ms * ms * ms; };
  Delayed channel;
  for (int ms = 0; ms < 1000; ++ms) {
    channel.push(course(ms));
    for (const double back : {0.0, 0.2, 0.999, 1.0, 1.6, 11.31, 61.5, 62.0, 140.7, Delay::kMost_ms}) {
      const double got = channel.at(Delay(back));
      if (ms < back + 3)
        BOOST_TEST((std::isnan(got) || std::abs(got - course(ms - back)) < 1e-6));
      else
        BOOST_REQUIRE_SMALL(got - course(ms - back), 1e-6);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
