// Keys: who is in the list comes in, everybody else sees nothing, is counted, and costs the others nothing.
#include "daemon/key_gate.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <random>
#include <thread>

#include "daemon/control.hpp"
#include "daemon/sink_thread.hpp"
#include "daemon/sinks/feed.hpp"
#include "tests/daemon/feed_client.hpp"
#include "tests/daemon/recording_fixture.hpp"

using namespace recording_test;
using namespace feed_test;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;
using Json = Control::Json;

namespace {

struct Pair {
  std::string public_key, secret_key;
  Pair() {
    char p[41], s[41];
    if (zmq_curve_keypair(p, s) != 0) throw std::runtime_error("no CURVE in this libzmq");
    public_key = p;
    secret_key = s;
  }
};

/// A folder of keys as grfctl makes it.
struct Keys {
  Folder folder;
  Pair server;
  Keys() {
    write("server.key",
          "curve\n    public-key = \"" + server.public_key + "\"\n    secret-key = \"" + server.secret_key + "\"\n",
          0600);
  }
  void write(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    const std::string file = folder.path + "/" + name;
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
  }
  void allow(const std::string& name, const Pair& pair, const std::string& rights) const {
    write(name + ".allowed", "# a client\nmetadata\n    name = \"" + name + "\"\n    rights = \"" + rights +
                                 "\"\ncurve\n    public-key = \"" + pair.public_key + "\"\n");
  }
};

zmq::socket_t connected(zmq::context_t& context, zmq::socket_type type, const std::string& endpoint,
                        const std::string& server, const Pair& own) {
  zmq::socket_t socket(context, type);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::reconnect_ivl, 20);
  if (!server.empty()) {
    socket.set(zmq::sockopt::curve_serverkey, server);
    socket.set(zmq::sockopt::curve_publickey, own.public_key);
    socket.set(zmq::sockopt::curve_secretkey, own.secret_key);
  }
  if (type == zmq::socket_type::sub) socket.set(zmq::sockopt::subscribe, "");
  socket.connect(endpoint);
  return socket;
}

bool hears(zmq::socket_t& socket, std::chrono::milliseconds most) {
  socket.set(zmq::sockopt::rcvtimeo, static_cast<int>(most.count()));
  zmq::message_t m;
  return socket.recv(m).has_value();
}

template <class Condition>
bool wait_for(Condition condition, std::chrono::milliseconds most = 10s) {
  const auto end = Steady::now() + most;
  while (!condition())
    if (Steady::now() > end)
      return false;
    else
      std::this_thread::sleep_for(1ms);
  return true;
}

int free_port() {
  zmq::context_t context(1);
  zmq::socket_t socket(context, zmq::socket_type::pub);
  socket.bind("tcp://127.0.0.1:*");
  const std::string endpoint = socket.get(zmq::sockopt::last_endpoint);
  return std::stoi(endpoint.substr(endpoint.rfind(':') + 1));
}

