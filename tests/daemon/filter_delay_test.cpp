// Low-passes that delay by less than a millisecond, and by more than most: repetitions stay whole, only later.
#include <boost/test/unit_test.hpp>

#include "tests/daemon/rig.hpp"

BOOST_AUTO_TEST_SUITE(filter_delay)

using namespace rig_test;

BOOST_AUTO_TEST_CASE(repetitions_are_measured_with_every_filter_that_is_accepted) {
  struct Case {
    const char *order, *cutoff_hz;
  };
  for (const Case& c : {Case{"2", "20"}, Case{"1", "300"}, Case{"2", "300"}, Case{"4", "6"}}) {
    Rig rig(demo_settings({std::string("filter.order=") + c.order, std::string("filter.cutoff_hz=") + c.cutoff_hz}));
    Collector out;
    rig.assembly.engine->add_outlet(out);
    rig.start_all();
    rig.run_until(kStart + 15 * kSecond, [&] { rig.assembly.engine->poll(rig.clock.t); });
    for (const std::string side : {"left", "right"}) {
      const auto columns = [&](const std::string& stream) { return rig.streams()[rig.streams().id(stream)].columns; };
      const auto of = [&](const std::string& stream, const char* name) {
        const auto all = columns(stream);
        const auto rows = out.rows(rig.streams(), stream);
        BOOST_TEST_REQUIRE(rows.size() >= 1u, stream << " order " << c.order << ", " << c.cutoff_hz << " Hz");
        for (std::size_t i = 0; i < all.size(); ++i)
          if (all[i].name == name) return column<double>(rows[0], i);
        return std::nan("");
      };
      BOOST_TEST(of("reps/" + side, "valid") == 1);
      BOOST_TEST(std::abs(of("reps/" + side, "rate_fit") - of("truth/reps/" + side, "rate_fit")) < 0.5,
                 of("reps/" + side, "rate_fit") << " for " << of("truth/reps/" + side, "rate_fit") << ", order "
                                                << c.order << ", " << c.cutoff_hz << " Hz");
      BOOST_TEST(std::isfinite(of("reps_load/" + side, "heel_lift_time")));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
