// The live feed: its bytes, late joiners, and that no subscriber can hurt another.
#include "daemon/sinks/feed.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <random>
#include <thread>

#include "daemon/sink_thread.hpp"
#include "schemas/feed.hpp"
#include "schemas/stream_json.hpp"
#include "tests/daemon/feed_client.hpp"
#include "tests/daemon/recording_fixture.hpp"
#include "tests/daemon/wait_for.hpp"

BOOST_AUTO_TEST_SUITE(feed)

using namespace recording_test;
using namespace feed_test;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

namespace {

double ms_since(Steady::time_point then) {
  return std::chrono::duration<double, std::milli>(Steady::now() - then).count();
}

/// A feed behind its sink thread, fed one tick each millisecond until it is destroyed.
class LiveFeed {
 public:
  explicit LiveFeed(double tick_ms = 1, double batch_ms = 5) : session_(make_session("")) {
    FeedSettings settings;
    settings.endpoint = endpoint();
    settings.batch_ms = batch_ms;
    auto feed = std::make_unique<Feed>(settings);
    feed_ = feed.get();
    sink_ = std::make_unique<SinkThread>(std::move(feed), session_, 1 << 14, kGaps,
                                         [this](const std::string& why) { failed_ = why.size(); });
    sink_->start();
    thread_ = std::thread([this, tick_ms] {
      auto next = Steady::now();
      for (std::uint64_t i = 0; !stop_; ++i) {
        std::vector<Sample> samples;
        push_tick(samples, i);
        if (i % 100 == 7)
          for (const Sample& s : text_row(kGaps, i / 100, time_of(i), "lost {\"count\":" + std::to_string(i) + "}"))
            samples.push_back(s);
        sink_->take(samples);
        ticks_ = i + 1;
        std::this_thread::sleep_until(next += std::chrono::microseconds(static_cast<long>(tick_ms * 1000)));
      }
    });
  }
  ~LiveFeed() { stop(); }
  /// No more data; what is on its way is still sent.
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    if (sink_) BOOST_TEST(sink_->dropped().get() == 0);
    BOOST_TEST(failed_ == 0u);
    sink_.reset();
  }
  std::string endpoint() const { return "ipc://" + folder_.path + "/feed"; }
  std::string path() const { return folder_.path + "/feed"; }
  const Session& session() const { return session_; }
  const Feed& feed() const { return *feed_; }
  std::uint64_t ticks() const { return ticks_; }

 private:
  Folder folder_;
  Session session_;
  Feed* feed_;
  std::unique_ptr<SinkThread> sink_;
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> failed_{0};
  std::atomic<std::uint64_t> ticks_{0};
  std::thread thread_;
};

/// Reads all data of one stream until `until`, on its own thread.
struct Reader {
  Reader(zmq::context_t& context, const std::string& endpoint, const std::string& topic, std::size_t body)
      : client_(context, endpoint), body_(body) {
    client_.subscribe(topic);
    thread_ = std::thread([this] {
      while (!stop_) {
        const auto m = client_.receive(50ms);
        if (!m) continue;
        if (m->header["type"] == "info") ++infos;
        if (m->header["type"] != "data") continue;
        if (messages++ > 0) message_holes += m->header["seq"].get<std::uint64_t>() != next_message_;
        next_message_ = m->header["seq"].get<std::uint64_t>() + 1;
        const auto rows = rows_of(m->rows, body_);
        wrong_count += rows.size() != m->header["count"].get<std::size_t>() || rows.empty() ||
                       rows[0].t_ns != m->header["first_t_ns"].get<std::int64_t>();
        for (const WireRow& r : rows) {
          if (rows_seen++ > 0) row_holes += r.seq != next_row_;
          next_row_ = r.seq + 1;
          last = r;
        }
      }
    });
  }
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  ~Reader() { stop(); }
  std::atomic<std::uint64_t> messages{0}, infos{0}, rows_seen{0};
  std::uint64_t message_holes = 0, row_holes = 0, wrong_count = 0, next_row_ = 0;
  WireRow last;

