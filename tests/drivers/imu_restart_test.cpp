// Drivers of inertial sensors that are started anew: what is missing is counted where the device's clock ran on, and
// only there.
#include <boost/test/unit_test.hpp>

#include "drivers/clock_ran_on.hpp"
#include "tests/drivers/xio_ximu3_rig.hpp"

BOOST_AUTO_TEST_SUITE(imu_restart)

using namespace grfd;
using namespace grfd::test;

BOOST_AUTO_TEST_CASE(a_clock_ran_on_when_it_rose_by_what_passed) {
  constexpr std::uint64_t kBack = ~std::uint64_t{0};  // a counter that fell by one
  BOOST_TEST(clock_ran_on(1000, 1'000'000, kSecond));
  BOOST_TEST(clock_ran_on(1050, 1'000'000, kSecond));
  BOOST_TEST(!clock_ran_on(1051, 1'000'000, kSecond));
  BOOST_TEST(clock_ran_on(950, 1'000'000, kSecond));
  BOOST_TEST(!clock_ran_on(949, 1'000'000, kSecond));
  BOOST_TEST(!clock_ran_on(kBack, 1, 0));
  BOOST_TEST(!clock_ran_on(kBack, 1000, kSecond));
  BOOST_TEST(!clock_ran_on(kBack / 1000, 1000, kSecond));  // as nanoseconds it would wrap
  BOOST_TEST(!clock_ran_on(0, 1, -1));                     // arrivals cannot go back
}

BOOST_AUTO_TEST_SUITE(microstrain_mip)

