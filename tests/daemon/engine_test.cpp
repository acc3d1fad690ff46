// The engine: what it numbers in which order, that granularity changes nothing, what is lost and what is late.
#include "daemon/engine.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "daemon/devices.hpp"
#include "daemon/sink_thread.hpp"
#include "daemon/sinks/status_sink.hpp"
#include "daemon/text_row.hpp"
#include "tests/daemon/rig.hpp"

BOOST_AUTO_TEST_SUITE(engine)

using namespace rig_test;

namespace {

/// An engine whose pipeline has no devices: everything passes.
struct Bench {
  StreamTable table;
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<Engine> engine;
  Collector out;
  StreamId a, commands, ticks, counters;

  Bench() {
    StreamInfo info;
    info.type = ValueType::i64;
    info.columns = {{"value", "1"}};
    const auto add = [&](const char* name, ValueType type) {
      info.name = name;
      info.type = type;
      return table.add(info);
    };
    a = add("test/a", ValueType::i64);
    commands = add("commands", ValueType::text);
    counters = add("counters", ValueType::text);
    ticks = add("ticks", ValueType::i64);
    add("gaps", ValueType::text);
    add("events", ValueType::text);
    Settings settings;
    pipeline = std::make_unique<Pipeline>(settings, table, kStart);
    engine = std::make_unique<Engine>(*pipeline, commands, ticks, counters, kStart);
    engine->add_outlet(out);
  }
  Sample sample(TimeNs arrival, std::int64_t v, std::uint64_t seq = 0) const {
    Sample s;
    s.stream = a;
    s.seq = seq;
    s.t = s.t_arrival = arrival;
    set_value(s, 0, v);
    return s;
  }
  std::vector<std::int64_t> values() const {
    std::vector<std::int64_t> v;
    for (const Sample& s : out.samples)
      if (s.stream == a) v.push_back(value<std::int64_t>(s, 0));
    return v;
  }
};

/// All that the devices, the stimulus and the operator of the demonstration rig bring, by source, before any engine.
struct Prepared {
  Settings settings;
  std::vector<std::vector<Sample>> sources;
  std::map<std::string, std::size_t> of_device;
};

struct Tap final : Link::Receiver {
  Driver* driver;
  std::vector<Sample>* to;
  FixedBatch<512> batch{&Tap::push, this};
  static void push(void* self, std::span<const Sample> s) noexcept {
    auto& all = *static_cast<Tap*>(self)->to;
    all.insert(all.end(), s.begin(), s.end());
  }
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override {
    driver->decode(data, arrival, batch);
    batch.flush();
  }
  void lost(const char*) noexcept override {}
};

Prepared prepare(const Settings& settings, double seconds) {
  Prepared p{settings, {}, {}};
  Rig rig(settings);
  const std::size_t n = rig.devices();
  p.sources.resize(2 + 2 * n);
  std::vector<std::unique_ptr<Tap>> taps;
  for (std::size_t i = 0; i < n; ++i) {
    DevicePort& port = *rig.assembly.ports[i];
    EmulatedLink& link = *rig.emulation.link(i);
    auto& tap = taps.emplace_back(std::make_unique<Tap>());
    tap->driver = &port.driver();
    tap->to = &p.sources[2 + 2 * i];
    p.of_device[port.settings().name] = 2 + 2 * i;
    FixedBatch<16> facts;
    port.driver().identify(link);
    link.set_receiver(tap.get());
    port.driver().start(link, facts);
    for (Sample s : facts.samples()) {
      s.t = s.t_arrival = kStart;
      p.sources[3 + 2 * i].push_back(s);
    }
  }
  const auto drain = [](SampleRing& ring, std::vector<Sample>& to) {
    while (const Sample* s = ring.front()) to.push_back(*s), ring.drop_front();
  };
  rig.run_until(kStart + static_cast<TimeNs>(seconds * 1e9), [&] { drain(*rig.assembly.truth_ring, p.sources[1]); });
  SampleRing commands(4096);
  const auto command = [&](double at_s, const std::string& text) {
    push_text_row(commands, rig.assembly.commands, 0, kStart + static_cast<TimeNs>(at_s * 1e9), text);
  };
  command(0.3, "record_start {\"id\":1,\"name\":\"x\"}");
  command(0.4, "tare {\"id\":2,\"plate\":\"all\"}");
  command(3.7, "mark {\"id\":3,\"text\":\"" + std::string(300, 'm') + "\"}");
  drain(commands, p.sources[0]);
  return p;
}

struct Instant {
  TimeNs t;
  std::vector<std::pair<std::size_t, const Sample*>> samples;  ///< source, sample
};

/// Everything by time of arrival; what arrives together stays together.
std::vector<Instant> timeline(const Prepared& p) {
  std::map<TimeNs, Instant> at;
  for (std::size_t i = 0; i < p.sources.size(); ++i)
    for (const Sample& s : p.sources[i]) at[s.t_arrival].samples.emplace_back(i, &s);
  std::vector<Instant> all;
  for (auto& [t, instant] : at) all.push_back({t, std::move(instant.samples)});
  return all;
}

struct Result {
  std::unique_ptr<Assembly> assembly;
  Collector out;
  const StreamTable& streams() const { return assembly->session.streams; }
};

Result pass(const Prepared& p, std::size_t batch, std::size_t poll_every, const std::set<std::size_t>& without = {},
            TimeNs from = 0, TimeNs to = 0) {
  Result r{std::make_unique<Assembly>(p.settings, kStart, 0, true), {}};
  Engine& engine = *r.assembly->engine;
  engine.add_outlet(r.out);
  std::vector<SampleRing*> rings;
  for (std::size_t i = 0; i < p.sources.size(); ++i) rings.push_back(&engine.add_source(1 << 14));
  std::size_t since = 0;
  TimeNs now = kStart;
  for (const Instant& instant : timeline(p)) {
    now = instant.t;
    for (const auto& [source, sample] : instant.samples)
      if (!without.count(source) || now < from || now >= to) BOOST_REQUIRE(rings[source]->push(*sample));
    if (++since % poll_every == 0) engine.poll(now, batch);
  }
  engine.poll(now, batch);
  return r;
}

const Prepared& demo() {  // 14 s: tare, stepping on, weighing, a whole repetition; some packets are lost and damaged
  static const Prepared p = prepare(demo_settings({"device.u6.emulation.faults.drop_packet=0.002",
                                                   "device.u6.emulation.faults.corrupt_checksum=0.001",
                                                   "device.imu_foot_left.emulation.faults.drop_packet=0.001"}),
                                    14);
  return p;
}

std::uint64_t lost_by_cause(const Collector& out, const StreamTable& table, const std::string& stream,
                            const std::string& cause) {
  std::uint64_t n = 0;
  for (const std::string& text : out.texts(table, "gaps")) {
    const auto json = nlohmann::json::parse(text.substr(text.find(' ') + 1));
    if (json.value("stream", "") == stream && (cause.empty() || json.value("cause", "") == cause))
      n += json["count"].get<std::uint64_t>();
  }
  return n;
}

std::uint64_t holes(const std::vector<Row>& rows) {
  std::uint64_t n = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) n += rows[i].header.seq - rows[i - 1].header.seq - 1;
  return n;
}

}  // namespace