/// What is not ZeroMQ, or only begins like it. @return the descriptor
int raw(int port, const std::string& bytes) {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOST_REQUIRE(::connect(s, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  if (!bytes.empty()) (void)!::send(s, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return s;
}

/// A feed with keys on loopback, fed one tick each millisecond until it is destroyed.
class GuardedFeed {
 public:
  explicit GuardedFeed(const Keys& keys) : session_(make_session("")), port_(free_port()) {
    FeedSettings settings;
    settings.endpoint = endpoint();
    settings.batch_ms = 5;
    auto feed = std::make_unique<Feed>(settings, keys.folder.path);
    feed_ = feed.get();
    sink_ = std::make_unique<SinkThread>(std::move(feed), session_, 1 << 14, kGaps, [this](const std::string& why) {
      failed_ = true;
      BOOST_TEST_MESSAGE(why);
    });
    sink_->start();
    thread_ = std::thread([this] {
      auto next = Steady::now();
      for (std::uint64_t i = 0; !stop_; ++i) {
        std::vector<Sample> samples;
        push_tick(samples, i);
        sink_->take(samples);
        std::this_thread::sleep_until(next += 1ms);
      }
    });
  }
  ~GuardedFeed() {
    stop_ = true;
    thread_.join();
    BOOST_TEST(sink_->dropped().get() == 0);
    sink_.reset();
    BOOST_TEST(!failed_);
  }
  std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  const Feed& feed() const { return *feed_; }
  const KeyGate& gate() const { return *feed_->gate(); }

 private:
  Session session_;
  int port_;
  Feed* feed_;
  std::unique_ptr<SinkThread> sink_;
  std::atomic<bool> stop_{false}, failed_{false};
  std::thread thread_;
};

/// Rows of one stream, on a thread: how many, and how many were missing in between.
class Watcher {
 public:
  Watcher(zmq::context_t& context, const std::string& endpoint, const std::string& server, const Pair& own)
      : socket_(context, zmq::socket_type::sub) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvhwm, 0);
    socket_.set(zmq::sockopt::rcvtimeo, 50);
    socket_.set(zmq::sockopt::curve_serverkey, server);
    socket_.set(zmq::sockopt::curve_publickey, own.public_key);
    socket_.set(zmq::sockopt::curve_secretkey, own.secret_key);
    socket_.set(zmq::sockopt::subscribe, "raw/u6/scan");
    socket_.connect(endpoint);
    thread_ = std::thread([this] {
      std::uint64_t next = 0;
      while (!stop_) {
        zmq::message_t topic, header, bytes;
        if (!socket_.recv(topic) || !socket_.recv(header) || !socket_.recv(bytes) || bytes.size() == 0) continue;
        for (const WireRow& r : rows_of(bytes.to_string(), 52)) {
          if (rows++ > 0) holes += r.seq != next;
          next = r.seq + 1;
        }
      }
    });
  }
  ~Watcher() { stop(); }
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::atomic<std::uint64_t> rows{0}, holes{0};

 private:
  zmq::socket_t socket_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// Commands with keys on loopback.
class GuardedControl {
 public:
  explicit GuardedControl(const Keys& keys) : port_(free_port()) {
    control_ = std::make_unique<Control>(
        io_, endpoint(),
        [this](const Json& request) {
          ++done_;
          return Control::Answer{{{"did", request["command"]}}};
        },
        keys.folder.path);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~GuardedControl() {
    io_.stop();
    thread_.join();
  }
  std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  int done() const { return done_; }
  const Control& control() const { return *control_; }
  const KeyGate& gate() const { return *control_->gate(); }

 private:
  boost::asio::io_context io_;
  int port_;
  std::atomic<int> done_{0};
  std::unique_ptr<Control> control_;
  std::thread thread_;
};

Json ask(zmq::socket_t& socket, const std::string& command, int ms = 3000) {
  socket.set(zmq::sockopt::rcvtimeo, ms);
  socket.send(zmq::buffer("{\"v\":1,\"command\":\"" + command + "\"}"), zmq::send_flags::dontwait);
  zmq::message_t m;
  return socket.recv(m) ? Json::parse(m.to_string_view()) : Json(nullptr);
}

std::string noise(std::size_t n) {
  static std::mt19937 random(3);
  std::string s(n, 0);
  for (char& c : s) c = static_cast<char>(random());
  return s;
}

/// The first 64 bytes of a ZMTP 3.1 connection that speaks CURVE, RFC 37.
std::string greeting() { return std::string("\xff\0\0\0\0\0\0\0\1\x7f\3\1CURVE", 17) + std::string(47, '\0'); }

}  // namespace

BOOST_AUTO_TEST_SUITE(key_gate)

BOOST_AUTO_TEST_CASE(only_an_allowed_key_hears_the_feed) {
  const Keys keys;
  const Pair coach, stranger, operator_key;
  keys.allow("coach", coach, "feed");
  keys.allow("operator", operator_key, "control");
  GuardedFeed live(keys);
  zmq::context_t context(1);
  auto good = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, coach);
  BOOST_TEST(hears(good, 5s));
  BOOST_TEST(live.gate().keys_accepted.get() == 1u);
  BOOST_TEST(live.gate().keys_refused.get() == 0u);
  BOOST_TEST(live.gate().connections_refused.get() == 0u);
  {
    auto unknown = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, stranger);
    auto wrong_right = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, operator_key);
    BOOST_TEST(wait_for([&] { return live.gate().keys_refused.get() == 2; }));
    BOOST_TEST(!hears(unknown, 300ms));
    BOOST_TEST(!hears(wrong_right, 100ms));
    BOOST_TEST(live.gate().keys_refused.get() == 2u);
  }
  {
    auto plain = connected(context, zmq::socket_type::sub, live.endpoint(), "", coach);
    BOOST_TEST(
        wait_for([&] { return live.gate().connections_refused.get() >= 1; }));  // ZeroMQ may give up after one try
    BOOST_TEST(!hears(plain, 100ms));
  }
  const auto before = live.gate().connections_refused.get();
  {
    auto wrong_server = connected(context, zmq::socket_type::sub, live.endpoint(), stranger.public_key, coach);
    BOOST_TEST(wait_for([&] { return live.gate().connections_refused.get() >= before + 2; }));
    BOOST_TEST(!hears(wrong_server, 100ms));
  }
  BOOST_TEST(live.gate().keys_accepted.get() == 1u);
  BOOST_TEST(live.gate().keys_refused.get() == 2u);
  BOOST_TEST(hears(good, 1s));
}

BOOST_AUTO_TEST_CASE(every_hostile_connection_is_counted_and_a_subscriber_misses_nothing) {
  const Keys keys;
  const Pair coach, stranger;
  keys.allow("coach", coach, "feed");
  GuardedFeed live(keys);
  zmq::context_t context(1), hostile(1);
  Watcher watcher(context, live.endpoint(), keys.server.public_key, coach);
  BOOST_REQUIRE(wait_for([&] { return watcher.rows > 0; }));
  constexpr std::uint64_t kEach = 50;
  const auto refused = [&] { return live.gate().connections_refused.get(); };
  for (std::uint64_t i = 0; i < kEach; ++i) ::close(raw(live.port(), "GET / HTTP/1.1\r\n\r\n"));
  BOOST_TEST(wait_for([&] { return refused() == kEach; }), "HTTP: " << refused());
  for (std::uint64_t i = 0; i < kEach; ++i) ::close(raw(live.port(), noise(1 + i * 20)));
  BOOST_TEST(wait_for([&] { return refused() == 2 * kEach; }), "noise: " << refused());
  for (std::uint64_t i = 0; i < kEach; ++i)
    ::close(raw(live.port(), greeting() + std::string("\x04\xc8\x05HELLO", 8) + noise(194)));
  BOOST_TEST(wait_for([&] { return refused() == 3 * kEach; }), "forged HELLO: " << refused());
  for (std::uint64_t i = 0; i < kEach; ++i) ::close(raw(live.port(), greeting() + noise(300)));
  BOOST_TEST(wait_for([&] { return refused() == 4 * kEach; }), "noise after a greeting: " << refused());
  std::vector<int> silent;  // connect and say nothing: they are put out after two seconds
  const auto then = Steady::now();
  for (std::uint64_t i = 0; i < kEach; ++i) silent.push_back(raw(live.port(), i % 2 ? greeting() : ""));
  BOOST_TEST(wait_for([&] { return refused() == 5 * kEach; }), "silence: " << refused());
  const double silence_s = std::chrono::duration<double>(Steady::now() - then).count();
  std::size_t put_out = 0;
  for (const int s : silent) {
    char greeting_of_zmq[256];
    ssize_t n = 0;
    while ((n = ::recv(s, greeting_of_zmq, sizeof greeting_of_zmq, MSG_DONTWAIT)) > 0) continue;
    put_out += n == 0;
    ::close(s);
  }
  BOOST_TEST(put_out == kEach);
  std::vector<zmq::socket_t> flood;
  for (std::uint64_t i = 0; i < 2 * kEach; ++i)
    flood.push_back(connected(hostile, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, stranger));
  BOOST_TEST(wait_for([&] { return live.gate().keys_refused.get() == 2 * kEach; }),
             "unknown keys: " << live.gate().keys_refused.get());
  flood.clear();
  std::this_thread::sleep_for(3200ms);  // what is counted late would be counted by now
  BOOST_TEST(refused() == 5 * kEach);
  BOOST_TEST(live.gate().keys_accepted.get() == 1u);
  const std::uint64_t rows = watcher.rows;
  BOOST_TEST(wait_for([&] { return watcher.rows > rows + 300; }));
  watcher.stop();
  BOOST_TEST(watcher.holes == 0u);
  BOOST_TEST_MESSAGE(refused() << " connections and " << live.gate().keys_refused.get()
                               << " keys refused, silence after " << silence_s << " s; " << watcher.rows
                               << " rows came, " << watcher.holes << " holes");
}

