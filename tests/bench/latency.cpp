// From the completion of a transfer to a subscriber in another process: the demonstration rig live, its feed, and at
// the same time a bare ZeroMQ hop between the same two processes with messages of the same size. With the argument
// `subscribers`: the same, with others that take the whole feed, too.
#include <cstdlib>
#include <cstring>
#include <map>
#include <thread>
#include <unordered_map>

#include "bench/bench.hpp"
#include "bench/crowd.hpp"
#include "bench/subscriber.hpp"
#include "daemon/assembly.hpp"
#include "daemon/config.hpp"
#include "daemon/lab_clock.hpp"
#include "daemon/realtime.hpp"
#include "daemon/sink_thread.hpp"
#include "daemon/sinks/feed.hpp"
#include "schemas/feed.hpp"

using namespace grfd;
using namespace grfd::bench;

namespace {

constexpr std::size_t kRepetitions = 3;
constexpr TimeNs kMs = 1'000'000, kWarm = 2'000 * kMs, kRun = 7'000 * kMs;
constexpr std::size_t kRowBytes = kRowHeader + 64, kHeaderBytes = 200;

/// When each row's sample arrived; filled on the dsp thread.
struct Arrivals final : Outlet {
  std::unordered_map<StreamId, std::unordered_map<std::uint64_t, TimeNs>> by_stream;
  void take(std::span<const Sample> samples) noexcept override {
    for (const Sample& s : samples)
      if (const auto found = by_stream.find(s.stream); found != by_stream.end()) found->second[s.seq] = s.t_arrival;
  }
};

struct Loop {
  std::atomic<bool> stop{false};
  std::string priority;
  std::thread thread;
  template <class Body>
  Loop(int wanted, Body body) {
    thread = std::thread([this, wanted, body] {
      if (wanted > 0) priority = ask_for_realtime(wanted);
      while (!stop.load()) body();
    });
  }
  ~Loop() { end(); }
  void end() {
    stop = true;
    if (thread.joinable()) thread.join();
  }
};

struct Latencies {
  std::map<std::string, std::vector<double>> ms;  ///< by topic
  std::vector<double> bare_ms;
  double rows_per_message = 0, missing = 0;
  std::size_t crowd_messages = 0, crowd_holes = 0;
  std::string priority;
};

struct Way {
  double batch_ms = 10;
  bool doorbell = true;  ///< the dsp thread sleeps until a transfer wakes it, as in the daemon; else it looks every ms
  std::size_t others = 0;
  bool stopped = false;
};

Latencies measure(const Way& way) {
  const double batch_ms = way.batch_ms;
  Settings settings = load_config(GRFD_SOURCE "/config/demo.toml");
  settings.feed.endpoint = free_endpoint();
  settings.feed.batch_ms = batch_ms;
  const std::string bare_endpoint = free_endpoint();
  Subscriber subscriber(settings.feed.endpoint, bare_endpoint);  // these fork: before any thread
  Crowd crowd(settings.feed.endpoint, way.others, way.stopped);

  MonotonicClock clock;
  timespec utc{};
  clock_gettime(CLOCK_REALTIME, &utc);
  const TimeNs start = clock.now();
  Assembly a(settings, start, utc.tv_sec * 1'000'000'000LL + utc.tv_nsec, false);
  Emulation emulation(settings, a.stimulus.get(), clock, start, *a.truth_ring, a.first_truth);
  Arrivals arrivals;
  for (const char* topic : kTopics) arrivals.by_stream[a.session.streams.id(topic)].reserve(20'000);
  a.engine->add_outlet(arrivals);
  auto sink = std::make_unique<SinkThread>(std::make_unique<Feed>(settings.feed), a.session, 1 << 16, a.gaps,
                                           [](const std::string& why) {
                                             std::fprintf(stderr, "%s\n", why.c_str());
                                             std::exit(EXIT_FAILURE);
                                           });
  a.engine->add_outlet(*sink);
  sink->start();
  for (std::size_t i = 0; i < a.ports.size(); ++i) a.ports[i]->start(*emulation.link(i), clock.now());

  Latencies result;
  {
    const int priority = settings.realtime_priority ? 50 : 0;
    Loop dsp(priority, [&] {
      if (way.doorbell)
        a.engine->wait(clock.now());
      else
        clock.sleep_until((clock.now() / kMs + 1) * kMs);
      a.engine->poll(clock.now());
    });
    Loop usb(priority ? priority + 10 : 0, [&] {
      clock.sleep_until(std::min(emulation.next(), clock.now() + 10 * kMs));
      emulation.run_until(clock.now());
    });
    zmq::context_t context(1);
    zmq::socket_t bare(context, zmq::socket_type::pub);
    bare.set(zmq::sockopt::linger, 0);
    bare.bind(bare_endpoint);
    const std::string topic = kTopics[0], header(kHeaderBytes, ' ');
    std::vector<char> body(kRowBytes * static_cast<std::size_t>(std::max(1.0, batch_ms)));
    for (TimeNs t = start; t < start + kRun; t += kMs) {
      clock.sleep_until(t);
      const TimeNs now = clock.now();
      std::memcpy(body.data(), &now, sizeof now);
      bare.send(zmq::buffer(topic), zmq::send_flags::sndmore);
      bare.send(zmq::buffer(header), zmq::send_flags::sndmore);
      bare.send(zmq::buffer(body), zmq::send_flags::dontwait);
    }
    usb.end();
    dsp.end();
    result.priority = dsp.priority;
  }
  for (std::size_t i = 0; i < a.ports.size(); ++i) a.ports[i]->stop(*emulation.link(i));
  const Crowd::Result& others = crowd.finish();
  result.crowd_messages = others.messages;
  result.crowd_holes = others.holes;
  sink.reset();
  const Received& received = subscriber.finish();

  for (std::size_t i = 0; i < received.bare_count; ++i)
    if (received.bare[i].sent > start + kWarm)
      result.bare_ms.push_back(static_cast<double>(received.bare[i].at - received.bare[i].sent) * 1e-6);
  for (std::size_t i = 0; i < received.count; ++i) {
    const Received::Row& row = received.rows[i];
    const auto& known = arrivals.by_stream[a.session.streams.id(kTopics[row.topic])];
    const auto found = known.find(row.seq);
    if (found == known.end() || found->second < start + kWarm) continue;
    result.ms[kTopics[row.topic]].push_back(static_cast<double>(row.at - found->second) * 1e-6);
  }
  std::size_t sent = 0, got = 0;
  for (const auto& [stream, rows] : arrivals.by_stream)
    for (const auto& [seq, t] : rows) sent += t >= start + kWarm && t < start + kRun - 200 * kMs;
  for (const auto& [topic, ms] : result.ms) got += ms.size();
  result.missing = sent > got ? static_cast<double>(sent - got) : 0;
  result.rows_per_message = static_cast<double>(received.count) / static_cast<double>(received.messages);
  return result;
}

using Runs = std::vector<std::vector<Latencies>>;  ///< by way and repetition

Runs measure_all(const std::vector<Way>& ways) {
  Runs runs(ways.size());
  for (std::size_t i = 0; i < kRepetitions; ++i)
    for (std::size_t w = 0; w < ways.size(); ++w) runs[w].push_back(measure(ways[w]));
  return runs;
}

std::vector<double> quantiles(std::vector<Latencies>& runs, const char* topic, double q) {
  std::vector<double> all;
  for (Latencies& run : runs) all.push_back(quantile(run.ms[topic], q));
  return all;
}

double missing(const std::vector<Latencies>& runs) {
  double all = 0;
  for (const Latencies& run : runs) all += run.missing;
  return all;
}

void against_a_bare_hop() {
  const std::vector<Way> ways{{10, true}, {10, false}};
  Runs runs = measure_all(ways);
  for (std::size_t w = 0; w < ways.size(); ++w)
    for (const char* topic : kTopics)
      for (const double q : {0.5, 0.99}) {
        const std::vector<double> ours = quantiles(runs[w], topic, q);
        std::vector<double> bare;
        for (Latencies& run : runs[w]) bare.push_back(quantile(run.bare_ms, q));
        const Latencies& last = runs[w].back();
        row(text("USB completion to subscriber, %s, batches of %.0f ms, dsp wakes by %s: p%.0f", topic,
                 ways[w].batch_ms, ways[w].doorbell ? "doorbell" : "1 ms tick", q * 100),
            "bare ZeroMQ hop, same size", ratios(ours, bare),
            text("%.2f : %.2f ms; %.1f rows/message, %.0f rows missed, dsp %s", median(ours), median(bare),
                 last.rows_per_message, missing(runs[w]), last.priority.c_str()));
      }
}

void beside_others() {
  const std::vector<Way> ways{
      {}, {10, true, 0, true}, {10, true, 7, false}, {10, true, 31, false}, {10, true, 31, true}};
  Runs runs = measure_all(ways);
  for (std::size_t w = 1; w < ways.size(); ++w)
    for (const double q : {0.5, 0.99}) {
      const std::vector<double> ours = quantiles(runs[w], kTopics[0], q), alone = quantiles(runs[0], kTopics[0], q);
      std::size_t messages = 0, holes = 0;
      for (const Latencies& run : runs[w]) messages += run.crowd_messages, holes += run.crowd_holes;
      row(text("USB completion to subscriber, %s, beside %zu that take all streams%s: p%.0f", kTopics[0],
               ways[w].others, ways[w].stopped ? " and one that stands still" : "", q * 100),
          "the same, alone", ratios(ours, alone),
          text("%.2f : %.2f ms; %.0f rows missed; the others %zu messages, %zu missed", median(ours), median(alone),
               missing(runs[w]), messages, holes));
    }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "subscribers")
    beside_others();
  else
    against_a_bare_hop();
}
