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

BOOST_AUTO_TEST_CASE(an_unknown_value_is_forgotten_after_its_memory_and_not_before) {
  for (const double back : {0.0, 0.5, 1.0, 11.24, 62.0, Delay::kMost_ms}) {
    const Delay delay(back);
    Delayed channel;
    for (int k = 0; k < 300; ++k) channel.push(1);
    channel.push(kNaN);
    for (std::int64_t k = 1; k <= delay.memory(); ++k) {
      channel.push(1);
      const bool forgotten = k == delay.memory();
      if (k >= delay.memory() - 3) BOOST_TEST(!std::isnan(channel.at(delay)) == forgotten, back << " ms, " << k);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