BOOST_AUTO_TEST_CASE(a_restart_of_the_driver_too_live_and_replayed) {
  MipRig rig(mip_settings());
  rig.start();
  rig.link->run_until(rig.link->now + kSecond);
  rig.driver->stop(*rig.link);
  const std::size_t n = rig.inertial.size();
  rig.link->run_until(rig.link->now + kSecond);
  rig.start();
  rig.link->run_until(rig.link->now + kSecond);
  // The device's clock ran on: what is missing is the step of its own time.
  const Sample &before = rig.inertial[n - 1], &after = rig.inertial[n];
  const std::uint64_t missing = (after.t_device - before.t_device) / 1'000'000 - 1;
  BOOST_TEST(missing > 1000U);
  BOOST_TEST(after.seq == n + missing);
  BOOST_TEST(after.flags == kGapBefore);
  BOOST_REQUIRE(rig.loss.size() == 1);
  BOOST_TEST(value<std::int64_t>(rig.loss[0], 0) == static_cast<std::int64_t>(n));
  BOOST_TEST(value<std::int64_t>(rig.loss[0], 1) == static_cast<std::int64_t>(missing));
  BOOST_TEST(value<std::int64_t>(rig.loss[0], 2) == 4);
  BOOST_TEST(rig.counter("samples_lost") == missing);
  BOOST_TEST(rig.counter("losses_unknown") == 0U);
  BOOST_TEST(rig.counter("delta_mismatch") == 0U);
  BOOST_TEST(rig.inertial.back().epoch == 0);
  BOOST_TEST(rig.inertial.back().seq == (rig.inertial.back().t_device - rig.inertial[0].t_device) / 1'000'000);
  check_bookkeeping(rig);
  BOOST_TEST(rig.facts.size() == 2U);
  MipRig replay(mip_settings());
  for (const auto& [bytes, arrival] : rig.recorded) replay.decode(*replay.driver, bytes, arrival);
  BOOST_REQUIRE(replay.inertial.size() == rig.inertial.size());
  for (std::size_t i = 0; i < rig.inertial.size(); ++i) BOOST_REQUIRE(equal(replay.inertial[i], rig.inertial[i]));
  BOOST_TEST(replay.loss.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_restart_after_a_loss_of_power_is_a_new_epoch) {
  for (const TimeNs up : {kSecond, 100 * kMs}) {
    for (const TimeNs off : {TimeNs{0}, 10 * kMs, 20 * kSecond}) {
      MipRig rig(mip_settings());
      rig.start();
      rig.link->run_until(rig.link->now + up);
      const std::size_t n = rig.inertial.size();
      rig.device->unplug(rig.link->now);
      rig.driver->stop(*rig.link);
      rig.link->now += off;
      rig.device->power_cycle(rig.link->now);
      rig.link->now += 3 * kSecond;  // it counts past the old time before it is asked again
      rig.start();
      rig.link->run_until(rig.link->now + kSecond);
      BOOST_REQUIRE(rig.inertial.size() > n + 900);
      BOOST_TEST(rig.inertial[n].t_device > rig.inertial[n - 1].t_device);
      BOOST_TEST(rig.inertial[n].seq == n);
      BOOST_TEST(rig.inertial[n].flags == (kGapBefore | kNewEpoch));
      BOOST_TEST(rig.inertial.back().epoch == 1);
      BOOST_REQUIRE(rig.loss.size() == 1);
      BOOST_TEST(value<std::int64_t>(rig.loss[0], 1) == -1);
      BOOST_TEST(value<std::int64_t>(rig.loss[0], 2) == 4);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_restart_counts_when_both_clocks_agree_within_50_ms) {
  const auto resumed = [](std::uint64_t step_ns, TimeNs arrival_step) {
    MipRig rig(mip_settings());
    mip::Writer ack(0x01);
    ack.field(0xF1).u8(0x06).u8(0);
    const auto resume = ack.finish();
    const std::uint64_t t = 5'000'000'000;
    rig.decode(*rig.driver, resume, kSecond);
    rig.decode(*rig.driver, sample_packet(t), kSecond);
    rig.decode(*rig.driver, resume, kSecond + arrival_step);
    rig.decode(*rig.driver, sample_packet(t + step_ns, 77), kSecond + arrival_step);
    BOOST_REQUIRE(rig.loss.size() <= 1U);
    return rig.loss.empty() ? 0 : value<std::int64_t>(rig.loss[0], 1);
  };
  BOOST_TEST(resumed(2'000'000'000, 2'000 * kMs) == 1999);
  BOOST_TEST(resumed(2'000'000'000, 2'050 * kMs) == 1999);
  BOOST_TEST(resumed(2'000'000'000, 2'051 * kMs) == -1);
  BOOST_TEST(resumed(2'000'000'000, 1'950 * kMs) == 1999);
  BOOST_TEST(resumed(2'000'000'000, 1'949 * kMs) == -1);
  BOOST_TEST(resumed(1'000'000, kMs) == 0);                      // none is missing
  BOOST_TEST(resumed(std::uint64_t(0) - 1'000'000, kMs) == -1);  // it went back
  BOOST_TEST(resumed(7'200'000'000'000, 7'200 * kSecond) == 7'199'999);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(xio_ximu3)

// Its clock runs on: what is missing meanwhile is known, and the clock line need not settle again.
BOOST_AUTO_TEST_CASE(a_restart_of_the_driver_is_counted_exactly_live_and_replayed) {
  for (const double highg_hz : {3200.0, 800.0}) {
    for (const double off_s : {0.0, 1.7, 60.0}) {
      Ximu3Rig rig(ximu3_settings({}, highg_hz));
      rig.start();
      rig.run(5);
      rig.driver->stop(*rig.link);
      const std::size_t n = rig.inertial().size(), h = rig.highg().size();
      rig.link->now += static_cast<TimeNs>(off_s * 1e9);
      rig.start();
      rig.run(2);
      BOOST_TEST_CONTEXT(highg_hz << " Hz, stopped for " << off_s << " s") {
        for (const auto& [stream, at] : {std::pair{&rig.inertial(), n}, {&rig.highg(), h}}) {
          BOOST_REQUIRE(stream->size() > at + 100);
          BOOST_TEST((*stream)[at].flags == kGapBefore);
        }
        check_counted(rig, rig.inertial(), 0, kInertialUs);
        check_counted(rig, rig.highg(), 1, 3200 / highg_hz * kHighGUs);
        BOOST_REQUIRE(rig.loss().size() == 2U);
        for (const Sample& s : rig.loss()) {
          BOOST_TEST(value<std::int64_t>(s, 1) > 50);
          BOOST_TEST(value<std::int64_t>(s, 2) == 4);
        }
        BOOST_TEST(rig.counter("losses_unknown") == 0U);
        Ximu3Rig replay(ximu3_settings({}, highg_hz));
        for (const auto& [bytes, arrival] : rig.recorded) replay.decode(*replay.driver, bytes, arrival);
        for (std::size_t i : {0U, 2U, 6U}) {
          BOOST_REQUIRE_EQUAL(replay.streams[i].size(), rig.streams[i].size());
          for (std::size_t k = 0; k < rig.streams[i].size(); ++k) {
            const Sample &a = replay.streams[i][k], &b = rig.streams[i][k];
            BOOST_REQUIRE(a.seq == b.seq && a.flags == b.flags && a.epoch == b.epoch && a.data == b.data);
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(edges_while_the_driver_was_stopped_are_counted_by_the_box) {
  SyncLine sync;
  sync.first_s = 1;
  sync.period_s = 0.1;
  sync.width_s = 0.02;
  DeviceSettings s = ximu3_settings();
  s.sync_box = true;
  Ximu3Rig rig(s, nullptr, sync);
  rig.start();
  rig.link->run_until(3 * kSecond + 50 * kMs);
  rig.driver->stop(*rig.link);
  const std::size_t n = rig.sync().size();
  rig.link->now = 5 * kSecond;
  rig.start();
  rig.link->run_until(8 * kSecond + 50 * kMs);
  BOOST_REQUIRE(rig.sync().size() > n + 40);
  const Sample &before = rig.sync()[n - 1], &after = rig.sync()[n];
  const int missing = value<std::int32_t>(after, 2) - value<std::int32_t>(before, 2) - 1;
  BOOST_TEST(missing >= 38);  // two seconds of twenty a second, and the time it took to stop and to start
  BOOST_TEST(after.flags == kGapBefore);
  BOOST_TEST(after.epoch == 0);
  BOOST_TEST(after.seq == before.seq + 1 + static_cast<std::uint64_t>(missing));
  BOOST_TEST(rig.counter("edges_lost") == static_cast<std::uint64_t>(missing));
  BOOST_TEST(rig.lost_of(2) == missing);
  for (const Sample& row : rig.loss()) BOOST_TEST(value<std::int64_t>(row, 2) == 4);
}

BOOST_AUTO_TEST_CASE(a_restart_after_a_loss_of_power_is_a_new_epoch) {
  for (const double up_s : {0.3, 2.0}) {
    for (const double off_s : {0.0, 0.01, 20.0}) {
      Ximu3Rig rig(ximu3_settings());
      rig.start();
      rig.run(up_s);
      const std::size_t n = rig.inertial().size(), h = rig.highg().size();
      rig.device->unplug(rig.link->now);
      rig.link->stream = 0;
      rig.link->now += static_cast<TimeNs>(off_s * 1e9);
      rig.device->power_cycle(rig.link->now);
      rig.link->now += 3 * kSecond;  // it counts past the old time before it is asked again
      rig.start();
      rig.run(1);
      for (const auto& [stream, at] : {std::pair{&rig.inertial(), n}, {&rig.highg(), h}}) {
        BOOST_REQUIRE(stream->size() > at + 300);
        BOOST_TEST((*stream)[at].t_device > (*stream)[at - 1].t_device);
        BOOST_TEST((*stream)[at].seq == at);
        BOOST_TEST((*stream)[at].flags == (kGapBefore | kNewEpoch));
        BOOST_TEST(stream->back().epoch == 1);
      }
      BOOST_REQUIRE(rig.loss().size() == 2U);
      for (const Sample& s : rig.loss()) {
        BOOST_TEST(value<std::int64_t>(s, 1) == -1);
        BOOST_TEST(value<std::int64_t>(s, 2) == 4);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_restart_counts_when_both_clocks_agree_within_50_ms) {
  const auto resumed = [](std::uint64_t step_us, TimeNs arrival_step, std::uint64_t samples = 100) {
    Fed f(ximu3_settings({}, 0));
    const std::uint64_t t = 5'000'000;
    for (std::uint64_t k = 0; k < samples; ++k) f.feed(inertial_line(t + 2500 * k));
    f.feed("{\"apply\":null}\n");
    f.now += arrival_step - 2 * kMs;  // each line arrives 1 ms after the one before
    f.feed(inertial_line(t + 2500 * (samples - 1) + step_us));
    BOOST_REQUIRE(f.rig.loss().size() == 1U);
    BOOST_TEST(value<std::int64_t>(f.rig.loss()[0], 2) == 4);
    const std::int64_t count = value<std::int64_t>(f.rig.loss()[0], 1);
    BOOST_TEST(f.rig.inertial().back().epoch == (count < 0 ? 1 : 0));
    return count;
  };
  BOOST_TEST(resumed(2'000'000, 2'000 * kMs) == 799);
  BOOST_TEST(resumed(2'000'000, 2'050 * kMs) == 799);
  BOOST_TEST(resumed(2'000'000, 2'051 * kMs) == -1);
  BOOST_TEST(resumed(2'000'000, 1'950 * kMs) == 799);
  BOOST_TEST(resumed(2'000'000, 1'949 * kMs) == -1);
  BOOST_TEST(resumed(std::uint64_t(0) - 2500, 200 * kMs) == -1);  // it went back
  BOOST_TEST(resumed(2'000'000, 2'000 * kMs, 5) == -1);           // five samples do not tell the period
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
