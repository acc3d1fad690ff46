// Steps of two clocks of the demonstration rig, from the raw samples to what the operator is told: scans that were lost
// without a count, and a link that became slower.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <nlohmann/json.hpp>

#include "daemon/event_text.hpp"
#include "tests/daemon/rig.hpp"

BOOST_AUTO_TEST_SUITE(clock_steps)

using namespace rig_test;
using nlohmann::json;

namespace {

constexpr TimeNs kStepAt = kStart + 30 * kSecond;

bool is_input(const StreamInfo& info) {
  return info.kind == StreamKind::raw || info.name == "commands" || info.name == "ticks";
}

/// What drivers and daemon gave the pipeline of a rig on which somebody stands still, and what it made of it.
struct Quiet {
  Rig rig{demo_settings({"stimulus.subject.first_descent_s=3100"})};
  Collector out;
  std::vector<Sample> input;
  Quiet() {
    rig.assembly.engine->add_outlet(out);
    rig.start_all();
    rig.run_until(kStart + 60 * kSecond, [this] { rig.assembly.engine->poll(rig.clock.t); });
    for (Sample s : out.samples) {
      if (!is_input(rig.streams()[s.stream])) continue;
      if (rig.streams()[s.stream].kind == StreamKind::raw) s.t = 0;
      s.flags &= static_cast<std::uint16_t>(~kClockUnsettled);
      input.push_back(s);
    }
  }
};

std::vector<Sample> of(const std::vector<Sample>& all, StreamId id) {
  std::vector<Sample> some;
  std::copy_if(all.begin(), all.end(), std::back_inserter(some), [&](const Sample& s) { return s.stream == id; });
  return some;
}

/// Of a stream of one part: values of a column, by the millisecond of the grid.
std::map<std::int64_t, double> course(const std::vector<Sample>& all, const StreamTable& table, const char* stream,
                                      std::size_t column) {
  const StreamId id = table.id(stream);
  const bool wide = table[id].type == ValueType::f64;
  const std::size_t per_part = wide ? 8 : 16;
  std::map<std::int64_t, double> values;
  for (const Sample& s : of(all, id))
    if (s.part == column / per_part)
      values[(s.t - kStart) / kMs] = wide ? value<double>(s, column % 8) : value<float>(s, column % 16);
  return values;
}

}  // namespace

BOOST_AUTO_TEST_CASE(steps_begin_epochs_and_restart_what_integrates) {
  Quiet quiet;
  const StreamTable& table = quiet.rig.streams();
  const StreamId u6 = table.id("raw/u6/scan"), shank = table.id("raw/imu_shank_left/inertial");
  // The true time of each sample is the one it has when nothing is wrong.
  const auto scans = of(quiet.out.samples, u6), readings = of(quiet.out.samples, shank);
  const std::uint64_t first_lost =
      std::find_if(scans.begin(), scans.end(), [](const Sample& s) { return s.t > kStepAt; })->seq;

  // The second jump is longer than the grid waits for a device (100 ms).
  for (const std::uint64_t jump_ms : {60, 300}) {
    const std::uint64_t lost = jump_ms;  // scans, at 1 kHz
    const double jump_s = 1e-3 * static_cast<double>(jump_ms);
    std::vector<Sample> input;
    for (Sample s : quiet.input) {
      if (s.stream == u6 && s.seq >= first_lost) {
        if (s.seq < first_lost + lost) continue;
        s.seq -= lost;
        s.t_device -= lost;
      }
      if (s.stream == shank && s.t_arrival > kStepAt) s.t_arrival += static_cast<TimeNs>(jump_ms) * kMs;
      input.push_back(s);
    }
    std::stable_sort(input.begin(), input.end(),
                     [](const Sample& a, const Sample& b) { return a.t_arrival < b.t_arrival; });
    for (std::size_t i = 0; i < input.size(); ++i) input[i].order = i;
    Rig again(quiet.rig.assembly.session.settings);
    Collector made;
    made.samples = feed(*again.assembly.pipeline, input);

    std::vector<json> told;
    for (const std::string& text : made.texts(table, "gaps"))
      if (text.starts_with("lost ")) told.push_back(json::parse(text.substr(5)));
    BOOST_TEST_REQUIRE(told.size() == 2u);
    std::map<StreamId, double> stepped_s;
    for (const StreamId id : {u6, shank}) {
      const std::string& name = table[id].name;
      const auto row = std::find_if(told.begin(), told.end(), [&](const json& r) { return r["stream"] == name; });
      BOOST_TEST_REQUIRE((row != told.end()), name);
      BOOST_TEST((*row)["cause"] == "clock_step", name);
      BOOST_TEST(std::abs((*row)["jump_s"].get<double>() - jump_s) < 2e-3, name);
      BOOST_TEST(std::abs((*row)["doubtful_from_s"].get<double>() - 29.5) < 0.7, name);
      BOOST_TEST(event_text("lost", row->dump()).find("its time jumped by +0.") != std::string::npos);
      TimeNs before = 0;
      std::size_t begun = 0;
      for (const Sample& s : of(made.samples, id)) {
        BOOST_REQUIRE(s.t > before);
        before = s.t;
        if (s.flags & kNewEpoch) {
          ++begun;
          stepped_s[id] = seconds(s.t - kStart);
          BOOST_TEST((*row)["first_seq"] == s.seq, name);
          BOOST_TEST((s.flags & kGapBefore) != 0, name);
          BOOST_TEST(s.t - kStepAt > 5 * kSecond, name);
          BOOST_TEST(s.t - kStepAt < 6500 * kMs, name);
        }
        BOOST_REQUIRE(s.epoch == begun);
        // A second after the start its time is good to the jitter of the link until the step, and again behind it.
        const auto& truth = id == u6 ? scans : readings;
        const std::uint64_t shift = id == u6 && s.seq >= first_lost ? lost : 0;
        const Sample& same = truth[s.seq + shift - truth[0].seq];
        BOOST_REQUIRE(same.seq == s.seq + shift);
        const double off_s = seconds(s.t - same.t);
        if (id == u6)
          BOOST_REQUIRE(std::abs(off_s + (shift > 0 && begun == 0 ? jump_s : 0)) < 2e-3);
        else  // nothing was lost, and nobody can know
          BOOST_REQUIRE(std::abs(off_s - (begun > 0 ? jump_s : 0)) < 2e-3);
      }
      BOOST_TEST(begun == 1u, name);
    }

    const auto left = course(made.samples, table, "ankle/left", 0),
               right = course(made.samples, table, "ankle/right", 0);
    const auto fz = course(made.samples, table, "plate/left", 2);
    const auto unknown = [](const std::map<std::int64_t, double>& c, double from_s, double to_s) {
      const std::int64_t from = std::llround(1e3 * from_s), to = std::llround(1e3 * to_s);
      std::size_t nan = 0;
      for (std::int64_t ms = from; ms < to; ++ms) nan += std::isnan(c.at(ms));  // no millisecond is missing
      return static_cast<double>(nan) * 1e-3;
    };
    // The jump is a hole in the grid. Where it is longer than the grid waits, the device was unknown all the time
    // before.
    const double hole_s = jump_ms < 100 ? jump_s : stepped_s[u6] - 30;
    BOOST_TEST(std::abs(unknown(fz, 20, 55) - hole_s) < 0.02);
    // The ankle comes back when its sensor has been still for 1.5 s; the other one is not touched.
    BOOST_TEST(unknown(left, 20, 29.9) == 0);
    BOOST_TEST(unknown(left, stepped_s[shank], stepped_s[shank] + 1.4) > 1.39);
    BOOST_TEST(unknown(left, stepped_s[shank] + 1.6, 55) == 0);
    BOOST_TEST(unknown(right, 20, 55) == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
