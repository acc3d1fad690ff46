// A slow or broken sink costs the others nothing, and every sample it did not get is accounted for.
#include "daemon/sink_thread.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "schemas/row.hpp"
#include "tests/daemon/recording_fixture.hpp"
#include "tests/daemon/wait_for.hpp"

BOOST_AUTO_TEST_SUITE(sink_thread)

using namespace recording_test;
using namespace std::chrono_literals;

namespace {

/// Keeps what it gets; can be held up and told to throw.
struct Probe {
  std::atomic<bool> held{false}, opened{false}, closed{false};
  std::atomic<std::size_t> seen{0};
  std::size_t throw_after = ~std::size_t{0};
  bool throw_a_number = false, throw_in_open = false;
  std::vector<Sample> got;  // of the sink's thread until it has ended
};

class ProbeSink final : public Sink {
 public:
  ProbeSink(Probe& probe, const char* name) : probe_(probe), name_(name) {}
  const char* name() const override { return name_; }
  void open(const Session&) override {
    if (probe_.throw_in_open) throw std::runtime_error("cannot open");
    probe_.opened = true;
  }
  void write(std::span<const Sample> samples) override {
    while (probe_.held) std::this_thread::sleep_for(1ms);
    if (probe_.got.size() + samples.size() > probe_.throw_after) {
      if (probe_.throw_a_number) throw 42;
      throw std::runtime_error("the disk is on fire");
    }
    probe_.got.insert(probe_.got.end(), samples.begin(), samples.end());
    probe_.seen = probe_.got.size();
  }
  void close() override { probe_.closed = true; }

 private:
  Probe& probe_;
  const char* name_;
};

struct Failures {
  std::mutex mutex;
  std::vector<std::string> all;
  auto sink() {
    return [this](const std::string& why) {
      const std::lock_guard lock(mutex);
      all.push_back(why);
    };
  }
  std::vector<std::string> get() {
    const std::lock_guard lock(mutex);
    return all;
  }
};

/// Offers `ticks` milliseconds, a few samples at once as a poll does, with a gaps row of the pipeline's own now and
/// then.
std::vector<Sample> make_samples(std::uint64_t ticks) {
  std::vector<Sample> all;
  for (std::uint64_t i = 0; i < ticks; ++i) {
    push_tick(all, i);
    if (i % 50 == 49)
      for (Sample s : text_row(kGaps, i / 50, time_of(i),
                               "late {\"device\":\"u6\",\"newest_t_s\":" + std::to_string(i) + ",\"more\":\"" +
                                   std::string(60, '.') + "\"}"))
        all.push_back(s);
  }
  for (std::size_t i = 0; i < all.size(); ++i) all[i].order = i;
  return all;
}

void offer(SinkThread& to, std::span<const Sample> samples) {
  for (std::size_t at = 0; at < samples.size(); at += 7)
    to.take(samples.subspan(at, std::min<std::size_t>(7, samples.size() - at)));
}

struct Account {
  std::map<StreamId, std::uint64_t> rows, declared, holes;
  std::uint64_t reports = 0, torn = 0;
  bool seq_rises = true, order_rises = true, flagged = true, reported_before = true;
};

/// What a careful reader finds in what the sink got.
Account account(const Session& session, const std::vector<Sample>& got) {
  Account a;
  std::vector<RowJoiner> joiners;
  for (const StreamInfo& info : session.streams) joiners.emplace_back(info);
  std::map<StreamId, std::uint64_t> next;
  std::uint64_t order = 0;
  for (const Sample& s : got) {
    a.order_rises &= s.order >= order;
    order = s.order;
    if (!joiners[s.stream].add(s)) continue;
    const Row& row = joiners[s.stream].row();
    const std::uint64_t expected = next.count(s.stream) ? next[s.stream] : 0;
    a.seq_rises &= row.header.seq >= expected;
    if (row.header.seq > expected) {
      a.holes[s.stream] += row.header.seq - expected;
      a.flagged &= (row.header.flags & kGapBefore) != 0;
      a.reported_before &= a.declared[s.stream] >= a.holes[s.stream];
    }
    next[s.stream] = row.header.seq + 1;
    const std::string text(reinterpret_cast<const char*>(row.bytes.data()), row.bytes.size());
    if (s.stream == kGaps && text.rfind("lost ", 0) == 0) {
      const auto json = nlohmann::json::parse(text.substr(5));
      BOOST_TEST(json["cause"] == "sink_ring_full");
      BOOST_TEST(json["sink"] == "slow");
      a.declared[session.streams.id(json["stream"].get<std::string>())] += json["count"].get<std::uint64_t>();
      ++a.reports;
    } else {
      ++a.rows[s.stream];
    }
  }
  for (const RowJoiner& j : joiners) a.torn += j.torn();
  return a;
}

}  // namespace