BOOST_AUTO_TEST_CASE(a_guest_who_subscribes_to_nonsense_is_counted_or_cut_off) {
  const Keys keys;
  const Pair coach, guest;
  keys.allow("coach", coach, "feed");
  keys.allow("guest", guest, "feed");
  GuardedFeed live(keys);
  zmq::context_t context(1), hostile(1);
  Watcher watcher(context, live.endpoint(), keys.server.public_key, coach);
  BOOST_REQUIRE(wait_for([&] { return watcher.rows > 0; }));
  auto xsub = connected(hostile, zmq::socket_type::xsub, live.endpoint(), keys.server.public_key, guest);
  for (int i = 0; i < 300; ++i) xsub.send(zmq::buffer("\x07" + noise(150)));
  BOOST_TEST(wait_for([&] { return live.feed().bad_requests().get() == 300; }), live.feed().bad_requests().get());
  const auto before = live.feed().subscriptions().get();
  xsub.send(zmq::buffer("\x01" + noise(10000)));
  BOOST_TEST(wait_for([&] { return live.gate().keys_accepted.get() >= 3; }));  // cut off, and in again
  BOOST_TEST(live.feed().subscriptions().get() == before);
  xsub.close();
  auto many = connected(hostile, zmq::socket_type::xsub, live.endpoint(), keys.server.public_key, guest);
  for (int i = 0; i < 5000; ++i) many.send(zmq::buffer("\x01none" + std::to_string(i)));
  BOOST_TEST(wait_for([&] { return live.feed().subscriptions().get() >= before + 1000; }));
  const std::uint64_t rows = watcher.rows;
  BOOST_TEST(wait_for([&] { return watcher.rows > rows + 300; }));
  watcher.stop();
  BOOST_TEST(watcher.holes == 0u);
}

BOOST_AUTO_TEST_CASE(a_key_is_let_in_and_put_out_while_the_feed_runs) {
  const Keys keys;
  const Pair coach, late;
  keys.allow("coach", coach, "feed");
  GuardedFeed live(keys);
  zmq::context_t context(1);
  {
    auto early = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, late);
    BOOST_TEST(wait_for([&] { return live.gate().keys_refused.get() == 1; }));
    BOOST_TEST(!hears(early, 100ms));
  }
  keys.allow("late", late, "feed");
  std::this_thread::sleep_for(600ms);  // the list is at most half a second old
  auto in = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, late);
  BOOST_TEST(hears(in, 5s));
  std::filesystem::remove(keys.folder.path + "/late.allowed");
  std::this_thread::sleep_for(600ms);
  auto again = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, late);
  BOOST_TEST(wait_for([&] { return live.gate().keys_refused.get() == 2; }));
  BOOST_TEST(!hears(again, 100ms));
}

BOOST_AUTO_TEST_CASE(who_may_look_may_not_command) {
  const Keys keys;
  const Pair coach, operator_key, stranger;
  keys.allow("coach", coach, "feed");
  keys.allow("operator", operator_key, "control");
  GuardedControl served(keys);
  zmq::context_t context(1);
  const auto dealer = [&](const std::string& server, const Pair& own) {
    return connected(context, zmq::socket_type::dealer, served.endpoint(), server, own);
  };
  auto commands = dealer(keys.server.public_key, operator_key), looks = dealer(keys.server.public_key, coach);
  BOOST_TEST(ask(commands, "record_start")["result"]["did"] == "record_start");
  for (const char* look : {"ping", "status", "devices", "delays"}) BOOST_TEST(ask(looks, look)["ok"] == true);
  const int done = served.done();
  int refused = 0;
  for (const char* command :
       {"tare", "tap", "delays_use", "pose", "record_start", "record_stop", "mark", "blink", "unknown"}) {
    const Json reply = ask(looks, command);
    BOOST_REQUIRE(reply.is_object());
    BOOST_TEST(reply["ok"] == false);
    BOOST_TEST(reply["error"].get<std::string>().find("the key of coach may look, not command") == 0u);
    BOOST_TEST(served.control().commands_refused().get() == static_cast<std::uint64_t>(++refused));
  }
  BOOST_TEST(served.done() == done);
  BOOST_TEST(served.gate().keys_accepted.get() == 2u);

  auto unknown = dealer(keys.server.public_key, stranger), plain = dealer("", stranger),
       wrong_server = dealer(stranger.public_key, coach);
  for (zmq::socket_t* s : {&unknown, &plain, &wrong_server}) BOOST_TEST(ask(*s, "ping", 300).is_null());
  BOOST_TEST(
      wait_for([&] { return served.gate().keys_refused.get() == 1 && served.gate().connections_refused.get() >= 2; }));
  for (int i = 0; i < 50; ++i) ::close(raw(served.port(), i % 2 ? noise(500) : greeting() + noise(200)));
  BOOST_TEST(served.done() == done);
  BOOST_TEST(ask(commands, "mark")["ok"] == true);

  // The right to command ends at once, also on a connection that is open.
  std::filesystem::remove(keys.folder.path + "/operator.allowed");
  std::this_thread::sleep_for(600ms);
  const Json reply = ask(commands, "record_stop");
  BOOST_TEST(reply["ok"] == false);
  BOOST_TEST(served.done() == done + 1);
}

BOOST_AUTO_TEST_CASE(bad_key_files_are_named_and_let_nobody_in) {
  const Keys keys;
  const Pair coach, other;
  const std::string& folder = keys.folder.path;
  const auto server_error = [&] {
    try {
      read_server_key(folder);
    } catch (const std::runtime_error& e) { return std::string(e.what()); }
    return std::string("none");
  };
  BOOST_TEST(server_error() == "none");
  ::chmod((folder + "/server.key").c_str(), 0640);
  BOOST_TEST(server_error().find("can be read by others; chmod 600") != std::string::npos);
  keys.write("server.key",
             "curve\n public-key = \"" + other.public_key + "\"\n secret-key = \"" + keys.server.secret_key + "\"\n",
             0600);
  BOOST_TEST(server_error().find("does not belong to its secret-key") != std::string::npos);
  keys.write("server.key", "curve\n public-key = \"" + keys.server.public_key + "\"\n", 0600);
  BOOST_TEST(server_error().find("has no secret-key = ") != std::string::npos);
  std::filesystem::remove(folder + "/server.key");
  BOOST_TEST(server_error() ==
             folder + "/server.key is not there; make it with: grfctl key create server --keys " + folder);

  keys.allow("good", coach, "feed control");
  keys.write("none.allowed", "");
  keys.write("short.allowed", "rights = \"feed\"\npublic-key = \"abc\"\n");
  keys.write("alphabet.allowed", "rights = \"feed\"\npublic-key = \"" + std::string(40, '~') + "\"\n");
  keys.write("rights.allowed", "rights = \"everything\"\npublic-key = \"" + other.public_key + "\"\n");
  keys.write("long.allowed", std::string(100000, '#'));
  keys.write("noise.allowed", noise(1000));
  keys.write("note.txt", "not a key");
  std::vector<std::string> wrong;
  const AllowedKeys found = read_allowed_keys(folder, wrong);
  BOOST_TEST(found.size() == 1u);
  BOOST_REQUIRE(found.contains(coach.public_key));
  BOOST_TEST(found.find(coach.public_key)->second.name == "good");
  BOOST_TEST((found.find(coach.public_key)->second.feed && found.find(coach.public_key)->second.control));
  BOOST_TEST(wrong.size() == 6u);
  keys.allow("twice", coach, "feed");
  std::vector<std::string> again;
  const AllowedKeys both = read_allowed_keys(folder, again);
  BOOST_TEST(!both.find(coach.public_key)->second.control);  // what both files allow
  BOOST_TEST(again.size() == 7u);
  FeedSettings settings;
  settings.endpoint = "tcp://127.0.0.1:*";
  Feed feed(settings, folder);
  const Session session = make_session("");
  BOOST_CHECK_EXCEPTION(feed.open(session), std::runtime_error, [](const std::runtime_error& e) {
    return std::string(e.what()).find("server.key") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(which_addresses_demand_keys) {
  for (const char* plain : {"tcp://127.0.0.1:1", "tcp://127.9.0.1:1", "tcp://[::1]:1", "ipc:///x"})
    BOOST_TEST(!demands_keys(Right::feed, plain));
  for (const char* open : {"tcp://0.0.0.0:1", "tcp://*:1", "tcp://192.168.1.5:1", "tcp://[::]:1", "tcp://[fe80::1]:1",
                           "tcp://localhost:1", "tcp://127.0.0.1.example:1"})
    BOOST_TEST(demands_keys(Right::feed, open));
  BOOST_TEST(!demands_keys(Right::control, "ipc:///x"));
  BOOST_TEST(demands_keys(Right::control, "tcp://127.0.0.1:1"));
}

BOOST_AUTO_TEST_SUITE_END()
