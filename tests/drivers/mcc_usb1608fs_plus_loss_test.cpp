// Losses on the way from a USB-1608FS-Plus, which nothing in its bytes tells: found, told, mended; and what is none.
#include "tests/drivers/mcc_usb1608fs_plus_rig.hpp"

namespace grfd {
using namespace mcc_test;

BOOST_AUTO_TEST_SUITE(mcc_usb1608fs_plus_losses)
namespace {

struct Epoch {
  std::size_t first_row;
  TimeNs began, ended;
  std::string cause;  // why it ended
};

/// Polls as the daemon does, restarts when the driver asks for it.
std::vector<Epoch> run(Rig& rig, TestClock& clock, TimeNs length) {
  std::vector<Epoch> all{{0, clock.t, 0, ""}};
  rig.start();
  for (const TimeNs end = clock.t + length; clock.t < end;) {
    rig.run_to(clock.t + 100 * kMs);
    const char* cause = rig.driver->check(rig.link, clock.t);
    if (!cause) continue;
    all.back().cause = cause;
    rig.driver->stop(rig.link);
    all.back().ended = clock.t;
    all.push_back({rig.scans().size(), clock.t, 0, ""});
    rig.start();
  }
  all.back().ended = clock.t;
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(losses_at_a_rate_are_noticed_and_the_columns_are_right_after_each_restart) {
  std::size_t restarts = 0, wrong = 0;
  for (const char* fault : {"drop_packet", "drop_bytes"})
    for (const double rate : {0.001, 0.002, 0.005, 0.01, 0.05})
      for (const double drift_ppm : {-100.0, 100.0}) {
        TestClock clock;
        DeviceSettings s = unit("mcc", 7);
        s.emulation.drift_ppm = drift_ppm;
        s.emulation.jitter_ms = 0.1;
        s.emulation.faults[fault] = rate;
        Rig rig(s, clock);
        rig.source.f = [](int input, double) { return input - 3.3; };
        const std::vector<Epoch> epochs = run(rig, clock, 60'000 * kMs);
        double most_ms = 0, sum_ms = 0;
        for (std::size_t e = 0; e < epochs.size(); ++e) {
          const std::size_t end = e + 1 < epochs.size() ? epochs[e + 1].first_row : rig.scans().size();
          const double scans = static_cast<double>(end - epochs[e].first_row);
          const double missing_ms = static_cast<double>(epochs[e].ended - epochs[e].began) / 1e6 - scans;
          most_ms = std::max(most_ms, missing_ms);
          sum_ms += missing_ms;
          if (e + 1 < epochs.size()) BOOST_TEST(epochs[e].cause == "scans_missing");
          if (e == 0 || end - epochs[e].first_row < 2) continue;
          BOOST_TEST(value<std::int64_t>(rig.rows[2].at(e - 1), 0) == static_cast<std::int64_t>(epochs[e].first_row));
          BOOST_TEST(value<std::int64_t>(rig.rows[2][e - 1], 1) == -1);
          BOOST_TEST(value<std::int64_t>(rig.rows[2][e - 1], 2) == static_cast<std::int64_t>(MccLoss::scans_missing));
          ++restarts;
          wrong += rig.scans()[epochs[e].first_row].data != rig.scans()[0].data;
        }
        BOOST_TEST_MESSAGE(fault << " " << rate << ", crystal " << drift_ppm << " ppm: " << epochs.size() - 1
                                 << " restarts in 60 s, " << sum_ms << " ms lost, at most " << most_ms
                                 << " ms before it is noticed");
        // Half a packet of 7 channels at 1 kHz is 2.3 ms: 219 packets a second.
        const double lost_per_s_ms = rate * 1e3 * (fault[5] == 'b' ? 0.5 : 1);
        if (lost_per_s_ms >= 1) BOOST_TEST(epochs.size() > 1u);
        BOOST_TEST(most_ms < 50 + 5 * lost_per_s_ms);
      }
  // The first packet after a start is as likely to be hit as any: 5 % at the highest of these rates.
  BOOST_TEST_MESSAGE(restarts << " restarts, " << wrong << " with a loss in the first packet");
  BOOST_TEST(restarts > 100u);
  BOOST_TEST(static_cast<double>(wrong) < 0.05 * static_cast<double>(restarts));
}

BOOST_AUTO_TEST_CASE(what_is_late_and_not_lost_needs_no_restart) {
  struct Case {
    const char* what;
    double stall_probability, stall_ms, jitter_ms;
  };
  for (const Case& c : {Case{"quiet", 0, 0, 0.1}, Case{"batches of 30 ms", 0.2, 30, 0.1},
                        Case{"jitter of 3 ms", 0, 0, 3}, Case{"stalls of 0.3 s", 0.01, 300, 0.1}})
    for (const double drift_ppm : {-100.0, 100.0})
      for (const int inputs : {6, 7, 8}) {
        TestClock clock;
        DeviceSettings s = unit("mcc", inputs);
        s.emulation.drift_ppm = drift_ppm;
        s.emulation.jitter_ms = c.jitter_ms;
        s.emulation.stall_probability = c.stall_probability;
        s.emulation.stall_ms = c.stall_ms;
        Rig rig(s, clock);
        const std::vector<Epoch> epochs = run(rig, clock, 120'000 * kMs);
        BOOST_TEST(epochs.size() == 1u, c.what << ", " << inputs << " inputs: " << epochs[0].cause);
        BOOST_TEST(rig.scans().size() > 119'000u);
      }
}

BOOST_AUTO_TEST_CASE(bytes_that_the_link_lost_are_a_reason_for_a_restart) {
  TestClock clock;
  Rig rig(unit(), clock);
  rig.start();
  rig.run_to(clock.t + 500 * kMs);
  BOOST_TEST(std::string(rig.driver->bytes_lost("transfer_error")) == "transfer_error");
  rig.driver->stop(rig.link);
  rig.start();
  rig.run_to(clock.t + 500 * kMs);
  BOOST_REQUIRE_EQUAL(rig.rows[2].size(), 1u);
  BOOST_TEST(value<std::int64_t>(rig.rows[2][0], 2) == static_cast<std::int64_t>(MccLoss::link_error));
  BOOST_TEST(rig.scans().back().epoch == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd
