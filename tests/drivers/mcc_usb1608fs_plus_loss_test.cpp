// Losses on the way from a USB-1608FS-Plus, which nothing in its bytes tells: found, told, mended; and what is none.
#include <cstring>

#include "tests/drivers/mcc_usb1608fs_plus_rig.hpp"

namespace grfd {
using namespace mcc_test;

BOOST_AUTO_TEST_SUITE(mcc_usb1608fs_plus_losses)
namespace {

struct Epoch {
  std::size_t first_row;
  TimeNs began, ended;
  std::string cause;    // why it ended
  double withheld = 0;  // scans that came when the loss was known
};

/// Polls as the daemon does, restarts when the driver asks for it.
std::vector<Epoch> run(Rig& rig, TestClock& clock, TimeNs length) {
  std::vector<Epoch> all{{0, clock.t, 0, ""}};
  std::uint64_t withheld = 0;
  rig.start();
  for (const TimeNs end = clock.t + length; clock.t < end;) {
    rig.run_to(clock.t + 100 * kMs);
    const char* cause = rig.driver->check(rig.link, clock.t);
    if (!cause) continue;
    all.back().cause = cause;
    rig.driver->stop(rig.link);
    all.back().ended = clock.t;
    const std::uint64_t bytes = rig.counter("bytes_withheld");
    all.back().withheld =
        static_cast<double>(bytes - withheld) / (2.0 * static_cast<double>(rig.settings.analog_inputs.size()));
    withheld = bytes;
    all.push_back({rig.scans().size(), clock.t, 0, ""});
    rig.start();
  }
  all.back().ended = clock.t;
  return all;
}

MccLoss cause_of(const Sample& loss) { return static_cast<MccLoss>(value<std::int64_t>(loss, 2)); }
/// Rows of the loss stream that say what is missing.
std::vector<Sample> missing(const Rig& rig) {
  std::vector<Sample> all;
  for (const Sample& s : rig.rows[2])
    if (cause_of(s) != MccLoss::columns_rotated) all.push_back(s);
  return all;
}

struct Named {
  std::size_t first, end;
};
/// What the loss stream says stands in the wrong columns.
std::vector<Named> rotated(const Rig& rig) {
  std::vector<Named> all;
  for (const Sample& s : rig.rows[2])
    if (cause_of(s) == MccLoss::columns_rotated)
      all.push_back({static_cast<std::size_t>(value<std::int64_t>(s, 0)),
                     static_cast<std::size_t>(value<std::int64_t>(s, 0) + value<std::int64_t>(s, 1))});
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
        const std::vector<Sample> losses = missing(rig);
        double most_ms = 0, sum_ms = 0;
        for (std::size_t e = 0; e < epochs.size(); ++e) {
          const std::size_t end = e + 1 < epochs.size() ? epochs[e + 1].first_row : rig.scans().size();
          const double scans = static_cast<double>(end - epochs[e].first_row);
          const double missing_ms =
              static_cast<double>(epochs[e].ended - epochs[e].began) / 1e6 - scans - epochs[e].withheld;
          most_ms = std::max(most_ms, missing_ms);
          sum_ms += missing_ms;
          if (e + 1 < epochs.size()) BOOST_TEST(epochs[e].cause == "scans_missing");
          if (e == 0 || end - epochs[e].first_row < 2) continue;
          BOOST_TEST(value<std::int64_t>(losses.at(e - 1), 0) == static_cast<std::int64_t>(epochs[e].first_row));
          BOOST_TEST(value<std::int64_t>(losses[e - 1], 1) == -1);
          BOOST_TEST((cause_of(losses[e - 1]) == MccLoss::scans_missing));
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

// Each input has a voltage of its own: a row with other codes than the first one has them in the wrong columns.
BOOST_AUTO_TEST_CASE(rows_in_the_wrong_columns_are_named_and_few_others) {
  std::size_t wrong_named = 0, all_named = 0, from_the_start = 0;
  for (const int inputs : {3, 5, 6, 7})
    for (const double rate : {0.002, 0.005, 0.02})
      for (const double drift_ppm : {-100.0, 100.0}) {
        TestClock clock;
        DeviceSettings s = unit("mcc", inputs);
        s.emulation.drift_ppm = drift_ppm;
        s.emulation.jitter_ms = 0.1;
        s.emulation.faults["drop_packet"] = rate;
        Rig rig(s, clock);
        rig.source.f = [](int input, double) { return input - 3.3; };
        const std::vector<Epoch> epochs = run(rig, clock, 60'000 * kMs);
        const std::vector<Named> named = rotated(rig);
        BOOST_REQUIRE(epochs.size() > 1);
        BOOST_REQUIRE_EQUAL(named.size(), epochs.size() - 1);
        for (std::size_t e = 0; e + 1 < epochs.size(); ++e) {
          const std::size_t begin = epochs[e].first_row, end = epochs[e + 1].first_row;
          BOOST_TEST(named[e].first >= begin);
          BOOST_TEST(named[e].end == end);
          // What is lost before the first byte of an epoch shows in no time.
          if (rig.scans()[begin].data != rig.scans()[0].data) {
            ++from_the_start;
            continue;
          }
          all_named += named[e].end - named[e].first;
          std::size_t first_wrong = begin, unnamed = 0;
          while (first_wrong < end && rig.scans()[first_wrong].data == rig.scans()[0].data) ++first_wrong;
          for (std::size_t k = begin; k < end; ++k) {
            const bool wrong = rig.scans()[k].data != rig.scans()[0].data;
            wrong_named += wrong && k >= named[e].first;
            unnamed += wrong && k < named[e].first;
          }
          BOOST_TEST(unnamed == 0u, inputs << " inputs, " << rate << ", epoch " << e << ": " << unnamed << " unnamed");
          BOOST_TEST(first_wrong < named[e].first + 2500, inputs << " inputs, " << rate << ": named from "
                                                                 << named[e].first << ", wrong from " << first_wrong);
        }
      }
  BOOST_TEST_MESSAGE(wrong_named << " rows in the wrong columns, " << all_named << " named; " << from_the_start
                                 << " epochs wrong from their first row on");
  BOOST_TEST(wrong_named > 10'000u);
  BOOST_TEST(all_named < 2 * wrong_named);
}

BOOST_AUTO_TEST_CASE(where_packets_hold_whole_scans_no_column_moves_and_nothing_is_named) {
  for (const int inputs : {1, 2, 4, 8}) {
    TestClock clock;
    DeviceSettings s = unit("mcc", inputs);
    s.emulation.faults["drop_packet"] = 0.02;
    Rig rig(s, clock);
    rig.source.f = [](int input, double) { return input - 3.3; };
    const std::vector<Epoch> epochs = run(rig, clock, 60'000 * kMs);
    BOOST_TEST(epochs.size() > 1u);
    BOOST_TEST(rig.rows[2].size() == epochs.size() - 1);
    BOOST_TEST(rotated(rig).empty());
    BOOST_TEST(rig.counter("bytes_withheld") == 0u);
    BOOST_TEST(rig.counter("scans_possibly_rotated") == 0u);
    std::size_t wrong = 0;
    for (const Sample& row : rig.scans()) wrong += row.data != rig.scans()[0].data;
    BOOST_TEST(wrong == 0u);
  }
}

BOOST_AUTO_TEST_CASE(they_are_named_at_once_and_no_more_are_made) {
  TestClock clock;
  Rig rig(unit("mcc", 7), clock);
  rig.start();
  rig.run_to(clock.t + 20'000 * kMs);
  const std::size_t before = rig.scans().size();
  rig.device.scanner().drop_bytes(10 * 64);  // 45.7 scans
  const char* fault = nullptr;
  for (int k = 0; k < 60 && !fault; ++k) {
    rig.run_to(clock.t + 100 * kMs);
    fault = rig.driver->check(rig.link, clock.t);
  }
  BOOST_REQUIRE(fault);
  BOOST_TEST(std::string(fault) == "scans_missing");
  BOOST_REQUIRE_EQUAL(rig.rows[2].size(), 1u);
  BOOST_TEST((cause_of(rig.rows[2][0]) == MccLoss::columns_rotated));
  const Named named = rotated(rig).at(0);
  BOOST_TEST(named.first <= before);
  BOOST_TEST(named.first + 2500 > before);
  BOOST_TEST(named.end == rig.scans().size());
  BOOST_TEST(rig.counter("scans_possibly_rotated") == named.end - named.first);
  rig.run_to(clock.t + 500 * kMs);  // 7 inputs x 2 bytes x 1 kHz
  BOOST_TEST(rig.scans().size() == named.end);
  BOOST_TEST(rig.counter("bytes_withheld") > 6000u);
  rig.driver->stop(rig.link);
  rig.start();
  rig.run_to(clock.t + 500 * kMs);
  BOOST_REQUIRE_EQUAL(rig.rows[2].size(), 2u);
  BOOST_TEST((cause_of(rig.rows[2][1]) == MccLoss::scans_missing));
  BOOST_TEST(value<std::int64_t>(rig.rows[2][1], 0) == static_cast<std::int64_t>(named.end));
  BOOST_TEST((rig.scans().back().data == rig.scans()[0].data));
}

// Of two units on one pacer it is the pipeline that notices a single packet, and starts both anew.
BOOST_AUTO_TEST_CASE(a_restart_for_another_reason_names_them_with_its_first_scan) {
  for (const bool loss : {false, true}) {
    TestClock clock;
    Rig rig(unit("mcc", 7), clock);
    rig.start();
    rig.run_to(clock.t + 20'000 * kMs);
    const std::size_t before = rig.scans().size();
    if (loss) rig.device.scanner().drop_bytes(64);
    rig.run_to(clock.t + 8'000 * kMs);
    BOOST_TEST(rig.driver->check(rig.link, clock.t) == nullptr);
    rig.driver->stop(rig.link);
    const std::size_t end = rig.scans().size();
    BOOST_TEST(rig.rows[2].empty());
    rig.start();
    rig.run_to(clock.t + 500 * kMs);
    BOOST_REQUIRE_EQUAL(rig.rows[2].size(), loss ? 2u : 1u);
    BOOST_TEST((cause_of(rig.rows[2].back()) == MccLoss::restart));
    if (!loss) continue;
    const Named named = rotated(rig).at(0);
    BOOST_TEST(named.first <= before);
    BOOST_TEST(named.first + 2500 > before);
    BOOST_TEST(named.end == end);
  }
}

BOOST_AUTO_TEST_CASE(where_transfers_end_does_not_matter) {
  const auto rows_of = [](std::size_t first_piece) {
    MccStream stream(7, 1000, 300, {0, 1, 2}, -1, -1);
    stream.restart(MccLoss::restart);
    std::vector<Sample> all;
    FixedBatch<64> out(
        [](void* self, std::span<const Sample> samples) noexcept {
          auto& to = *static_cast<std::vector<Sample>*>(self);
          to.insert(to.end(), samples.begin(), samples.end());
        },
        &all);
    std::array<std::byte, 64> packet{};
    for (int k = 0; k < 5000; ++k) {  // 7 inputs: one each 32/7 ms
      packet.fill(static_cast<std::byte>(k));
      if (k % 100 == 99) continue;
      const TimeNs arrival = k * TimeNs{32'000'000} / 7;
      stream.decode(std::span(packet).first(first_piece), arrival, out);
      stream.decode(std::span(packet).subspan(first_piece), arrival, out);
      out.flush();
    }
    BOOST_REQUIRE(stream.fault());
    return all;
  };
  const std::vector<Sample> whole = rows_of(0);
  BOOST_REQUIRE(whole.size() > 3000u);
  BOOST_TEST(whole.back().stream == 1u);
  for (const std::size_t first_piece : {1, 13, 62}) {
    const std::vector<Sample> cut = rows_of(first_piece);
    BOOST_REQUIRE_EQUAL(cut.size(), whole.size());
    for (std::size_t i = 0; i < cut.size(); ++i) BOOST_REQUIRE(std::memcmp(&cut[i], &whole[i], sizeof(Sample)) == 0);
  }
}

BOOST_AUTO_TEST_CASE(bytes_that_the_link_lost_are_a_reason_for_a_restart) {
  TestClock clock;
  Rig rig(unit(), clock);
  rig.start();
  rig.run_to(clock.t + 500 * kMs);
  BOOST_TEST(rig.driver->check(rig.link, clock.t) == nullptr);
  const std::size_t before = rig.scans().size();
  rig.driver->bytes_lost("transfer_error");
  rig.run_to(clock.t + 100 * kMs);
  BOOST_REQUIRE(rig.driver->check(rig.link, clock.t));
  BOOST_TEST(std::string(rig.driver->check(rig.link, clock.t)) == "transfer_error");
  BOOST_TEST(rig.scans().size() == before);  // how much is missing nobody knows
  rig.driver->stop(rig.link);
  rig.start();
  rig.run_to(clock.t + 500 * kMs);
  BOOST_TEST(rig.driver->check(rig.link, clock.t) == nullptr);
  BOOST_REQUIRE_EQUAL(rig.rows[2].size(), 1u);
  BOOST_TEST((cause_of(rig.rows[2][0]) == MccLoss::link_error));
  BOOST_TEST(value<std::int64_t>(rig.rows[2][0], 0) == static_cast<std::int64_t>(before));
  BOOST_TEST(rig.scans().back().epoch == 1u);
}

BOOST_AUTO_TEST_CASE(a_crystal_within_the_settings_bound_is_no_loss_and_losses_are_still_found) {
  for (const int inputs : {7, 8})
    for (const double drift_ppm : {-400.0, 400.0})
      for (const double lost : {0.0, 0.005})
        for (const double bound_ppm : {0.0, 500.0}) {
          TestClock clock;
          DeviceSettings s = unit("mcc", inputs);
          s.max_drift_ppm = bound_ppm;
          s.emulation.drift_ppm = drift_ppm;
          s.emulation.jitter_ms = 0.1;
          if (lost > 0) s.emulation.faults["drop_packet"] = lost;
          Rig rig(s, clock);
          const std::vector<Epoch> epochs = run(rig, clock, (bound_ppm > 0 ? 60'000 : 300'000) * kMs);
          BOOST_TEST_CONTEXT(inputs << " inputs, " << drift_ppm << " ppm, bound " << bound_ppm << ", lost " << lost) {
            BOOST_TEST_MESSAGE(inputs << " inputs, " << drift_ppm << " ppm, bound " << bound_ppm << ", lost " << lost
                                      << ": " << epochs.size() - 1 << " restarts");
            if (lost > 0)
              BOOST_TEST(epochs.size() > 1u);
            else if (bound_ppm > 0)
              BOOST_TEST(epochs.size() == 1u);
            else
              BOOST_TEST((epochs.size() > 1u) == (drift_ppm < 0));
          }
        }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd
