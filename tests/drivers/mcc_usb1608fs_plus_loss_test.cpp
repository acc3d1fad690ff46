// Losses on the way from a USB-1608FS-Plus, which nothing in its bytes tells: found, told, mended; and what is none.
#include <bit>
#include <cmath>
#include <cstring>

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

MccLoss cause_of(const Sample& loss) { return static_cast<MccLoss>(value<std::int64_t>(loss, 2)); }

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
        const std::vector<Sample>& losses = rig.rows[2];
        double most_ms = 0, sum_ms = 0;
        for (std::size_t e = 0; e < epochs.size(); ++e) {
          const std::size_t end = e + 1 < epochs.size() ? epochs[e + 1].first_row : rig.scans().size();
          const double scans = static_cast<double>(end - epochs[e].first_row);
          const double missing_ms = static_cast<double>(epochs[e].ended - epochs[e].began) / 1e6 - scans;
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
        // Half a packet of 8 channels at 1 kHz is 2 ms: 250 packets a second.
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

// Each code names its input and its scan, so that every row is compared with what the unit felt.
BOOST_AUTO_TEST_CASE(single_lost_packets_move_no_column) {
  const auto code_of = [](int input, std::int64_t ms) { return 10000 + (ms * 37 + input * 2003) % 40000; };
  struct Case {
    int inputs;
    double rate;
    std::uint64_t seed;
  };
  std::vector<Case> cases;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) cases.push_back({6, 0.0002, seed});
  for (const int inputs : {1, 2, 3, 4, 5, 7, 8}) cases.push_back({inputs, 0.002, 1});
  std::int64_t six_inputs_slipped = 0, most_slipped = 0;
  for (const Case& c : cases) {
    TestClock clock;
    DeviceSettings s = unit("mcc", c.inputs);
    s.emulation.faults["drop_packet"] = c.rate;
    s.emulation.seed = c.seed;
    Rig rig(s, clock);
    for (std::size_t i = 0; i < kChannels; ++i) write_calibration(rig.device.memory(), 0, i, 1, 0);
    rig.source.f = [&](int input, double t) {
      return static_cast<double>(code_of(input, static_cast<std::int64_t>(std::floor(t * 1000 + 1e-3))) - 32768) * 20 /
             65536;
    };
    run(rig, clock, 60'000 * kMs);
    const std::int64_t packet = 32 / std::popcount(padded(asked_inputs(s)));
    const auto is = [&](const Sample& row, std::int64_t ms) {
      for (int i = 0; i < c.inputs; ++i)
        if (value<std::int32_t>(row, static_cast<std::size_t>(i)) != code_of(i, ms)) return false;
      return true;
    };
    std::size_t wrong = 0;
    std::int64_t ms = -1, slipped = 0;
    unsigned epoch = 99;
    for (const Sample& row : rig.scans()) {
      std::int64_t next = ms + 1;
      const std::int64_t step = row.epoch == epoch ? packet : 1, last = next + (row.epoch == epoch ? 4 * packet : 1000);
      while (next < last && !is(row, next)) next += step;
      if (row.epoch == epoch)
        slipped += is(row, next) ? next - ms - 1 : 0;
      else
        slipped = 0;
      most_slipped = std::max(most_slipped, c.inputs == 6 ? slipped : 0);
      if (c.inputs == 6 && row.epoch == epoch && is(row, next)) six_inputs_slipped += next - ms - 1;
      wrong += !is(row, next);
      ms = next;
      epoch = row.epoch;
    }
    BOOST_TEST(wrong == 0u, c.inputs << " inputs, seed " << c.seed << ": " << wrong << " of " << rig.scans().size());
    BOOST_TEST(rig.scans().size() > 50'000u);
  }
  BOOST_TEST_MESSAGE("6 inputs: " << six_inputs_slipped / 4 << " packets lost in 8 minutes, times slipped by "
                                  << most_slipped << " ms at most");
  BOOST_TEST(six_inputs_slipped >= 4 * 8);  // 24 are expected
  BOOST_TEST(most_slipped <= 24);           // 20 ms of steps are not noticed, one more is
}

BOOST_AUTO_TEST_CASE(where_transfers_end_does_not_matter) {
  const auto rows_of = [](std::size_t first_piece) {
    MccStream stream(0x7f, 1000, 300, {0, 1, 2}, -1, -1);
    stream.restart(MccLoss::restart);
    std::vector<Sample> all;
    FixedBatch<64> out(
        [](void* self, std::span<const Sample> samples) noexcept {
          auto& to = *static_cast<std::vector<Sample>*>(self);
          to.insert(to.end(), samples.begin(), samples.end());
        },
        &all);
    std::array<std::byte, 64> packet{};
    for (int k = 0; k < 5000; ++k) {  // 8 scanned inputs: one each 4 ms
      packet.fill(static_cast<std::byte>(k));
      if (k % 100 == 99) continue;
      const TimeNs arrival = k * TimeNs{4'000'000};
      stream.decode(std::span(packet).first(first_piece), arrival, out);
      stream.decode(std::span(packet).subspan(first_piece), arrival, out);
      out.flush();
    }
    BOOST_REQUIRE(stream.fault());
    return all;
  };
  const std::vector<Sample> whole = rows_of(0);
  BOOST_REQUIRE(whole.size() > 3000u);
  BOOST_TEST(whole.back().stream == 0u);
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

BOOST_AUTO_TEST_CASE(a_crystal_within_slow_crystal_ppm_is_no_loss_and_losses_are_still_found) {
  for (const int inputs : {7, 8})
    for (const double drift_ppm : {-400.0, 400.0})
      for (const double lost : {0.0, 0.005})
        for (const double bound_ppm : {0.0, 500.0}) {
          TestClock clock;
          DeviceSettings s = unit("mcc", inputs);
          if (bound_ppm > 0) s.slow_crystal_ppm = bound_ppm;
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