BOOST_AUTO_TEST_CASE(hands_on_everything_in_order_and_closes) {
  const Session session = make_session("");
  const auto samples = make_samples(3000);
  Probe probe;
  Failures failures;
  {
    SinkThread sink(std::make_unique<ProbeSink>(probe, "quick"), session, 1 << 15, kGaps, failures.sink());
    sink.start();
    offer(sink, samples);
    BOOST_TEST(sink.dropped().get() == 0);
  }  // drains
  BOOST_TEST(probe.closed);
  BOOST_TEST(failures.get().empty());
  BOOST_REQUIRE(probe.got.size() == samples.size());
  BOOST_TEST(std::memcmp(probe.got.data(), samples.data(), samples.size() * sizeof(Sample)) == 0);
}

BOOST_AUTO_TEST_CASE(what_is_in_the_ring_before_the_thread_starts_is_not_lost) {
  const Session session = make_session("");
  const auto samples = make_samples(100);
  Probe probe;
  {
    SinkThread sink(std::make_unique<ProbeSink>(probe, "quick"), session, 4096, kGaps, [](const std::string&) {});
    offer(sink, samples);
    sink.start();
  }
  BOOST_TEST(probe.got.size() == samples.size());
}

BOOST_AUTO_TEST_CASE(a_sample_wakes_a_sleeping_sink_at_once) {
  const Session session = make_session("");
  Probe probe;
  SinkThread sink(std::make_unique<ProbeSink>(probe, "quick"), session, 4096, kGaps, [](const std::string&) {});
  sink.start();
  BOOST_REQUIRE(wait_for([&] { return probe.opened.load(); }));
  std::vector<double> ms;
  for (std::uint64_t i = 0; i < 100; ++i) {
    std::this_thread::sleep_for(2ms);
    const auto before = std::chrono::steady_clock::now();
    const Sample s = scan_sample(i);
    sink.take(std::span(&s, 1));
    while (probe.seen <= i) std::this_thread::sleep_for(20us);
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before).count());
  }
  std::sort(ms.begin(), ms.end());
  BOOST_TEST_MESSAGE("wake-up of a sink: median " << ms[50] << " ms, worst " << ms.back() << " ms");
  BOOST_TEST(ms[50] < 5.0);  // without the doorbell half of the 10 ms timeout would be usual
}

BOOST_AUTO_TEST_CASE(a_slow_sink_loses_counted_rows_and_the_other_loses_none) {
  const Session session = make_session("");
  const auto samples = make_samples(6000);
  Probe slow_probe, quick_probe;
  Failures failures;
  std::uint64_t dropped = 0;
  {
    SinkThread slow(std::make_unique<ProbeSink>(slow_probe, "slow"), session, 512, kGaps, failures.sink());
    SinkThread quick(std::make_unique<ProbeSink>(quick_probe, "quick"), session, 1 << 16, kGaps, failures.sink());
    slow.start();
    quick.start();
    const std::span<const Sample> all = samples;
    const std::size_t part = all.size() / 3;
    for (int turn = 0; turn < 3; ++turn) {  // stuck and well in turns
      slow_probe.held = true;
      offer(slow, all.subspan(part * static_cast<std::size_t>(turn), 2000));
      offer(quick, all.subspan(part * static_cast<std::size_t>(turn), 2000));
      slow_probe.held = false;
      BOOST_TEST(wait_for([&] { return slow.backlog() == 0; }));
      const auto rest = all.subspan(part * static_cast<std::size_t>(turn) + 2000,
                                    turn == 2 ? all.size() - 2 * part - 2000 : part - 2000);
      for (std::size_t at = 0; at < rest.size(); at += 100) {
        const auto piece = rest.subspan(at, std::min<std::size_t>(100, rest.size() - at));
        offer(slow, piece);
        offer(quick, piece);
        BOOST_TEST(wait_for([&] { return slow.backlog() == 0; }));
      }
    }
    slow_probe.held = true;  // and lost at the very end
    BOOST_TEST(quick.dropped().get() == 0);
    dropped = slow.dropped().get();
    slow_probe.held = false;
  }
  BOOST_TEST(failures.get().empty());
  BOOST_TEST(quick_probe.got.size() == samples.size());
  const Account whole = account(session, quick_probe.got), a = account(session, slow_probe.got);
  BOOST_TEST(dropped > 1000);
  BOOST_TEST(a.reports > 3);
  std::uint64_t report_samples = 0;
  for (const Sample& s : slow_probe.got)
    report_samples += s.stream == kGaps && text(s).find("lost ") == 0 ? s.parts : 0;
  BOOST_TEST(slow_probe.got.size() - report_samples + dropped == samples.size());
  for (const auto& [stream, rows] : whole.rows) {
    const auto lost = rows - (a.rows.count(stream) ? a.rows.at(stream) : 0);
    BOOST_TEST_MESSAGE(session.streams[stream].name << ": " << rows << " rows, " << lost << " lost, "
                                                    << a.declared.at(stream) << " declared");
    BOOST_TEST((a.declared.count(stream) ? a.declared.at(stream) : 0) == lost);
  }
  BOOST_TEST(a.seq_rises);
  BOOST_TEST(a.order_rises);
  BOOST_TEST(a.flagged);
  BOOST_TEST(a.reported_before);
}

BOOST_AUTO_TEST_CASE(a_loss_at_the_very_end_is_told_at_closing) {
  const Session session = make_session("");
  const auto samples = make_samples(1000);
  Probe probe;
  std::uint64_t dropped = 0;
  {
    SinkThread slow(std::make_unique<ProbeSink>(probe, "slow"), session, 256, kGaps, [](const std::string&) {});
    probe.held = true;
    slow.start();
    offer(slow, samples);
    dropped = slow.dropped().get();
    probe.held = false;
  }
  const Account a = account(session, probe.got);
  BOOST_TEST(dropped > 0);
  BOOST_TEST(a.rows.at(kScan) + a.declared.at(kScan) == 1000);
  BOOST_TEST(a.rows.at(kCop) + a.declared.at(kCop) == 1000);
  BOOST_TEST(probe.closed);
}

BOOST_AUTO_TEST_CASE(a_sink_that_throws_is_left_alone_and_its_neighbour_gets_all) {
  const Session session = make_session("");
  const auto samples = make_samples(3000);
  for (const bool number : {false, true}) {
    Probe broken_probe, well_probe;
    broken_probe.throw_after = 500;
    broken_probe.throw_a_number = number;
    Failures failures;
    {
      SinkThread broken(std::make_unique<ProbeSink>(broken_probe, "broken"), session, 1024, kGaps, failures.sink());
      SinkThread well(std::make_unique<ProbeSink>(well_probe, "well"), session, 1 << 15, kGaps, failures.sink());
      broken.start();
      well.start();
      for (std::size_t at = 0; at < samples.size(); at += 50) {
        const auto piece = std::span<const Sample>(samples).subspan(at, std::min<std::size_t>(50, samples.size() - at));
        broken.take(piece);
        well.take(piece);
        if (at < 2000) BOOST_TEST(wait_for([&] { return broken.backlog() == 0 || !failures.get().empty(); }));
      }
      BOOST_TEST(wait_for([&] { return failures.get().size() == 1; }));
      // All that it did not get is counted, but for the batch in its hands when it threw.
      BOOST_TEST(broken.dropped().get() + 500 + 50 >= samples.size());
      BOOST_TEST(broken.dropped().get() < samples.size());
      BOOST_TEST(well.dropped().get() == 0);
    }
    BOOST_TEST(!broken_probe.closed);
    BOOST_TEST(failures.get().front() == (number ? "broken: unknown exception" : "broken: the disk is on fire"));
    BOOST_TEST(well_probe.got.size() == samples.size());
    BOOST_TEST(well_probe.closed);
  }
}

BOOST_AUTO_TEST_CASE(a_sink_that_cannot_open_says_so) {
  const Session session = make_session("");
  Probe probe;
  probe.throw_in_open = true;
  Failures failures;
  {
    SinkThread sink(std::make_unique<ProbeSink>(probe, "shut"), session, 64, kGaps, failures.sink());
    sink.start();
    BOOST_TEST(wait_for([&] { return failures.get().size() == 1; }));
    offer(sink, make_samples(200));
  }
  BOOST_TEST(failures.get().front() == "shut: cannot open");
  BOOST_TEST(probe.got.empty());
}

BOOST_AUTO_TEST_CASE(a_failed_or_idle_sink_costs_no_processor_time) {
  const Session session = make_session("");
  Probe probe;
  probe.throw_after = 0;
  Failures failures;
  SinkThread sink(std::make_unique<ProbeSink>(probe, "broken"), session, 64, kGaps, failures.sink());
  sink.start();
  offer(sink, make_samples(10));
  BOOST_REQUIRE(wait_for([&] { return !failures.get().empty(); }));
  const auto cpu_s = [] {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  };
  const double before = cpu_s();
  std::this_thread::sleep_for(300ms);
  const double used = cpu_s() - before;
  BOOST_TEST_MESSAGE("processor time beside a failed sink: " << used << " s of 0.3 s");
  BOOST_TEST(used < 0.1);
}

BOOST_AUTO_TEST_SUITE_END()