 private:
  Client client_;
  std::size_t body_;
  std::uint64_t next_message_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// ---- Golden bytes ----

struct Golden {
  std::vector<std::byte> bytes;
  nlohmann::ordered_json json;
};

/// Rows of every type, with the values that a reader must find.
Golden make_golden() {
  Golden g;
  g.json = {{"version", kFeedVersion}, {"session_start_ns", kStart}, {"streams", nlohmann::ordered_json::array()}};
  const auto add = [&](StreamInfo info, auto fill, int rows) {
    nlohmann::ordered_json one{
        {"info", to_json(info)}, {"offset", g.bytes.size()}, {"rows", nlohmann::ordered_json::array()}};
    RowJoiner joiner(info);
    for (int i = 0; i < rows; ++i) {
      FixedBatch<64> parts;
      nlohmann::ordered_json expected = fill(i, parts);
      for (const Sample& s : parts.samples())
        if (joiner.add(s)) append_row(g.bytes, joiner.row(), info, kStart);
      one["rows"].push_back(expected);
    }
    one["bytes"] = g.bytes.size() - one["offset"].get<std::size_t>();
    g.json["streams"].push_back(one);
  };
  const auto numeric = [](const char* name, ValueType type, std::size_t columns) {
    StreamInfo info;
    info.name = name;
    info.type = type;
    for (std::size_t c = 0; c < columns; ++c) info.columns.push_back({"c" + std::to_string(c), "1"});
    return info;
  };
  const auto put_row = [](const StreamInfo& info, int i, SampleBatch& parts, auto value_of) -> nlohmann::ordered_json {
    nlohmann::ordered_json values = nlohmann::ordered_json::array();
    Sample header;
    header.seq = 1'000'000'000'000ull + static_cast<std::uint64_t>(i) * 3;
    const std::int64_t t_ns = i == 3 ? std::numeric_limits<std::int64_t>::min() : (i - 1) * 1'234'567'891LL;
    header.t = i == 3 ? 0 : kStart + t_ns;  // the first one before the session's start, the fourth at an unknown time
    header.flags = static_cast<std::uint16_t>(0x8001 << (i % 2));
    header.epoch = static_cast<std::uint16_t>(65535 - i);
    const std::size_t per_part = columns_per_part(info.type);
    for (std::size_t c = 0; c < info.columns.size(); ++c) {
      if (c % per_part == 0) {
        Sample& s = parts.next();
        s = header;
        s.part = static_cast<std::uint8_t>(c / per_part);
        s.parts = static_cast<std::uint8_t>(info.parts());
      }
      const auto v = value_of(i, c);
      set_value(parts.samples().back(), c % per_part, v);
      if constexpr (std::is_floating_point_v<decltype(v)>)
        values.push_back(std::isnan(v) ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(v));
      else
        values.push_back(v);
    }
    return {{"t_ns", t_ns}, {"seq", header.seq}, {"flags", header.flags}, {"epoch", header.epoch}, {"values", values}};
  };
  const StreamInfo f32 = numeric("golden/f32", ValueType::f32, 5), i32 = numeric("golden/i32", ValueType::i32, 13),
                   f64 = numeric("golden/f64", ValueType::f64, 26), i64 = numeric("golden/i64", ValueType::i64, 3);
  add(
      f32,
      [&](int i, SampleBatch& p) {
        return put_row(f32, i, p, [](int k, std::size_t c) {
          return c == 2 && k == 1 ? std::nanf("") : (static_cast<float>(k) - 1.5f) * static_cast<float>(c + 1) / 3;
        });
      },
      4);
  add(
      i32,
      [&](int i, SampleBatch& p) {
        return put_row(i32, i, p, [](int k, std::size_t c) {
          return static_cast<std::int32_t>((k - 1) * 1'000'003 * (static_cast<int>(c) - 6));
        });
      },
      3);
  add(
      f64,
      [&](int i, SampleBatch& p) {
        return put_row(f64, i, p, [](int k, std::size_t c) {
          return c == 25 ? std::nan("") : std::ldexp(1.0 / 3, k * 40 - static_cast<int>(c));
        });
      },
      3);
  add(
      i64,
      [&](int i, SampleBatch& p) {
        return put_row(i64, i, p, [](int k, std::size_t c) {
          return static_cast<std::int64_t>((k - 1) * 9'007'199'254'740'993ll + static_cast<int>(c));
        });
      },
      3);
  StreamInfo text;
  text.name = "golden/text";
  text.kind = StreamKind::event;
  text.type = ValueType::text;
  text.columns = {{"name", ""}, {"detail", "json"}};
  const std::vector<std::string> texts{"mark {\"text\":\"Grüße\"}", "12345678", "", std::string(64, 'a'),
                                       "long {\"text\":\"" + std::string(200, 'z') + "\"}"};
  add(
      text,
      [&](int i, SampleBatch& p) -> nlohmann::ordered_json {
        Sample header;
        header.seq = static_cast<std::uint64_t>(i);
        header.t = kStart + i;
        push_text(p, header, texts[static_cast<std::size_t>(i)]);
        return {{"t_ns", i}, {"seq", i}, {"flags", 0}, {"epoch", 0}, {"text", texts[static_cast<std::size_t>(i)]}};
      },
      static_cast<int>(texts.size()));
  return g;
}

std::string whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(golden_bytes) {
  const std::string path = GRFD_FIXTURES "/feed_golden";
  const Golden g = make_golden();
  if (std::getenv("GRFD_WRITE_GOLDEN")) {  // once, or when the contract gets a new version
    std::ofstream(path + ".bin", std::ios::binary)
        .write(reinterpret_cast<const char*>(g.bytes.data()), static_cast<std::streamsize>(g.bytes.size()));
    std::ofstream(path + ".json") << g.json.dump(1) << "\n";
  }
  const std::string bytes = whole(path + ".bin");
  BOOST_REQUIRE(bytes.size() == g.bytes.size());
  BOOST_TEST(std::memcmp(bytes.data(), g.bytes.data(), bytes.size()) == 0);
  BOOST_TEST((nlohmann::ordered_json::parse(whole(path + ".json")) == g.json));
  BOOST_TEST(g.bytes.size() ==
             4u * (24 + 20) + 3 * (24 + 52) + 3 * (24 + 208) + 3 * (24 + 24) + 5 * 24 + 24 + 8 + 0 + 64 + 216);
}

BOOST_AUTO_TEST_CASE(python_reads_the_golden_bytes) {
  if (std::system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0) {
    std::printf("no numpy: the golden bytes were not read with Python\n");
    return;
  }
  BOOST_TEST(std::system("/usr/bin/python3 " GRFD_SOURCE "/tests/daemon/read_feed_golden.py " GRFD_FIXTURES
                         "/feed_golden") == 0);
}

BOOST_AUTO_TEST_CASE(eight_late_joiners_all_learn_what_the_stream_is) {
  LiveFeed live;
  std::this_thread::sleep_for(200ms);
  zmq::context_t context(1);
  std::vector<std::unique_ptr<Client>> clients;
  const auto join = [&] {  // @return ms until the stream's info came
    auto& client = *clients.emplace_back(std::make_unique<Client>(context, live.endpoint()));
    const auto then = Steady::now();
    client.subscribe("cop/left");
    for (;;) {
      const auto m = client.receive(10s);
      BOOST_REQUIRE_MESSAGE(m, "a joiner got nothing");
      if (m->header["type"] != "info") continue;
      const double ms = ms_since(then);
      BOOST_TEST(m->topic == "cop/left");
      BOOST_TEST(m->rows.empty());
      BOOST_TEST((stream_from_json(nlohmann::ordered_json::parse(m->header["info"].dump())).columns.size() == 3));
      return ms;
    }
  };
  // All eight of a round within 100 ms; a pause of the whole machine may spoil a round, a slow feed would spoil them
  // all.
  std::size_t joined = 0;
  double best = 1e9;
  for (int round = 0; round < 5 && best >= 100; ++round) {
    std::string list;
    double worst = 0;
    for (int i = 0; i < 8; ++i, ++joined) {
      const double ms = join();
      worst = std::max(worst, ms);
      list += std::to_string(ms).substr(0, 5) + " ";
    }
    best = std::min(best, worst);
    BOOST_TEST_MESSAGE("stream info after ms: " << list);
  }
  BOOST_TEST(best < 100);
  BOOST_TEST(live.feed().late_subscriptions().get() == joined);
}

BOOST_AUTO_TEST_CASE(eight_joiners_at_once_all_learn_it_too) {
  LiveFeed live;
  zmq::context_t context(1);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(std::make_unique<Client>(context, live.endpoint()));
  std::this_thread::sleep_for(100ms);
  for (auto& c : clients) c->subscribe("reps/pair"), c->subscribe("session");
  for (auto& c : clients) {
    bool info = false, session = false;
    while (!info || !session) {
      const auto m = c->receive();
      BOOST_REQUIRE(m);
      info |= m->topic == "reps/pair" && m->header["type"] == "info";
      session |= m->topic == "session" && m->header["session"] == live.session().id && m->header["streams"] == 7;
    }
  }
}

BOOST_AUTO_TEST_CASE(a_late_joiner_learns_how_it_stands_and_then_once_a_second) {
  LiveFeed live;
  std::this_thread::sleep_for(100ms);
  zmq::context_t context(1);
  Client client(context, live.endpoint());
  client.subscribe("status");
  const auto then = Steady::now();
  for (int i = 0; i < 3; ++i) {
    const auto m = client.receive();
    BOOST_REQUIRE(m);
    BOOST_TEST(m->topic == "status");
    BOOST_TEST(m->header["type"] == "status");
    BOOST_TEST(m->header["session"] == live.session().id);
    BOOST_TEST(m->rows.empty());
  }
  BOOST_TEST(ms_since(then) < 2500);
}

BOOST_AUTO_TEST_CASE(the_status_follows_devices_trials_and_counters) {
  Session session = make_session("");
  session.settings.devices.resize(2);
  session.settings.devices[0].name = "u6";
  session.settings.devices[1].name = "imu";
  session.settings.devices[1].required = false;
  FeedStatus status;
  status.open(session);
  const auto now = [&] { return nlohmann::json::parse(status.message(5)); };
  BOOST_TEST(now()["devices"]["u6"]["state"] == "absent");
  BOOST_TEST(now()["devices"]["u6"]["required"] == true);
  BOOST_TEST(now()["devices"]["imu"]["required"] == false);
  BOOST_TEST(now()["t_ns"] == 5);
  const std::string lost = "device {\"device\":\"u6\",\"state\":\"lost\",\"restarts\":1,\"trouble\":\"unplugged\"}";
  BOOST_TEST(status.take("events", lost));
  BOOST_TEST(!status.take("events", lost));  // nothing new
  BOOST_TEST(now()["devices"]["u6"]["trouble"] == "unplugged");
  BOOST_TEST(status.take("events", "device {\"device\":\"u6\",\"state\":\"streaming\",\"restarts\":1}"));
  BOOST_TEST(!now()["devices"]["u6"].contains("trouble"));
  BOOST_TEST(now()["recording"] == false);
  BOOST_TEST(status.take("commands", "record_start {\"id\":1,\"name\":\"squat\"}"));
  BOOST_TEST(now()["recording"] == true);
  BOOST_TEST(now()["trial"] == "squat");
  BOOST_TEST(status.take("commands", "record_stop {\"id\":2}"));
  BOOST_TEST(now()["recording"] == false);
  BOOST_TEST(status.take("counters", "u6.lost {\"total\":7,\"new\":2}"));
  BOOST_TEST(now()["counters"]["u6.lost"] == 7);
  for (const char* other : {"mark {\"id\":3}", "device", "device {",
                            "device {\"device\":\"nobody\",\"state\":\"lost\"}", "device {\"device\":5}", ""})
    BOOST_TEST(!status.take("events", other), other);
}

BOOST_AUTO_TEST_CASE(all_rows_come_in_order_with_rising_numbers) {
  zmq::context_t context(1);
  LiveFeed live;
  {
    Reader scan(context, live.endpoint(), "raw/u6/scan", 52), cop(context, live.endpoint(), "cop/left", 12),
        wide(context, live.endpoint(), "reps/pair", 88), gaps(context, live.endpoint(), "gaps", 0);
    BOOST_REQUIRE(wait_for([&] { return live.ticks() >= 1500 && scan.rows_seen > 1000 && gaps.messages > 5; }, 20s));
    for (Reader* r : {&scan, &cop, &wide, &gaps}) {
      r->stop();
      BOOST_TEST(r->messages > 5u);
      BOOST_TEST(r->message_holes == 0u);
      BOOST_TEST(r->row_holes == 0u);
      BOOST_TEST(r->wrong_count == 0u);
    }
    for (std::size_t c = 0; c < 13; ++c) {
      std::int32_t v;
      std::memcpy(&v, scan.last.body.data() + 4 * c, 4);
      BOOST_TEST(v == scan_value(scan.last.seq, c));
    }
    BOOST_TEST(scan.last.t_ns == static_cast<std::int64_t>(scan.last.seq) * 1'000'000);
    double v;
    std::memcpy(&v, wide.last.body.data() + 80, 8);
    BOOST_TEST(v == wide_value(wide.last.seq, 10));
    BOOST_TEST(gaps.last.body == "lost {\"count\":" + std::to_string(gaps.last.seq * 100 + 7) + "}");
    BOOST_TEST(scan.messages < scan.rows_seen / 2);  // batches
    BOOST_TEST(gaps.messages == gaps.rows_seen);     // at once
  }
}

BOOST_AUTO_TEST_CASE(a_subscriber_that_has_stopped_costs_a_healthy_one_nothing) {
  zmq::context_t context(1), stuck_context(1);
  LiveFeed live(0.5, 1);
  Client stuck(stuck_context, live.endpoint(), 1);  // never reads
  stuck.subscribe("");
  Reader healthy(context, live.endpoint(), "raw/u6/scan", 52);
  BOOST_REQUIRE(wait_for([&] { return healthy.rows_seen > 0; }));
  // More than its high-water mark of 1000 and the system's buffers hold for the one that has stopped.
  BOOST_TEST(wait_for([&] { return live.feed().messages().get() >= 6000; }, 60s));
  BOOST_TEST(healthy.rows_seen > 1000u);
  healthy.stop();
  BOOST_TEST(healthy.message_holes == 0u);
  BOOST_TEST(healthy.row_holes == 0u);
  // It really was stuck: what it finds now has holes.
  std::uint64_t got = 0, next = 0, holes = 0;
  while (holes == 0) {
    const auto m = stuck.receive();
    BOOST_REQUIRE(m);
    if (m->topic != "raw/u6/scan" || m->header["type"] != "data") continue;
    const auto seq = m->header["seq"].get<std::uint64_t>();
    holes += got++ > 0 && seq != next;
    next = seq + 1;
  }
  BOOST_TEST_MESSAGE("healthy: " << healthy.rows_seen << " rows in " << healthy.messages
                                 << " messages; the stopped one found a hole after " << got << " messages");
}

BOOST_AUTO_TEST_CASE(hostile_subscribers_change_nothing_and_are_counted) {
  zmq::context_t context(1), hostile(1);
  LiveFeed live;
  Reader healthy(context, live.endpoint(), "raw/u6/scan", 52);
  BOOST_REQUIRE(wait_for([&] { return healthy.rows_seen > 0; }));
  std::mt19937 random(5);
  const auto noise = [&](std::size_t n) {
    std::string s(n, 0);
    for (char& c : s) c = static_cast<char>(random());
    return s;
  };
  constexpr int kGarbage = 300;
  zmq::socket_t xsub(hostile, zmq::socket_type::xsub);
  xsub.set(zmq::sockopt::linger, 0);
  xsub.set(zmq::sockopt::sndhwm, 0);
  xsub.connect(live.endpoint());
  std::this_thread::sleep_for(100ms);
  for (int i = 0; i < kGarbage; ++i) {
    std::string garbage = noise(1 + random() % 200);
    if (garbage[0] == 0 || garbage[0] == 1) garbage[0] = 9;
    xsub.send(zmq::buffer(garbage));
  }
  for (int i = 0; i < 10; ++i)
    xsub.send(zmq::buffer("\x01" + noise(100)));  // longer than any name, short enough to come
  BOOST_TEST(wait_for([&] { return live.feed().bad_requests().get() >= kGarbage + 10; }));
  BOOST_TEST(live.feed().bad_requests().get() == kGarbage + 10u);

  zmq::socket_t oversize(hostile, zmq::socket_type::xsub);
  oversize.set(zmq::sockopt::linger, 0);
  oversize.connect(live.endpoint());
  // libzmq would keep that as a tree 10000 deep (and crash at a million, in whoever holds it): it must not come
  // through.
  const std::uint64_t before = live.feed().subscriptions().get();
  oversize.send(zmq::buffer("\x01" + noise(10000)));
  std::this_thread::sleep_for(200ms);
  BOOST_TEST(live.feed().subscriptions().get() == before);
  BOOST_TEST(live.feed().bad_requests().get() == kGarbage + 10u);
  BOOST_TEST(wait_for([&] { return live.feed().connections().silent.get() >= 1; }));
  oversize.close();
  // Thousands that no stream begins with: that connection ends, again each time it comes back.
  zmq::socket_t many(hostile, zmq::socket_type::sub);
  many.set(zmq::sockopt::linger, 0);
  many.set(zmq::sockopt::sndhwm, 0);
  many.connect(live.endpoint());
  std::this_thread::sleep_for(50ms);
  for (int i = 0; i < 10000; ++i)
    many.set(zmq::sockopt::subscribe, i % 10 == 0 ? std::string("raw") : "none" + std::to_string(i));
  const auto again = [&] {  // a SUB socket sends its subscriptions anew when its owner looks at it
    zmq::message_t any;
    (void)!many.recv(any, zmq::recv_flags::dontwait);
    return live.feed().connections().cut_off.get() >= 2;
  };
  BOOST_TEST(wait_for(again, 20s));
  BOOST_TEST_MESSAGE("10000 subscriptions: " << live.feed().subscriptions().get() - before << " counted, "
                                             << live.feed().connections().cut_off.get()
                                             << " times cut off, the healthy one got " << healthy.infos
                                             << " stream infos");
  many.close();

  for (int i = 0; i < 20; ++i) {  // not ZeroMQ at all
    const int s = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, live.path().c_str(), sizeof address.sun_path - 1);
    BOOST_REQUIRE(::connect(s, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const std::string raw = i % 2 ? "GET / HTTP/1.1\r\n\r\n" : noise(500);
    (void)!::send(s, raw.data(), raw.size(), MSG_NOSIGNAL);
    ::close(s);
  }
  const std::uint64_t rows = healthy.rows_seen;
  BOOST_TEST(wait_for([&] { return healthy.rows_seen > rows + 300; }, 30s));
  healthy.stop();
  BOOST_TEST(healthy.message_holes == 0u);
  BOOST_TEST(healthy.row_holes == 0u);
  BOOST_TEST(healthy.infos < 600u);  // a flood of subscriptions is answered once in a while
  // libzmq walks its tree of 10000 subscriptions for each connection that ends; instrumented code takes its time for
  // that.
  Client after(context, live.endpoint());
  after.subscribe("cop/");
  bool info = false;
  while (!info) {
    const auto m = after.receive(20s);
    BOOST_REQUIRE(m);
    info = m->header["type"] == "info";
  }
}

BOOST_AUTO_TEST_CASE(a_local_address_of_a_running_feed_is_not_taken_from_it) {
  const Folder folder;
  const Session session = make_session("");
  FeedSettings settings;
  settings.endpoint = "ipc://" + folder.path + "/feed";
  {
    Feed first(settings);
    first.open(session);
    BOOST_CHECK_EXCEPTION(Feed{settings}, std::runtime_error, [&](const std::runtime_error& e) {
      return e.what() == "another grfd publishes at " + settings.endpoint + "; stop it, or set feed.endpoint";
    });
    first.close();
  }
  const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);  // what a killed daemon leaves: a file, and nobody behind it
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder.path + "/left";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  BOOST_TEST(::bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(left);
  settings.endpoint = "ipc://" + path;
  Feed second(settings);
  second.open(session);
  second.close();
}

BOOST_AUTO_TEST_CASE(an_address_in_use_is_said_in_plain_words) {
  zmq::context_t context(1);
  zmq::socket_t taken(context, zmq::socket_type::pub);
  taken.bind("tcp://127.0.0.1:*");
  FeedSettings settings;
  settings.endpoint = taken.get(zmq::sockopt::last_endpoint);
  Feed feed(settings);
  const Session session = make_session("");
  BOOST_CHECK_EXCEPTION(feed.open(session), std::runtime_error, [&](const std::runtime_error& e) {
    return std::string(e.what()).find(settings.endpoint) != std::string::npos &&
           std::string(e.what()).find("feed.endpoint") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