BOOST_AUTO_TEST_CASE(takes_samples_in_order_of_arrival_then_of_source) {
  Bench b;
  SampleRing& first = b.engine->add_source(16);
  SampleRing& second = b.engine->add_source(16);
  SampleRing& third = b.engine->add_source(16);
  third.push(b.sample(kStart + 1, 1));
  second.push(b.sample(kStart + 2, 3));
  first.push(b.sample(kStart + 2, 2));
  third.push(b.sample(kStart + 2, 4));
  second.push(b.sample(kStart + 5, 6));
  first.push(b.sample(kStart + 4, 5));
  first.push(b.sample(kStart + 900, 7));
  b.engine->poll(kStart + 10);
  BOOST_TEST(b.values() == (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}), boost::test_tools::per_element());
  b.engine->poll(kStart + 1000);
  BOOST_TEST(b.values().back() == 7);
  for (std::size_t i = 0; i < b.out.samples.size(); ++i) BOOST_TEST(b.out.samples[i].order == i);
}

BOOST_AUTO_TEST_CASE(ticks_come_every_10_ms_before_what_arrives_with_them) {
  Bench b;
  SampleRing& source = b.engine->add_source(16);
  source.push(b.sample(kStart + kTick - 1, 1));
  source.push(b.sample(kStart + kTick, 2));
  source.push(b.sample(kStart + kTick + 1, 3));
  b.engine->poll(kStart + kTick - 1);
  BOOST_TEST(b.out.samples.size() == 1);
  b.engine->poll(kStart + 5 * kTick + 3);  // the dsp thread slept: no tick is left out
  std::vector<TimeNs> ticks;
  std::size_t before_first = 0;
  for (const Sample& s : b.out.samples) {
    if (s.stream == b.ticks) {
      ticks.push_back(s.t);
      BOOST_TEST(value<std::int64_t>(s, 0) == s.t);
      BOOST_TEST(s.seq == ticks.size() - 1);
    } else {
      before_first += ticks.empty();
    }
  }
  BOOST_TEST(before_first == 1);
  BOOST_REQUIRE(ticks.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) BOOST_TEST(ticks[i] == kStart + static_cast<TimeNs>(i + 1) * kTick);
}

