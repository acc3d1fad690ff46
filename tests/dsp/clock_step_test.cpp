// A clock whose packets stay late: a new epoch that no driver told, in every stream of the device, and said so.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <nlohmann/json.hpp>

#include "dsp/device_input.hpp"
#include "dsp/force_plate.hpp"

BOOST_AUTO_TEST_SUITE(clock_step)

using namespace grfd;

namespace {

constexpr double kDelayS = 0.4e-3, kJumpS = 0.2;
constexpr std::int64_t kLossAt = 40'300;  // sample after which kJumpS of samples are missing and nobody counted them

/// Two devices of 1 kHz, plates `a` and `b`; b has another sensor, edges and messages besides.
struct Bench {
  StreamTable table;
  StreamId a = 0, b = 0;
  TextWriter events, gaps;
  std::vector<std::unique_ptr<DeviceInput>> devices;
  std::uint64_t gap_seq = 0, event_seq = 0;
  FixedBatch<64> out;
  std::vector<nlohmann::json> told;

  explicit Bench(bool shared, const char* unit = "scan") {
    const auto add = [&](const std::string& name, std::vector<Column> columns, ValueType type = ValueType::i32) {
      StreamInfo s;
      s.name = name;
      s.type = type;
      s.columns = std::move(columns);
      s.rate_hz = 1000;
      s.clock_unit = unit;
      return table.add(s);
    };
    a = add("raw/a/scan", {{"ain0", "count"}});
    b = add("raw/b/inertial", {{"accel_x", "g"}});
    add("raw/b/highg", {{"accel_x", "g"}});
    add("raw/b/sync", {{"line", "1"}, {"level", "code"}, {"count", "count"}});
    add("raw/b/messages", {}, ValueType::text);
    add("raw/b/loss",
        {{"first_seq", "count"}, {"count", "count"}, {"cause", "code", 0, 0, "0 missing"}, {"stream", "code"}},
        ValueType::i64);
    events = TextWriter(add("events", {}, ValueType::text));
    gaps = TextWriter(add("gaps", {}, ValueType::text));
    DeviceSettings settings;
    settings.name = "a";
    devices.push_back(std::make_unique<DeviceInput>(settings, "scan", a, table, 0));
    settings.name = "b";
    if (shared) settings.clock = "a";
    devices.push_back(std::make_unique<DeviceInput>(settings, "inertial", b, table, 0));
    if (shared) devices[1]->follow(*devices[0]);
  }
  /// Sample k, as the device numbers it, in packets of `packet`.
  Sample sample(std::size_t device, std::int64_t k, std::int64_t packet = 10, std::uint16_t epoch = 0) const {
    Sample s;
    s.stream = device == 0 ? a : b;
    s.seq = static_cast<std::uint64_t>(k);
    const bool us = table[s.stream].clock_unit == "us";
    s.t_device = us ? s.seq * 1000 : s.seq;
    s.t_arrival = std::llround(1e9 * (true_s((k / packet + 1) * packet - 1) + kDelayS));
    s.epoch = epoch;
    return s;
  }
  /// The crystal is 40 ppm slow.
  static double true_s(std::int64_t k) {
    return 5 + 1e-3 * (1 + 40e-6) * static_cast<double>(k) + (k >= kLossAt ? kJumpS : 0);
  }
  DeviceInput::Accepted accept(std::size_t device, Sample& s) {
    out.clear();
    const auto accepted = devices[device]->accept(s, gaps, gap_seq, out);
    keep_gaps();
    return accepted;
  }
  void keep_gaps() {
    std::string text;
    for (const Sample& s : out.samples()) {
      if (s.stream != gaps.id()) continue;
      text += grfd::text(s);
      if (s.part + 1 < s.parts) continue;
      BOOST_REQUIRE(text.starts_with("lost "));
      told.push_back(nlohmann::json::parse(text.substr(5)));
      text.clear();
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_step_of_the_clock_begins_an_epoch_as_the_driver_would) {
  for (const char* unit : {"scan", "us"}) {
    Bench bench(false, unit);
    std::vector<Sample> all;
    std::size_t first = 0;
    for (std::int64_t k = 0; k < 80'000; ++k) {
      Sample s = bench.sample(0, k);
      const auto accepted = bench.accept(0, s);
      BOOST_REQUIRE(accepted.lost == 0);
      if (!all.empty()) BOOST_REQUIRE(s.t > all.back().t);
      if (accepted.restarted) {
        BOOST_REQUIRE(first == 0);
        first = all.size();
        BOOST_TEST(s.flags == (kGapBefore | kNewEpoch | kClockUnsettled));
      } else {
        BOOST_REQUIRE((s.flags & (kGapBefore | kNewEpoch)) == 0);
      }
      BOOST_REQUIRE(s.epoch == (first > 0 ? 1 : 0));
      all.push_back(s);
    }
    // Five whole blocks of a second are late, after the one in which it happened.
    BOOST_REQUIRE(first > kLossAt + 5'000);
    BOOST_TEST(first < kLossAt + 6'100);
    const auto error_s = [&](std::size_t k) {
      return seconds(all[k].t) - Bench::true_s(static_cast<std::int64_t>(k)) - kDelayS;
    };
    BOOST_TEST(std::abs(error_s(kLossAt - 1)) < 1e-4);
    for (std::size_t k = kLossAt; k < first; ++k) BOOST_REQUIRE(std::abs(error_s(k) + kJumpS) < 5e-4);
    for (std::size_t k = first; k < all.size(); ++k) BOOST_REQUIRE(std::abs(error_s(k)) < 5e-4);

    BOOST_TEST_REQUIRE(bench.told.size() == 1u);
    const auto& row = bench.told[0];
    BOOST_TEST(row["stream"] == "raw/a/scan");
    BOOST_TEST(row["cause"] == "clock_step");
    BOOST_TEST(row["count"] == -1);
    BOOST_TEST(row["first_seq"] == first);
    BOOST_TEST(std::abs(row["jump_s"].get<double>() - kJumpS) < 1e-3);
    // The last packet in time came less than a block, and not after the last good one.
    BOOST_TEST(row["doubtful_from_s"].get<double>() < seconds(all[kLossAt].t) + 1e-3);
    BOOST_TEST(row["doubtful_from_s"].get<double>() > seconds(all[kLossAt].t) - 1.1);
  }
}

BOOST_AUTO_TEST_CASE(the_clock_row_counts_from_the_new_epoch) {
  Bench bench(false);
  std::vector<double> offsets, resets;
  double opened_s = 0;
  for (std::int64_t k = 0; k < 80'000; ++k) {
    Sample s = bench.sample(0, k);
    if (bench.accept(0, s).restarted) opened_s = seconds(s.t);
    if (k % 1000 != 999) continue;
    Sample tick;
    tick.t = tick.t_arrival = s.t_arrival;
    tick.seq = 99;
    bench.out.clear();
    bench.devices[0]->tick(tick, 200'000'000, bench.gaps, bench.gap_seq, bench.events, bench.event_seq, bench.out);
    BOOST_REQUIRE(bench.out.samples().size() == 1u);
    offsets.push_back(value<double>(bench.out.samples()[0], 0));
    resets.push_back(value<double>(bench.out.samples()[0], 5));
  }
  BOOST_TEST(std::abs(offsets[38] - 5 - kDelayS) < 1e-4);  // of sample 0
  BOOST_TEST(resets[38] == 0);
  BOOST_TEST(std::abs(offsets.back() - opened_s) < 1e-3);
  BOOST_TEST(resets.back() == 1);
}

BOOST_AUTO_TEST_CASE(every_stream_of_the_device_is_in_the_epoch_and_the_drivers_own_come_on_top) {
  Bench bench(false, "us");
  std::uint16_t driver = 0;
  const auto row = [&](const char* stream, std::uint64_t seq, std::uint64_t t_device) {
    Sample s;
    s.stream = bench.table.id(stream);
    s.seq = seq;
    s.t_device = t_device;
    s.epoch = driver;
    return s;
  };
  std::uint64_t seq = 0;
  const auto others = [&](std::uint64_t t_device) {  // an edge, the other sensor, a text and a loss, in this order
    ++seq;
    DeviceInput& d = *bench.devices[1];
    bench.out.clear();
    std::vector<Sample> made;
    const auto last_of = [&](const char* stream) {
      for (const Sample& s : bench.out.samples())
        if (s.stream == bench.table.id(stream)) made.push_back(s);
      bench.keep_gaps();
      bench.out.clear();
    };
    d.take_edge(row("raw/b/sync", seq, t_device), bench.events, bench.event_seq, bench.out);
    last_of("raw/b/sync");
    d.take_side(row("raw/b/highg", seq, t_device), bench.gaps, bench.gap_seq, bench.out);
    last_of("raw/b/highg");
    d.take_message(row("raw/b/messages", seq, t_device), bench.events.id(), bench.event_seq, bench.out);
    last_of("raw/b/messages");
    Sample loss = row("raw/b/loss", seq, t_device);
    set_value<std::int64_t>(loss, 1, 0);
    d.take_loss(loss, bench.gaps, bench.gap_seq, bench.out);
    for (const Sample& s : bench.out.samples())
      if (s.stream == loss.stream) made.push_back(s);
    bench.out.clear();
    BOOST_REQUIRE(made.size() == 4u);
    return made;
  };
  std::int64_t k = 0;
  std::uint16_t now = 0;
  for (; k < 50'000; ++k) {
    Sample s = bench.sample(1, k);
    bench.accept(1, s);
    now = s.epoch;
    if (k != 39'999 && k != 49'000 && k != 49'999) continue;
    const auto made = others(s.t_device + 500);
    for (const Sample& m : made) BOOST_TEST(m.epoch == now);
    for (const std::size_t i : {0, 1, 2})  // times go with the main stream
      BOOST_TEST(std::abs(seconds(made[i].t - s.t) - 0.5e-3) < 1e-5);
    BOOST_TEST(made[1].flags == (k == 49'000   ? kGapBefore | kNewEpoch | kClockUnsettled
                                 : k == 39'999 ? 0
                                               : kClockUnsettled + 0));
  }
  BOOST_TEST(now == 1);
  BOOST_TEST_REQUIRE(bench.told.size() == 2u);
  BOOST_TEST(bench.told[0]["stream"] == "raw/b/inertial");
  BOOST_TEST(bench.told[1]["stream"] == "raw/b/highg");
  BOOST_TEST(bench.told[1]["cause"] == "clock_step");
  BOOST_TEST(bench.told[1]["first_seq"] == 2);
  BOOST_TEST(bench.told[1]["jump_s"] == bench.told[0]["jump_s"]);

  // The device restarts: the driver's second epoch is the third one.
  driver = 1;
  Sample s = bench.sample(1, k + 100, 10, 1);
  s.flags = kGapBefore | kNewEpoch;
  BOOST_TEST(bench.accept(1, s).restarted);
  BOOST_TEST(s.epoch == 2);
  const auto made = others(s.t_device + 500);
  for (const Sample& m : made) BOOST_TEST(m.epoch == 2);
  const auto steps =
      std::count_if(bench.told.begin(), bench.told.end(), [](auto& r) { return r["cause"] == "clock_step"; });
  BOOST_TEST(steps == 2);
}

BOOST_AUTO_TEST_CASE(devices_of_one_clock_step_with_their_own_first_scan_behind_it) {
  Bench bench(true);
  // b is delivered 2.5 ms behind a.
  std::int64_t next[] = {0, 0};
  std::int64_t begun[] = {-1, -1};
  std::map<std::int64_t, TimeNs> stamps;
  while (next[1] < 60'000) {
    Sample ahead = bench.sample(0, next[0]), behind = bench.sample(1, next[1]);
    behind.t_arrival += 2'500'000;
    const std::size_t i = ahead.t_arrival <= behind.t_arrival ? 0 : 1;
    Sample& s = i == 0 ? ahead : behind;
    const auto accepted = bench.accept(i, s);
    if (accepted.restarted) {
      BOOST_REQUIRE(begun[i] == -1);
      begun[i] = next[i];
      BOOST_TEST((s.flags & kNewEpoch) != 0);
    }
    BOOST_REQUIRE(s.epoch == (begun[i] >= 0 ? 1 : 0));
    const auto [other, fresh] = stamps.emplace(next[i], s.t);
    if (!fresh) BOOST_REQUIRE_EQUAL(other->second, s.t);
    ++next[i];
  }
  BOOST_TEST(begun[0] > kLossAt);
  BOOST_TEST(begun[1] == begun[0]);
  BOOST_TEST_REQUIRE(bench.told.size() == 2u);
  BOOST_TEST(bench.told[0]["stream"] == "raw/a/scan");
  BOOST_TEST(bench.told[1]["stream"] == "raw/b/inertial");
  BOOST_TEST(bench.told[1]["first_seq"] == bench.told[0]["first_seq"]);
}

BOOST_AUTO_TEST_CASE(a_late_link_that_catches_up_and_a_delay_that_falls_begin_no_epoch) {
  for (const double change_s : {0.2, -0.02}) {
    Bench bench(false);
    for (std::int64_t k = 0; k < 80'000; ++k) {
      Sample s = bench.sample(0, k);
      s.t_arrival += 30'000'000 - (k >= kLossAt ? 200'000'000 : 0);
      if (change_s > 0 ? k >= kLossAt && k < kLossAt + 4'500 : k >= kLossAt)
        s.t_arrival += std::llround(change_s * 1e9);
      BOOST_REQUIRE(!bench.accept(0, s).restarted);
      BOOST_REQUIRE(s.epoch == 0);
    }
    BOOST_TEST(bench.told.empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
