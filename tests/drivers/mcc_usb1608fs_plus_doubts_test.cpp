// What no document says of the USB-1608FS-Plus, turned round in the emulated device: overruns and stops of every kind;
// and a unit that is somebody else's.
#include <bit>
#include <cmath>

#include "tests/drivers/mcc_usb1608fs_plus_rig.hpp"

namespace grfd {
BOOST_AUTO_TEST_SUITE(mcc_usb1608fs_plus_doubts)

using namespace mcc_test;
namespace {

/// A code that names input and scan; different for 40 000 scans.
int code_of(int input, std::int64_t ms) { return static_cast<int>(10000 + (ms * 37 + input * 2003) % 40000); }

/// A unit without calibration errors whose codes name themselves.
struct NumberedRig : Rig {
  NumberedRig(const DeviceSettings& s, TestClock& c) : Rig(s, c) {
    for (std::size_t i = 0; i < kChannels; ++i) write_calibration(device.memory(), 0, i, 1, 0);
    source.f = [](int input, double t) {
      return (code_of(input, static_cast<std::int64_t>(std::floor(t * 1000 + 1e-3))) - 32768) * 20.0 / 65536;
    };
  }
  int scanned() const { return std::popcount(padded(asked_inputs(settings))); }
  bool is(const Sample& s, std::int64_t ms) const {
    for (std::size_t i = 0; i < settings.analog_inputs.size(); ++i)
      if (value<std::int32_t>(s, i) != code_of(settings.analog_inputs[i], ms)) return false;
    return true;
  }
  /// Lab time in ms of scan 0 of the epoch that this row begins; it must lie a little behind `from`.
  std::int64_t origin(const Sample& first, TimeNs from) const {
    for (std::int64_t ms = from / kMs; ms < from / kMs + 200; ++ms)
      if (is(first, ms)) return ms;
    BOOST_FAIL("the first row is not one of the scans after the start");
    return 0;
  }
  const char* check_for(int tenths) {
    for (int i = 0; i < tenths; ++i) {
      run_to(clock.t + 100 * kMs);
      if (const char* cause = driver->check(link, clock.t)) return cause;
    }
    return nullptr;
  }
};

}  // namespace

// Whatever the unit does when its FIFO is full: the hole is told, with its cause, and no scan has wrong codes behind
// the restart. Only a unit that goes on by itself gives scans at wrong times, for as long as the status is not asked.
BOOST_AUTO_TEST_CASE(every_kind_of_overrun_is_told_and_mended) {
  constexpr const char* kOptions[] = {"overrun_keeps_running", "overrun_discards", "overrun_resumes", "status_sticky",
                                      "stop_flushes"};
  std::size_t most_wrong = 0;
  for (const int inputs : {8, 6, 1})
    for (unsigned kind = 0; kind < 1u << std::size(kOptions); ++kind) {
      DeviceSettings s = unit("mcc", inputs);
      for (std::size_t i = 0; i < std::size(kOptions); ++i)
        if (kind >> i & 1) s.emulation.faults[kOptions[i]] = 1;
      const auto on = [&](const char* name) { return s.emulation.faults.count(name) > 0; };
      BOOST_TEST_CONTEXT(inputs << " inputs, options " << kind) {
        TestClock clock;
        NumberedRig rig(s, clock);
        const TimeNs first_start = clock.t;
        rig.start();
        BOOST_REQUIRE(rig.check_for(5) == nullptr);
        const std::size_t before = rig.scans().size();
        // The host sleeps for as long as the FIFO lasts and half a second more.
        clock.t += (32768 / rig.scanned() + 500) * kMs;
        BOOST_REQUIRE(status_of(rig.device, clock.t) & kScanOverrun);
        BOOST_TEST(((status_of(rig.device, clock.t) & kScanRunning) != 0) ==
                   (on("overrun_keeps_running") || on("overrun_resumes")));
        const char* cause = rig.check_for(20);
        BOOST_REQUIRE(cause);
        BOOST_TEST(std::string(cause) == "fifo_overrun");
        rig.driver->stop(rig.link);
        const std::size_t after = rig.scans().size();
        const TimeNs second_start = clock.t;
        rig.start();
        BOOST_REQUIRE(rig.check_for(30) == nullptr);  // and no old mark is taken for a new overrun
        BOOST_TEST(rig.counter("overrun_mark_stuck") == (on("status_sticky") ? 1u : 0u));
        BOOST_TEST(rig.counter("fifo_overruns") == 1u);

        BOOST_REQUIRE_EQUAL(rig.rows[2].size(), 1u);
        const Sample& loss = rig.rows[2][0];
        BOOST_TEST(value<std::int64_t>(loss, 0) == static_cast<std::int64_t>(after));
        BOOST_TEST(value<std::int64_t>(loss, 1) == -1);
        BOOST_TEST(value<std::int64_t>(loss, 2) == static_cast<std::int64_t>(MccLoss::fifo_overrun));

        const auto& rows = rig.scans();
        BOOST_REQUIRE(rows.size() > after + 2900);
        const std::int64_t origins[] = {rig.origin(rows[0], first_start), rig.origin(rows[after], second_start)};
        std::size_t wrong = 0;
        for (std::size_t k = 0; k < rows.size(); ++k) {
          BOOST_REQUIRE_EQUAL(rows[k].seq, k);
          BOOST_REQUIRE_EQUAL(rows[k].epoch, k < after ? 0 : 1);
          BOOST_REQUIRE_EQUAL(rows[k].t_device, k < after ? k : k - after);
          if (rig.is(rows[k], origins[k >= after] + static_cast<std::int64_t>(rows[k].t_device))) continue;
          BOOST_REQUIRE(on("overrun_resumes"));
          BOOST_REQUIRE(k >= before && k < after);
          ++wrong;
        }
        most_wrong = std::max(most_wrong, wrong);
        // What the FIFO held is not thrown away by the host: only a discarding unit loses it.
        const std::size_t stored = static_cast<std::size_t>(32768 / rig.scanned());
        if (!on("overrun_discards")) BOOST_TEST(after - wrong + 64 >= before + stored);
        if (!on("overrun_discards") && on("overrun_keeps_running") && on("stop_flushes") && !on("overrun_resumes"))
          BOOST_TEST(after >= before + stored);
      }
    }
  BOOST_TEST_MESSAGE("scans at wrong times before the restart, at most: " << most_wrong);
  BOOST_TEST(most_wrong < 1500u);
}

BOOST_AUTO_TEST_CASE(a_stop_that_flushes_gives_every_scan_that_was_taken) {
  for (const bool flushes : {true, false})
    for (const int inputs : {8, 6, 5, 1})
      for (int ms = 300; ms < 308; ++ms) {
        DeviceSettings s = unit("mcc", inputs);
        if (flushes) s.emulation.faults["stop_flushes"] = 1;
        TestClock clock;
        NumberedRig rig(s, clock);
        rig.start();
        rig.run_to(ms * kMs);
        rig.driver->stop(rig.link);
        const std::size_t taken = rig.device.scanner().scans();
        const auto scanned = static_cast<std::size_t>(rig.scanned());
        const std::size_t whole = taken * scanned / 32 * 32 / scanned;
        BOOST_REQUIRE_EQUAL(rig.scans().size(), flushes ? taken : whole);
        const std::int64_t origin = rig.origin(rig.scans()[0], 0);
        for (std::size_t k = 0; k < rig.scans().size(); ++k)
          BOOST_REQUIRE(rig.is(rig.scans()[k], origin + static_cast<std::int64_t>(k)));
        rig.start();
        rig.run_to(clock.t + 200 * kMs);
        BOOST_TEST(rig.counter("incomplete_scans") == 0u);  // packets hold whole scans
        const std::int64_t again = rig.origin(rig.scans().at(flushes ? taken : whole), ms * kMs);
        for (const Sample& row : rig.scans())
          if (row.epoch == 1) BOOST_REQUIRE(rig.is(row, again + static_cast<std::int64_t>(row.t_device)));
      }
}

// A host that died left the unit scanning; what it held, and what the stop flushes, does not reach the new scan.
BOOST_AUTO_TEST_CASE(what_a_dead_host_left_behind_is_not_taken) {
  for (const bool flushes : {true, false})
    for (const int inputs : {8, 6, 5, 1}) {
      DeviceSettings s = unit("mcc", inputs);
      if (flushes) s.emulation.faults["stop_flushes"] = 1;
      TestClock clock;
      NumberedRig rig(s, clock);
      rig.start();
      rig.run_to(300 * kMs);
      rig.rows.assign(4, {});
      rig.driver = find_driver("mcc_usb1608fs_plus")->make(s, 0);  // of another process
      clock.t += 1003 * kMs;
      const TimeNs start = clock.t;
      rig.start();
      rig.run_to(clock.t + 500 * kMs);
      const std::int64_t origin = rig.origin(rig.scans().at(0), start);
      BOOST_TEST(rig.scans().size() > 450u);
      for (const Sample& row : rig.scans())
        BOOST_REQUIRE(rig.is(row, origin + static_cast<std::int64_t>(row.t_device)));
    }
}

BOOST_AUTO_TEST_CASE(a_scanning_unit_of_others_scans_on_after_being_looked_at) {
  DeviceSettings s = unit();
  s.serial = "01A2B3C4";
  s.emulation.serial = "0BADCAFE";
  TestClock clock;
  Rig rig(s, clock);
  BOOST_TEST(tell(rig.device, kAInScanStart, payload({0, 39999, 0xff, kNoStall}), clock.t) == 10);
  clock.t += 100 * kMs;
  BOOST_TEST(rig.driver->identify(rig.link).serial == "0BADCAFE");
  BOOST_CHECK_THROW(rig.start(), DeviceError);
  rig.driver->stop(rig.link);  // as the daemon does after a start that failed
  BOOST_TEST(rig.counter("stop_failed") == 0u);
  BOOST_TEST(status_of(rig.device, clock.t) == kScanRunning);
  clock.t += 100 * kMs;
  rig.device.advance(clock.t);
  BOOST_TEST(rig.device.scanner().scans() == 199u);  // the first at 2 ms, the last at 200 ms
}

BOOST_AUTO_TEST_CASE(the_class_of_the_interface_does_not_matter_but_for_hid) {
  for (const int number : {0, 3, 8, 255}) {
    DeviceSettings s = unit();
    s.emulation.faults["interface_class"] = number;
    TestClock clock;
    Rig rig(s, clock);
    BOOST_TEST(rig.device.info().configuration[14] == number);
    if (number == 3)
      BOOST_CHECK_THROW(rig.driver->identify(rig.link), DeviceError);
    else
      BOOST_TEST(rig.driver->identify(rig.link).serial == "01A2B3C4");
  }
  DeviceSettings s = unit();
  s.emulation.faults["interface_class"] = 300;
  BOOST_TEST(
      check_settings(s) == std::vector<std::string>{"emulation.faults.interface_class: is 300, must be from 0 to 255"},
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd
