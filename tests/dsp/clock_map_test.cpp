#include "dsp/clock_map.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <set>
#include <vector>

#include "dsp/counter_unwrap.hpp"
#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(clock_map)

using namespace grfd;
using grfd_test::Random;

namespace {

struct Packets {
  std::vector<std::int64_t> n;
  std::vector<double> truth, arrival;
  double since_start(std::size_t k) const { return truth[k] - truth[0]; }
  void keep_order() {  // packets cannot overtake
    for (std::size_t k = 1; k < arrival.size(); ++k) arrival[k] = std::max(arrival[k], arrival[k - 1]);
  }
};

struct LinkModel {
  double least_delay_s = 0.0012, mean_extra_s = 0.0006, stall_probability = 0.01, stall_s = 0.03, swing_ppm = 0;
};
/// Full-speed USB: whole milliseconds, one-sided delays, stalls.
Packets usb(Random& random, double rate, double ppm, double duration, int per_packet, const LinkModel& link = {}) {
  Packets p;
  const double pi = 3.141592653589793;
  for (std::int64_t n = per_packet - 1; n < std::int64_t(duration * rate); n += per_packet) {
    const double nominal = double(n) / rate;
    const double t =
        100 + nominal * (1 + 1e-6 * ppm) + 1e-6 * link.swing_ppm * 600 / pi * (1 - std::cos(pi * nominal / 600));
    double d = link.least_delay_s + random.exponential(link.mean_extra_s);
    if (random.uniform() < link.stall_probability) d += random.uniform(0, link.stall_s);
    p.n.push_back(n);
    p.truth.push_back(t);
    p.arrival.push_back(std::ceil((t + d) / 0.001) * 0.001 + random.exponential(30e-6));
  }
  p.keep_order();
  return p;
}
/// Packets leave at connection events; interference holds them in bursts.
Packets radio(Random& random, double duration) {
  Packets p;
  const double rate = 100, interval = 0.015, hold = 0.3;
  for (std::int64_t n = 4; n < std::int64_t(duration * rate); n += 5) {
    p.n.push_back(n);
    p.truth.push_back(100 + double(n) / rate * (1 + 45e-6));
    p.arrival.push_back(std::ceil((p.truth.back() + .004) / interval) * interval + random.exponential(.0003));
  }
  for (std::size_t i = 0; i < p.n.size(); ++i)
    if (random.uniform() < 0.1) {
      const std::size_t end = std::min(p.n.size(), i + std::size_t(hold * rate / 5));
      for (std::size_t k = i; k < end; ++k) p.arrival[k] = std::max(p.arrival[k], p.arrival[i] + (k == i ? 0 : hold));
      i = end;
    }
  p.keep_order();
  return p;
}

struct Run {
  ClockMap clock;
  std::vector<double> error, published;  // of the line; stamps
  std::vector<bool> settling;
  std::vector<std::uint32_t> resets;
};
Run run(const Packets& p, const ClockParams& params) {
  Run r{ClockMap(params), {}, {}, {}, {}};
  for (std::size_t k = 0; k < p.n.size(); ++k) {
    r.clock.push(p.n[k], p.arrival[k]);
    r.error.push_back(r.clock.predict(p.n[k]) - p.truth[k]);
    r.published.push_back(r.clock.stamp(p.n[k]));
    r.settling.push_back(r.clock.settling());
    r.resets.push_back(r.clock.resets());
  }
  return r;
}
ClockParams at_rate(double rate) {
  ClockParams p;
  p.interval_s = 1 / rate;
  return p;
}
struct Spread {
  double mean, sd, most, least;
};
template <class Keep>
Spread spread(const Packets& p, const std::vector<double>& e, Keep keep) {
  double n = 0, s = 0, ss = 0, most = -1e9, least = 1e9;
  for (std::size_t k = 0; k < e.size(); ++k)
    if (keep(p.since_start(k)))
      n += 1, s += e[k], ss += e[k] * e[k], most = std::max(most, e[k]), least = std::min(least, e[k]);
  const double mean = s / n;
  double v = 0;
  for (std::size_t k = 0; k < e.size(); ++k)
    if (keep(p.since_start(k))) v += (e[k] - mean) * (e[k] - mean);
  return {mean, std::sqrt(v / n), most, least};
}
bool rising(const std::vector<double>& v) {
  for (std::size_t k = 1; k < v.size(); ++k)
    if (!(v[k] > v[k - 1])) return false;
  return true;
}

/// One row of the table of science reference 3.2. `published`: what it states, of one run. The rows scatter with the
/// random numbers: `worst` is the worst of six runs of the reference's own implementation (seeds 100 to 105), and the
/// published figure lies inside. The bound is that worst one, for the median of five runs of ours.
struct Row {
  const char* name;
  double rate, ppm;
  int per_packet;
  LinkModel link;
  double bias, bias_within;  // published; and by how much the six runs differ from it
  double published_sd, worst_sd, published_max, worst_max;
};
double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_clock_equals_its_vector) {
  const auto v = grfd_test::vectors("clock.json");
  ClockMap clock(at_rate(1 / double(v["T"])));
  double line = 0, stamp = 0, truth = 0;
  for (std::size_t k = 0; k < v["n"].size(); ++k) {
    clock.push(v["n"][k], v["arrival"][k]);
    line = std::max(line, std::abs(clock.predict(v["n"][k]) - double(v["predict"][k])));
    stamp = std::max(stamp, std::abs(clock.stamp(v["n"][k]) - double(v["stamp"][k])));
    if (k > v["n"].size() / 2) truth = std::max(truth, std::abs(clock.predict(v["n"][k]) - double(v["truth"][k])));
  }
  BOOST_TEST_MESSAGE("clock vector: line " << line << " s, stamp " << stamp << " s; drift " << clock.drift_ppm()
                                           << " ppm");
  // the vector's arrivals are rounded to 1 us, its answers are not: see the next case for the exact comparison
  BOOST_TEST(line < 2e-6);
  BOOST_TEST(stamp < 2e-6);
  BOOST_TEST(truth < 2e-3);
  BOOST_TEST(std::abs(clock.drift_ppm() + 35) < 5);
  BOOST_TEST(clock.full());
  BOOST_TEST(clock.residual_s() > 0);
  BOOST_TEST(clock.residual_s() < 2e-3);
}

BOOST_AUTO_TEST_CASE(the_restarted_clock_equals_its_vector) {
  const auto v = grfd_test::vectors("clock_restart.json");
  ClockMap clock(at_rate(1 / double(v["T"])));
  std::size_t row = 0;
  double line = 0, stamp = 0;
  for (std::size_t k = 0; k < v["n"].size(); ++k) {
    clock.push(v["n"][k], v["arrival"][k]);
    const double t = clock.stamp(v["n"][k]);
    if (row == v["out"].size() || double(v["out"][row][0]) != double(k)) continue;
    const auto& want = v["out"][row++];
    line = std::max(line, std::abs(clock.predict(v["n"][k]) - double(want[1])));
    stamp = std::max(stamp, std::abs(t - double(want[2])));
    BOOST_TEST(clock.settling() == (double(want[3]) != 0));
    BOOST_TEST(clock.resets() == std::uint32_t(double(want[4])));
  }
  BOOST_TEST(row == v["out"].size());
  BOOST_TEST_MESSAGE("clock restart vector: line " << line << " s, stamp " << stamp << " s");
  BOOST_TEST(line < 2e-6);
  BOOST_TEST(stamp < 2e-6);
}

BOOST_AUTO_TEST_CASE(the_clock_equals_the_reference_on_the_same_rounded_arrivals) {
  const auto answers = grfd_test::vectors("clock_rounded.json");
  for (const char* name : {"clock", "clock_restart"}) {
    const auto v = grfd_test::vectors(std::string(name) + ".json");
    ClockMap clock(at_rate(1 / double(v["T"])));
    std::size_t row = 0;
    double line = 0, stamp = 0;
    for (std::size_t k = 0; k < v["n"].size(); ++k) {
      clock.push(v["n"][k], v["arrival"][k]);
      const double t = clock.stamp(v["n"][k]);
      if (row == answers[name].size() || double(answers[name][row][0]) != double(k)) continue;
      line = std::max(line, std::abs(clock.predict(v["n"][k]) - double(answers[name][row][1])));
      stamp = std::max(stamp, std::abs(t - double(answers[name][row][2])));
      ++row;
    }
    BOOST_TEST(row > 80u);
    BOOST_TEST(row == answers[name].size());
    BOOST_TEST_MESSAGE(name << " on rounded arrivals: line " << line << " s, stamp " << stamp << " s");
    BOOST_TEST(line < 1e-9);
    BOOST_TEST(stamp < 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(counters_equal_their_vectors) {
  const auto v = grfd_test::vectors("time_rules.json")["counter"];
  BOOST_TEST(v.size() == 6u);
  for (const auto& [name, c] : v.items()) {
    BOOST_TEST_CONTEXT(name) {
      CounterUnwrap unwrap(c["bits"], c["T"]);
      for (std::size_t k = 0; k < c["seq"].size(); ++k) {
        const auto s = unwrap.step(c["seq"][k][0], c["seq"][k][1]);
        BOOST_TEST(s.new_epoch == c["out"][k].is_null());
        if (!c["out"][k].is_null()) BOOST_TEST(s.n == c["out"][k].get<std::int64_t>());
      }
      BOOST_TEST(unwrap.epoch() == c["epochs"].get<std::uint32_t>());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_counter_is_unwrapped_by_time) {
  const double none = std::nan("");
  CounterUnwrap plain(16, 0);
  std::vector<std::int64_t> got;
  for (std::uint64_t c : {65530, 65533, 2, 5}) got.push_back(plain.step(c, none).n);
  BOOST_TEST(got == (std::vector<std::int64_t>{65530, 65533, 65538, 65541}));
  BOOST_TEST(plain.step(1, none).new_epoch);
  // a jump of half a second within 10 ms cannot be a loss
  CounterUnwrap jump(16, 1e-3);
  jump.step(100, 0), jump.step(110, .01);
  BOOST_TEST(jump.step(600, .02).new_epoch);
  BOOST_TEST(jump.step(610, .03).n == 610);
  // 2 % slow, one packet per second: neither credit nor epochs build up
  CounterUnwrap slow(16, .01);
  for (std::uint64_t k = 0; k < 800; ++k) slow.step(k * 100 % 65536, double(k) * 1.02);
  BOOST_TEST(slow.epoch() == 0u);
  BOOST_TEST(slow.late_s() < .2);
  // the same number twice is a restart
  BOOST_TEST(slow.step(799 * 100 % 65536, 900).new_epoch);
  BOOST_CHECK_THROW(CounterUnwrap(0, 1), std::invalid_argument);
  BOOST_CHECK_THROW(CounterUnwrap(63, 1), std::invalid_argument);
  CounterUnwrap wide(32, 1e-6);
  wide.step(4294967000u, 0);
  BOOST_TEST(wide.step(704, 1e-3).n == 4294968000);
}

BOOST_AUTO_TEST_CASE(the_line_is_as_good_as_the_published_table_says) {
  LinkModel radio_like{0.006, 0.006, 0.05, 0.12, 0}, swing;
  swing.swing_ppm = 2;
  for (const Row& row :
       {Row{"plate", 1000, 35, 10, {}, 1.21e-3, 30e-6, 22e-6, 27.0e-6, 67e-6, 82.7e-6},
        Row{"USB IMU", 200, -60, 1, {}, 1.21e-3, 30e-6, 8e-6, 17.6e-6, 26e-6, 45.5e-6},
        Row{"radio without interval", 100, 45, 5, radio_like, 6.09e-3, 0.1e-3, 63e-6, 147.4e-6, 131e-6, 448.9e-6},
        Row{"2 ppm swing", 1000, 20, 10, swing, 1.15e-3, 30e-6, 172e-6, 179.6e-6, 0.66e-3, 0.753e-3}}) {
    std::vector<double> bias, sd, most;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      Random random(300 + seed);
      const Packets p = usb(random, row.rate, row.ppm, 300, row.per_packet, row.link);
      ClockParams params = at_rate(row.rate);
      params.skip_s = 0;
      const Run r = run(p, params);
      const Spread s = spread(p, r.error, [](double t) { return t > 60; });
      bias.push_back(s.mean);
      sd.push_back(s.sd);
      most.push_back(std::max(s.most - s.mean, s.mean - s.least));
      if (row.link.swing_ppm == 0)
        BOOST_TEST(std::abs(r.clock.drift_ppm() - 1e6 * (1 / (1 + 1e-6 * row.ppm) - 1)) < (row.rate == 100 ? 5 : 1),
                   row.name);
      BOOST_TEST(r.clock.resets() == 0u, row.name);
      BOOST_TEST(rising(r.published), row.name);
    }
    BOOST_TEST_MESSAGE(row.name << ": median of 5: bias " << 1e3 * median(bias) << " ms, sd " << 1e6 * median(sd)
                                << " us, max " << 1e6 * median(most) << " us; published " << 1e3 * row.bias << " ms, "
                                << 1e6 * row.published_sd << " us, " << 1e6 * row.published_max << " us");
    BOOST_TEST(std::abs(median(bias) - row.bias) < row.bias_within, row.name);
    BOOST_TEST(median(sd) <= row.worst_sd, row.name);
    BOOST_TEST(median(most) <= row.worst_max, row.name);
  }
}

BOOST_AUTO_TEST_CASE(the_frame_of_the_link_sets_window_and_drop) {
  Random random(21);
  struct Case {
    double ppm, frame_s, window_s;  // max(120 s, 1.2 frame / drift) <= 900 s
  };
  for (const Case& c : {Case{35, 1e-3, 120}, Case{5, 1e-3, 240}, Case{5, 125e-6, 120}, Case{2, 125e-6, 120},
                        Case{45, 15e-3, 400}, Case{1, 1e-3, 900}}) {
    ClockMap clock(at_rate(1000));
    clock.set_frame(c.frame_s);
    for (std::int64_t n = 9; n < 1000 * 1000; n += 10) {
      const double t = 1e-3 * double(n) * (1 + 1e-6 * c.ppm);
      clock.push(n, std::ceil((t + .0012) / 125e-6) * 125e-6);
    }
    BOOST_TEST(std::abs(clock.window_s() / c.window_s - 1) < 0.06,
               c.ppm << " ppm, " << c.frame_s << " s: " << clock.window_s() << " s");
    BOOST_TEST(clock.full());
  }
  ClockMap clock;
  BOOST_TEST(clock.frame_s() == 1e-3);
  for (const double impossible : {0.0, -1.0, std::nan(""), 2.0}) {
    clock.set_frame(impossible);
    BOOST_TEST(clock.frame_s() == 1e-3);
  }
  // A delay that falls by 4 ms: more than the 2 ms of USB, less than half the interval of a radio, 7.5 ms.
  for (const double frame_s : {125e-6, 1e-3, .015}) {
    LinkModel link;
    link.least_delay_s = .0052;
    Packets p = usb(random, 1000, 35, 200, 10, link);
    for (std::size_t k = 0; k < p.n.size(); ++k)
      if (p.since_start(k) > 100) p.arrival[k] -= .004;
    p.keep_order();
    ClockMap fallen(at_rate(1000));
    fallen.set_frame(frame_s);
    for (std::size_t k = 0; k < p.n.size(); ++k) fallen.push(p.n[k], p.arrival[k]);
    BOOST_TEST(fallen.state().after_drop == (frame_s < .01), frame_s);
  }
}

// Published: 0.02 ms. The line wanders by more than that by itself, so it is compared with that of the same packets
// without the stall; the reference's runs then give at most 0.022 ms.
BOOST_AUTO_TEST_CASE(a_stall_does_not_move_the_line) {
  for (std::uint64_t seed = 4; seed < 10; ++seed) {
    Random random(seed);
    Packets p = usb(random, 1000, 35, 200, 10);
    const Run without = run(p, at_rate(1000));
    for (std::size_t k = 0; k < p.n.size(); ++k)
      if (p.n[k] > 100000 && p.n[k] < 102000) p.arrival[k] += 0.1;
    p.keep_order();
    const Run r = run(p, at_rate(1000));
    double worst = 0;
    for (std::size_t k = 0; k < p.n.size(); ++k) worst = std::max(worst, std::abs(r.error[k] - without.error[k]));
    BOOST_TEST_MESSAGE("2 s of +100 ms: worst excursion " << 1e3 * worst << " ms");
    BOOST_TEST(worst < 0.03e-3);
    BOOST_TEST(r.clock.resets() == 0u);
  }
}

BOOST_AUTO_TEST_CASE(rates_that_are_percents_off_are_followed) {
  Random random(5);
  struct Case {
    double ppm, bias,
        sd;  // published: 1.25 ms / 1 us and 1.30 / < 1 us; the reference's runs give up to 2.3 and 0.3 us
  };
  for (const auto& [ppm, bias, sd] : {Case{1500, 0, 30e-6}, Case{10000, 1.25e-3, 3e-6}, Case{-20000, 1.30e-3, 1e-6}}) {
    const Packets p = usb(random, 200, ppm, 200, 1);
    const Run r = run(p, at_rate(200));
    const Spread s = spread(p, r.error, [](double t) { return t > 60; });
    BOOST_TEST_MESSAGE(ppm << " ppm: bias " << 1e3 * s.mean << " ms, sd " << 1e6 * s.sd << " us");
    BOOST_TEST(s.sd < sd);
    if (bias > 0) BOOST_TEST(std::abs(s.mean - bias) < 0.02e-3);
    BOOST_TEST(r.clock.resets() == 0u);
    BOOST_TEST(std::abs(r.clock.measured_interval_s() * 200 / (1 + 1e-6 * ppm) - 1) < 5e-6);
    ClockParams clipped = at_rate(200);
    clipped.max_drift_ppm = 300;
    const Run c = run(p, clipped);
    const Spread bad = spread(p, c.error, [](double t) { return t > 60; });
    BOOST_TEST(std::max(std::abs(bad.most), std::abs(bad.least)) > 0.02);
    BOOST_TEST(r.clock.held_at_ppm() == 0);
    ClockMap held(clipped);
    std::set<double> at_ppm;  // times so wrong that the map starts anew now and then, and is held again
    for (std::size_t k = 0; k < p.n.size(); ++k) {
      held.push(p.n[k], p.arrival[k]);
      at_ppm.insert(held.held_at_ppm());
    }
    BOOST_TEST((at_ppm == std::set<double>{0, ppm > 0 ? -300.0 : 300.0}));  // a longer interval is a slow clock
  }
}

BOOST_AUTO_TEST_CASE(the_window_of_a_radio_holds_a_whole_beat) {
  Random random(6);
  const Packets p = radio(random, 1300);
  ClockParams params = at_rate(100);
  params.frame_s = .015;
  const Run r = run(p, params);
  ClockParams fixed = at_rate(100);
  fixed.window_max_s = 120;
  const Run f = run(p, fixed);
  const auto late = [](double t) { return t > 500; };
  const Spread a = spread(p, r.error, late), b = spread(p, f.error, late);
  BOOST_TEST_MESSAGE("radio: window " << r.clock.window_s() << " s, sd " << 1e3 * a.sd << " ms; 120 s: sd "
                                      << 1e3 * b.sd << " ms, " << 1e3 * b.least << " to " << 1e3 * b.most << "; bias "
                                      << 1e3 * a.mean << " and " << 1e3 * b.mean << " ms");
  // Published: 4.05 ms / 73 us with W = 400 s; 3.8 / 1.4 ms and 1.3 to 5.9 ms with 120 s. Runs of the reference: 4.03
  // to 4.07 ms and up to 79 us, 1.41 ms.
  BOOST_TEST(std::abs(a.mean - 4.05e-3) < .1e-3);
  BOOST_TEST(a.sd < .1e-3);
  BOOST_TEST(std::abs(b.mean - 3.8e-3) < .1e-3);
  BOOST_TEST(std::abs(b.sd - 1.4e-3) < .1e-3);
  BOOST_TEST(std::abs(b.least - 1.3e-3) < .2e-3);
  BOOST_TEST(std::abs(b.most - 5.9e-3) < .2e-3);
  BOOST_TEST(r.clock.full());
  BOOST_TEST(r.clock.window_s() > 350);
}

BOOST_AUTO_TEST_CASE(a_counter_that_goes_back_opens_a_new_epoch_at_once) {
  Random random(7);
  Packets p = usb(random, 1000, 35, 200, 10);
  std::size_t first = 0;
  for (std::size_t k = 0; k < p.n.size(); ++k)
    if (p.n[k] > 100000) {
      if (!first) first = k;
      p.n[k] -= 100000;
    }
  const Run r = run(p, at_rate(1000));
  for (std::size_t k = first; k < first + 100; ++k) BOOST_TEST(std::abs(r.error[k]) < .05);
  for (std::size_t k = first + 2500; k < p.n.size(); ++k) BOOST_REQUIRE(std::abs(r.error[k]) < .002);
  BOOST_TEST(r.clock.resets() == 1u);
  BOOST_TEST(r.settling[first]);
}

BOOST_AUTO_TEST_CASE(a_lasting_step_opens_a_new_epoch_and_a_short_one_does_not) {
  Random random(8);
  for (double seconds : {4.0, 60.0}) {
    Packets p = usb(random, 1000, 35, 200, 10);
    for (std::size_t k = 0; k < p.n.size(); ++k)
      if (p.since_start(k) > 100 && p.since_start(k) < 100 + seconds) p.arrival[k] += 0.2;
    p.keep_order();
    const Run r = run(p, at_rate(1000));
    const std::uint32_t by_110 = r.resets[std::size_t(110 * 100)];
    BOOST_TEST(by_110 == (seconds > 5 ? 1u : 0u));
    if (seconds > 5) {  // back in time after it, which is no step
      BOOST_TEST(r.clock.steps() == 1u);
      BOOST_TEST(std::abs(r.clock.jump_s() - 0.2) < 2e-3);
      const double opened_s = 1e-3 * double(r.clock.first());
      BOOST_TEST(opened_s > 105);
      BOOST_TEST(opened_s < 106.1);
      BOOST_TEST(std::abs(r.clock.in_time_until_s() - 199.5) < 0.6);  // the session began 100 s before
    } else {
      BOOST_TEST(r.clock.steps() == 0u);
    }
    BOOST_TEST(rising(r.published));
  }
}

BOOST_AUTO_TEST_CASE(a_delay_that_falls_is_followed_and_one_that_rises_is_not_seen) {
  Random random(9);
  for (double change : {-.020, .020}) {
    LinkModel link;
    link.least_delay_s = .0252;
    Packets p = usb(random, 1000, 35, 700, 10, link);
    for (std::size_t k = 0; k < p.n.size(); ++k)
      if (p.since_start(k) > 300) p.arrival[k] += change;
    p.keep_order();
    Run r = run(p, at_rate(1000));
    const Spread soon = spread(p, r.error, [](double t) { return t > 303 && t < 420; });
    if (change < 0) {
      const double worst = std::max(std::abs(soon.most - .0052), std::abs(soon.least - .0052));
      BOOST_TEST_MESSAGE("delay falls by 20 ms: worst " << 1e3 * worst << " ms after 3 s");
      BOOST_TEST(worst < 1e-3);
      BOOST_TEST(r.clock.state().after_drop);
      BOOST_TEST(rising(r.published));
      bool line_went_back = false;
      for (std::size_t k = 1; k < p.n.size(); ++k)
        line_went_back |= r.error[k] + p.truth[k] < r.error[k - 1] + p.truth[k - 1];
      BOOST_TEST(line_went_back);
      ClockParams none = at_rate(1000);
      none.drop_s = 9;
      const Spread without = spread(p, run(p, none).error, [](double t) { return t > 303 && t < 420; });
      BOOST_TEST(without.most - .0052 > .010);
    } else {
      // the old minima hold until the middle of the window has left them
      const Spread held = spread(p, r.error, [](double t) { return t > 303 && t < 350; });
      BOOST_TEST(std::abs(held.mean - .0252) < 1e-3);
      BOOST_TEST(std::abs(spread(p, r.error, [](double t) { return t > 450; }).mean - .0452) < 2e-3);
      BOOST_TEST(!r.clock.state().after_drop);
    }
    BOOST_TEST(r.clock.resets() == 0u);
  }
}

// Science reference 3.1: with a new epoch the clock starts again, so it follows the line of a clock that begins there.
BOOST_AUTO_TEST_CASE(a_new_epoch_knows_nothing_of_a_delay_that_fell_before) {
  constexpr std::int64_t kFallsAt = 60'000, kEnds = 160'000;
  for (const bool steps : {false, true}) {  // the epoch opens by a step of the delay, or by restart()
    double worst_s = 0;
    for (std::uint64_t seed = 40; seed < 48; ++seed) {
      Random random(seed);
      ClockMap clock;
      const auto arrival = [&](std::int64_t n, double delay_s) {
        return 1e-3 * double(n) * (1 + 35e-6) + delay_s + random.exponential(.006);
      };
      std::int64_t n = 9;
      for (; n < 100'000; n += 10) clock.push(n, arrival(n, n < kFallsAt ? .05 : .02));
      BOOST_REQUIRE(clock.state().after_drop);
      BOOST_REQUIRE(!clock.settling());
      if (steps)
        for (; clock.steps() == 0; n += 10) clock.push(n, arrival(n, .22));
      else
        clock.restart();
      ClockMap fresh;
      if (steps) fresh.push(clock.first(), clock.predict(clock.first()));
      double error_s = 0;
      bool equal = true;
      for (const std::int64_t opened = n; n < kEnds; n += 10) {
        const double at = arrival(n, steps ? .22 : .02), truth = 1e-3 * double(n) * (1 + 35e-6);
        clock.push(n, at);
        fresh.push(n, at);
        equal &= clock.predict(n) == fresh.predict(n);
        const double since_s = 1e-3 * double(n - opened);
        if (since_s > 21 && since_s < 52)
          error_s = std::max(error_s, std::abs(clock.predict(n) - truth - (steps ? .22 : .02)));
      }
      BOOST_TEST(equal, (steps ? "step" : "restart") << ", seed " << seed);
      worst_s = std::max(worst_s, error_s);
    }
    BOOST_TEST_MESSAGE((steps ? "step" : "restart") << " after a fall: worst error " << 1e3 * worst_s << " ms");
    BOOST_TEST(worst_s < .15e-3);
  }
}

BOOST_AUTO_TEST_CASE(a_backlog_at_the_start_is_forgotten_after_six_seconds) {
  Random random(10);
  Packets p = usb(random, 1000, 35, 120, 10);
  for (std::size_t k = 0; k < p.n.size(); ++k)
    if (p.since_start(k) < 3) p.arrival[k] += .1;
  p.keep_order();
  const Run r = run(p, at_rate(1000));
  double worst = 0;
  for (std::size_t k = 0; k < p.n.size(); ++k) {
    const double t = p.since_start(k);
    if (t > 6) worst = std::max({worst, std::abs(r.error[k]), std::abs(r.published[k] - p.truth[k])});
    if (t < 20) BOOST_REQUIRE(r.settling[k]);
    if (t > 30) BOOST_REQUIRE(!r.settling[k]);
  }
  BOOST_TEST_MESSAGE("backlog of 100 ms for 3 s: worst after 6 s " << 1e3 * worst << " ms");
  BOOST_TEST(worst < 3e-3);
  BOOST_TEST(rising(r.published));
}

BOOST_AUTO_TEST_CASE(a_clock_that_runs_for_hours_keeps_its_points_in_bounds) {
  Random random(11);
  ClockMap clock(at_rate(1000));
  double error = 0;
  for (std::int64_t n = 9; n < 4 * 3600 * 1000; n += 10) {
    const double t = 1e-3 * double(n) * (1 + 1e-6);
    clock.push(n, std::ceil((t + .0012) * 1000) / 1000 + random.exponential(50e-6));
    error = clock.predict(n) - t;
  }
  BOOST_TEST(std::abs(error) < 2.5e-3);
  BOOST_TEST(clock.state().count <= ClockMap::kMaxPoints);
  BOOST_TEST(clock.state().count > 890u);
}

BOOST_AUTO_TEST_CASE(a_silence_longer_than_the_window_keeps_the_drift) {
  Random random(12);
  Packets p = usb(random, 1000, 35, 800, 10);
  Packets q;
  for (std::size_t k = 0; k < p.n.size(); ++k)
    if (p.since_start(k) < 200 || p.since_start(k) > 500) {
      q.n.push_back(p.n[k]);
      q.truth.push_back(p.truth[k]);
      q.arrival.push_back(p.arrival[k]);
    }
  const Run r = run(q, at_rate(1000));
  double worst = 0;
  for (std::size_t k = 0; k < q.n.size(); ++k)
    if (q.since_start(k) > 60) worst = std::max(worst, std::abs(r.error[k]));
  BOOST_TEST_MESSAGE("300 s of silence: worst error " << 1e3 * worst << " ms");
  BOOST_TEST(worst < 3e-3);
  BOOST_TEST(r.clock.resets() == 0u);
  BOOST_TEST(std::abs(r.clock.drift_ppm() + 35) < 1);
}

BOOST_AUTO_TEST_CASE(a_clock_refuses_impossible_parameters_and_survives_bad_arrivals) {
  ClockParams p;
  p.block_s = .5;
  BOOST_CHECK_THROW(ClockMap{p}, std::invalid_argument);
  p = {};
  p.interval_s = 0;
  BOOST_CHECK_THROW(ClockMap{p}, std::invalid_argument);
  ClockMap clock;
  clock.push(1, std::nan(""));
  BOOST_TEST(!clock.open());
  clock.push(1, 5);
  clock.push(2, std::nan(""));
  BOOST_TEST(clock.predict(11) == 5.010, boost::test_tools::tolerance(1e-12));
  clock.restart();
  BOOST_TEST(clock.resets() == 1u);
  clock.push(0, 9);
  BOOST_TEST(clock.stamp(0) == 9.0);
}

BOOST_AUTO_TEST_SUITE_END()