BOOST_AUTO_TEST_CASE(commands_are_numbered_and_stay_whole) {
  Bench b;
  SampleRing& ring = b.engine->add_source(64);
  SampleRing& other = b.engine->add_source(64);
  const std::string longer = "note {\"text\":\"" + std::string(500, 'x') + "\"}";
  BOOST_TEST(push_text_row(ring, b.commands, 77, kStart + 10, "pose {\"id\":1}"));
  BOOST_TEST(push_text_row(ring, b.commands, 77, kStart + 20, longer));
  BOOST_TEST(push_text_row(ring, b.commands, 77, kStart + 30, "pose {\"id\":2}"));
  other.push(b.sample(kStart + 20, 1));
  b.engine->poll(kStart + 100);
  const auto rows = b.out.rows(b.table, "commands");
  BOOST_REQUIRE(rows.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(rows[i].header.seq == i);
    BOOST_TEST(rows[i].header.t == kStart + 10 * static_cast<TimeNs>(i + 1));
  }
  BOOST_TEST(b.out.texts(b.table, "commands")[1] == longer);
  std::set<std::uint64_t> seqs;
  for (const Sample& s : b.out.samples)
    if (s.stream == b.commands && s.parts > 1) seqs.insert(s.seq);
  BOOST_TEST(seqs.size() == 1);
}

BOOST_AUTO_TEST_CASE(a_command_that_does_not_fit_is_refused_as_a_whole) {
  Bench b;
  SampleRing& ring = b.engine->add_source(4);
  BOOST_TEST(push_text_row(ring, b.commands, 0, kStart + 1, std::string(150, 'a')));
  BOOST_TEST(!push_text_row(ring, b.commands, 0, kStart + 2, std::string(150, 'b')));
  BOOST_TEST(ring.size() == 3);
  b.engine->poll(kStart + 10);
  BOOST_TEST(b.out.texts(b.table, "commands").size() == 1);
}

BOOST_AUTO_TEST_CASE(counters_are_told_once_a_second_when_they_changed) {
  Bench b;
  Counter lost("lost"), quiet("quiet");
  b.engine->add_counter("dev", lost);
  b.engine->add_counter("dev", quiet);
  b.engine->poll(kStart + kSecond - 1);
  lost += 5;
  b.engine->poll(kStart + kSecond);
  b.engine->poll(kStart + 2 * kSecond);
  lost += 2;
  b.engine->poll(kStart + 3 * kSecond);
  BOOST_TEST(b.out.texts(b.table, "counters") ==
                 (std::vector<std::string>{"dev.lost {\"total\":5,\"new\":5}", "dev.lost {\"total\":7,\"new\":2}"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(results_do_not_depend_on_batches_nor_on_how_often_is_polled) {
  const Result reference = pass(demo(), 256, 1);
  const StreamTable& table = reference.streams();
  BOOST_TEST(reference.out.texts(table, "gaps").size() > 3);
  BOOST_TEST(reference.out.rows(table, "reps/pair").size() == 1);
  for (const std::size_t batch : {1, 7, 256})
    for (const std::size_t every : {1, 3, 100}) {
      const Result r = pass(demo(), batch, every);
      BOOST_REQUIRE(r.out.samples.size() == reference.out.samples.size());
      bool same = true;
      for (std::size_t i = 0; i < r.out.samples.size() && same; ++i) {
        same = std::memcmp(&r.out.samples[i], &reference.out.samples[i], sizeof(Sample)) == 0;
        if (!same)
          BOOST_ERROR("batch " << batch << ", poll every " << every << ": sample " << i << " of "
                               << table[r.out.samples[i].stream].name << " differs");
      }
      if (batch == 1) BOOST_TEST(r.out.largest < 600u);
    }
  BOOST_TEST_MESSAGE(reference.out.samples.size() << " samples equal in 9 ways of polling");
  std::uint64_t last = 0;
  for (const Sample& s : reference.out.samples) {
    BOOST_REQUIRE(s.order >= last);
    last = s.order;
  }
}

BOOST_AUTO_TEST_CASE(the_devices_own_losses_are_all_in_gaps) {
  const Result r = pass(demo(), 256, 1);
  for (const char* name : {"raw/u6/scan", "raw/imu_foot_left/inertial"}) {
    const auto rows = r.out.rows(r.streams(), name);
    BOOST_TEST(holes(rows) > 0);
    BOOST_TEST(lost_by_cause(r.out, r.streams(), name, "") == holes(rows));
    BOOST_TEST(lost_by_cause(r.out, r.streams(), name, "ring_full") == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_full_ring_shows_as_gaps_with_the_exact_count) {
  for (const bool faults : {false, true}) {
    std::vector<std::string> overrides{"engine.device_ring=1024"};
    if (faults)
      for (const char* device : {"u6", "imu_foot_left"})
        overrides.push_back(std::string("device.") + device + ".emulation.faults.drop_packet=0.01");
    Rig rig(demo_settings(overrides));
    Collector out;
    rig.assembly.engine->add_outlet(out);
    rig.start_all();
    const auto poll = [&] { rig.assembly.engine->poll(rig.clock.t); };
    rig.run_until(kStart + kSecond, poll);
    rig.run_until(kStart + 4 * kSecond);  // the pipeline sleeps for three seconds
    rig.run_until(kStart + 6 * kSecond, poll);
    for (const auto& line : rig.assembly.engine->counters()) {
      const std::size_t dot = line.name.find(".ring_full");
      if (dot == std::string::npos) continue;
      const std::string device = line.name.substr(0, dot),
                        stream = "raw/" + device + (device == "u6" ? "/scan" : "/inertial");
      const auto rows = out.rows(rig.streams(), stream);
      const auto lost = lost_by_cause(out, rig.streams(), stream, "ring_full");
      BOOST_TEST(lost > 1000);
      BOOST_TEST(lost_by_cause(out, rig.streams(), stream, "") == holes(rows));
      if (!faults) BOOST_TEST(lost == line.counter->get());
      for (const Row& gap : out.rows(rig.streams(), "gaps")) {  // told at the sample that follows it
        const std::string text(reinterpret_cast<const char*>(gap.bytes.data()), gap.bytes.size());
        if (text.find('"' + stream + "\",\"cause\":\"ring_full\"") == std::string::npos) continue;
        BOOST_TEST(std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
          return row.header.t == gap.header.t && (row.header.flags & kGapBefore) != 0;
        }));
      }
      bool flagged = true;
      for (std::size_t i = 1; i < rows.size(); ++i)
        if (rows[i].header.seq != rows[i - 1].header.seq + 1) flagged &= (rows[i].header.flags & kGapBefore) != 0;
      BOOST_TEST(flagged);
    }
  }
}

BOOST_AUTO_TEST_CASE(truth_waits_for_a_pipeline_that_is_late) {
  Rig rig(demo_settings());
  SampleRing& ring = *rig.assembly.truth_ring;
  rig.run_until(kStart + 2 * kSecond);  // nobody takes anything
  const std::size_t held = ring.size();
  std::map<StreamId, std::vector<TimeNs>> times;
  const auto take = [&] {
    for (; const Sample* s = ring.front(); ring.drop_front())
      if (s->part == 0 && rig.streams()[s->stream].rate_hz > 0) times[s->stream].push_back(s->t);
  };
  take();
  rig.run_until(kStart + 4 * kSecond, take);
  BOOST_TEST(held < 2000 * times.size());  // else it was not full
  BOOST_TEST(times.size() >= 6u);
  for (const auto& [stream, t] : times) {
    BOOST_TEST_CONTEXT(rig.streams()[stream].name) {
      BOOST_REQUIRE(t.size() >= 3999u);
      for (std::size_t i = 0; i < t.size(); ++i) BOOST_REQUIRE(t[i] == kStart + static_cast<TimeNs>(i) * kMs);
    }
  }
  BOOST_TEST(rig.emulation.truth_dropped().get() == 0u);
}

BOOST_AUTO_TEST_CASE(a_late_device_holds_the_grid_up_for_max_wait_and_no_longer) {
  Prepared p = demo();
  const TimeNs from = kStart + 5 * kSecond, to = kStart + 6 * kSecond;
  const Result r = pass(p, 256, 1, {p.of_device.at("imu_shank_left")}, from, to);
  const StreamTable& table = r.streams();
  const TimeNs wait = static_cast<TimeNs>(p.settings.engine.max_wait_ms * 1e6);
  const auto left = r.out.rows(table, "ankle/left"), right = r.out.rows(table, "ankle/right"),
             cop = r.out.rows(table, "cop/total");
  BOOST_REQUIRE(left.size() == right.size() && left.size() == cop.size());
  std::size_t unknown = 0, rate_unknown_after = 0, angle_unknown_after = 0;
  TimeNs worst = 0, worst_settled = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (i > 0) BOOST_REQUIRE(left[i].header.t == left[i - 1].header.t + kMs);  // no hole in the grid
    BOOST_REQUIRE(left[i].header.t == cop[i].header.t);
    const bool nan = std::isnan(column<float>(left[i], 0));
    BOOST_REQUIRE(nan == ((left[i].header.flags & kInvalid) != 0) || !nan);
    const TimeNs t = left[i].header.t, delay = left[i].header.t_arrival - t;
    if (t > from + 5 * kMs && t < to - 10 * kMs) {
      unknown += nan;
      BOOST_REQUIRE(!std::isnan(column<float>(right[i], 0)));
      worst = std::max(worst, delay);
      if (t > from + 2 * wait) worst_settled = std::max(worst_settled, delay);
    }
    if (t > to + 20 * kMs) rate_unknown_after += std::isnan(column<float>(left[i], 1));
    if (t > to + 1600 * kMs) angle_unknown_after += nan;  // an angle needs a rest of 1.5 s after a hole that long
  }
  BOOST_TEST(unknown == 984u);
  BOOST_TEST(rate_unknown_after == 0u);
  BOOST_TEST(angle_unknown_after == 0u);
  BOOST_TEST(worst <= wait + 2 * kTick);
  BOOST_TEST(worst_settled < 10 * kMs);  // once it is late, nobody waits for it
  BOOST_TEST_MESSAGE("grid behind a silent device: at most " << worst / kMs << " ms, later "
                                                             << static_cast<double>(worst_settled) * 1e-6 << " ms");
  std::size_t late = 0;
  for (const std::string& text : r.out.texts(table, "gaps"))
    late += text.rfind("late {\"device\":\"imu_shank_left\"", 0) == 0;
  BOOST_TEST(late == 1);
}

BOOST_AUTO_TEST_CASE(a_saved_state_goes_on_as_if_nothing_had_happened) {
  // The numbered samples that the pipeline gets, taken from one pass.
  const Prepared& p = demo();
  const Result r = pass(p, 256, 1);
  std::vector<Sample> input;
  for (const Instant& instant : timeline(p))
    for (const auto& [source, sample] : instant.samples) input.push_back(*sample);
  std::uint64_t ticks = 0;
  std::vector<Sample> all;
  for (const Sample& s : input) {
    while (s.t_arrival >= kStart + static_cast<TimeNs>(ticks + 1) * kTick) {
      Sample tick;
      tick.stream = r.assembly->ticks;
      tick.t = tick.t_arrival = kStart + static_cast<TimeNs>(ticks + 1) * kTick;
      tick.seq = ticks++;
      all.push_back(tick);
    }
    all.push_back(s);
  }
  for (std::size_t i = 0; i < all.size(); ++i) all[i].order = i;
  const auto at = [&](double s) { return first_after(all, static_cast<TimeNs>(s * 1e9)); };
  std::size_t in_gap = 0;  // between a loss row and the sample that follows it
  const StreamId loss = r.streams().id("raw/u6/loss");
  for (std::size_t i = at(4); i < all.size() && !in_gap; ++i)
    if (all[i].stream == loss) in_gap = i + 1;
  BOOST_REQUIRE(in_gap > 0);
  for (const std::size_t cut :
       {std::size_t{0}, at(1.0), at(2.39), at(3.3), in_gap, at(7.0), at(9.0), at(11.0), at(11.95)}) {
    Assembly first(p.settings, kStart, 0, true), second(p.settings, kStart, 0, true);
    feed(*first.pipeline, std::span(all).first(cut));
    std::vector<std::byte> state(first.pipeline->state_size());
    first.pipeline->save_state(state);
    BOOST_TEST(!second.pipeline->load_state(std::span(state).first(state.size() - 1)));
    BOOST_REQUIRE(second.pipeline->load_state(state));
    const auto rest = std::span(all).subspan(cut, std::min<std::size_t>(all.size() - cut, 60000));
    const auto one = feed(*first.pipeline, rest), two = feed(*second.pipeline, rest);
    BOOST_REQUIRE(one.size() == two.size());
    std::size_t different = 0;
    std::string where;
    for (std::size_t i = 0; i < one.size(); ++i)
      if (std::memcmp(&one[i], &two[i], sizeof(Sample)) != 0 && different++ == 0)
        where = r.streams()[one[i].stream].name;
    BOOST_TEST(different == 0u,
               "saved at sample " << cut << ": " << different << " samples differ, first in " << where);
    std::vector<std::byte> end_one(state.size()), end_two(state.size());
    first.pipeline->save_state(end_one);
    second.pipeline->save_state(end_two);
    BOOST_TEST((end_one == end_two));
  }
}

BOOST_AUTO_TEST_CASE(two_threads_push_while_it_polls) {
  Bench b;
  constexpr std::int64_t kEach = 100'000;
  SampleRing* rings[] = {&b.engine->add_source(1024), &b.engine->add_source(1024)};
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int k = 0; k < 2; ++k)
    threads.emplace_back([&, k] {
      for (std::int64_t i = 0; i < kEach;) {
        const Sample s = b.sample(kStart + i * 100, 2 * i + k, static_cast<std::uint64_t>(i));
        if (rings[k]->push(s))
          ++i;
        else
          std::this_thread::yield();
      }
      ++done;
    });
  TimeNs now = kStart;
  while (done < 2 || rings[0]->size() + rings[1]->size() > 0) {
    b.engine->poll(now);
    now = std::min<TimeNs>(now + 50'000, kStart + kEach * 100);
    std::this_thread::yield();
  }
  for (auto& t : threads) t.join();
  std::array<std::int64_t, 2> next{0, 0};
  bool in_order = true;
  for (const std::int64_t v : b.values()) in_order &= v / 2 == next[static_cast<std::size_t>(v % 2)]++;
  BOOST_TEST(in_order);
  BOOST_TEST(next[0] == kEach);
  BOOST_TEST(next[1] == kEach);
}

BOOST_AUTO_TEST_CASE(all_threads_of_the_daemon_together) {
  // In real time, as the daemon runs them: emulation, devices, dsp, two sinks; devices are unplugged and found again
  // while this thread asks for the state of everything.
  MonotonicClock clock;
  // The U6 breaks its stream off now and then and is started anew while the others stream on.
  Assembly assembly(demo_settings({"stimulus.subject.step_on_s=0", "device.u6.emulation.faults.code_55=0.002"}),
                    clock.now(), 0, false);
  Emulation emulation(assembly.session.settings, assembly.stimulus.get(), clock, assembly.session.start,
                      *assembly.truth_ring, assembly.first_truth);
  std::atomic<int> changes{0}, texts{0}, failures{0};
  std::vector<std::unique_ptr<SinkThread>> sinks;
  StatusSink* status = nullptr;
  for (int i = 0; i < 2; ++i) {
    auto sink = std::make_unique<StatusSink>([&](StatusSink::Event) { ++texts; });
    status = sink.get();
    sinks.push_back(std::make_unique<SinkThread>(std::move(sink), assembly.session, 1 << 15, assembly.gaps,
                                                 [&](const std::string&) { ++failures; }));
    assembly.engine->add_outlet(*sinks.back());
    assembly.engine->add_counter("status", sinks.back()->dropped());
  }
  auto devices =
      std::make_unique<Devices>(assembly, emulation, nullptr, clock, [&](const Devices::Status&) { ++changes; });
  for (auto& sink : sinks) sink->start();
  std::atomic<bool> stop{false};
  std::thread emulating([&] {
    while (!stop) {
      clock.sleep_until(std::min(emulation.next(), clock.now() + 5 * kMs));
      emulation.run_until(clock.now());
    }
  });
  std::thread dsp([&] {
    while (!stop) {
      clock.sleep_until(clock.now() + kMs);
      assembly.engine->poll(clock.now());
    }
  });
  devices->start();
  const auto streaming = [&] {
    std::size_t n = 0;
    for (const auto& d : devices->status()) n += d.state == Devices::State::streaming;
    return n;
  };
  const auto wait = [&](auto condition) {
    const TimeNs end = clock.now() + 20 * kSecond;
    while (!condition() && clock.now() < end) {
      (void)status->snapshot();
      for (const auto& line : assembly.engine->counters()) (void)line.counter->get();
      for (const auto& port : assembly.ports) BOOST_REQUIRE(port->backlog() <= 16384u);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return condition();
  };
  BOOST_TEST(wait([&] { return streaming() == 5; }));
  BOOST_TEST(assembly.command(clock.now(), "mark {\"id\":1,\"text\":\"x\"}"));
  const TimeNs since = clock.now();
  wait([&] {  // whoever talks to a device lets its time pass, while the emulation thread does so with the others
    BOOST_CHECK_THROW(emulation.link(1)->control(0xc0, 99, 0, 0, {}, 100), LinkError);
    return clock.now() > since + kSecond;
  });
  for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) emulation.link(i)->unplug();
  BOOST_TEST(wait([&] { return devices->status()[2].state == Devices::State::lost; }));
  for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) emulation.link(i)->plug_in();
  BOOST_TEST(wait([&] { return streaming() == 5; }));
  const auto scans = [&] { return status->snapshot()[assembly.session.streams.id("raw/u6/scan")].rows; };
  const auto before = scans();
  BOOST_TEST(wait([&] { return scans() > before + 500; }));
  BOOST_TEST(wait([&] { return devices->status()[0].restarts >= 2 && streaming() == 5; }));
  const auto all = devices->status();
  BOOST_TEST(all[0].restarts >= 2u);
  BOOST_TEST(all[2].restarts >= 1u);
  devices.reset();
  stop = true;
  emulating.join();
  dsp.join();
  assembly.engine->poll(clock.now());
  sinks.clear();
  BOOST_TEST(failures == 0);
  BOOST_TEST(changes >= 9);
  BOOST_TEST(texts >= 2 * 3);
}

BOOST_AUTO_TEST_SUITE_END()
