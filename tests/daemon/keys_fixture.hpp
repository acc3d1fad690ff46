// Folders of keys, and a feed and commands that ask for them.
#pragma once
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <fstream>
#include <random>
#include <thread>

#include "daemon/control.hpp"
#include "daemon/sink_thread.hpp"
#include "daemon/sinks/feed.hpp"
#include "tests/daemon/feed_client.hpp"
#include "tests/daemon/recording_fixture.hpp"
#include "tests/daemon/wait_for.hpp"

namespace keys_test {

using namespace grfd;
using namespace recording_test;
using namespace feed_test;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;
using Json = Control::Json;

/// A sanitizer keeps memory that was freed, and looks at objects through a pipe.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

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

inline zmq::socket_t connected(zmq::context_t& context, zmq::socket_type type, const std::string& endpoint,
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

inline bool hears(zmq::socket_t& socket, std::chrono::milliseconds most) {
  socket.set(zmq::sockopt::rcvtimeo, static_cast<int>(most.count()));
  zmq::message_t m;
  return socket.recv(m).has_value();
}

inline int free_port() {
  zmq::context_t context(1);
  zmq::socket_t socket(context, zmq::socket_type::pub);
  socket.bind("tcp://127.0.0.1:*");
  const std::string endpoint = socket.get(zmq::sockopt::last_endpoint);
  return std::stoi(endpoint.substr(endpoint.rfind(':') + 1));
}

/// What is not ZeroMQ, or only begins like it. @return the descriptor
inline int raw(int port, const std::string& bytes) {
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
  explicit GuardedFeed(const Keys& keys, std::size_t most = 0) : session_(make_session("")), port_(free_port()) {
    FeedSettings settings;
    settings.endpoint = endpoint();
    settings.batch_ms = 5;
    auto feed = std::make_unique<Feed>(settings, keys.folder.path, most);
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
  const Connections& connections() const { return feed_->connections(); }

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
      auto last = Steady::now();
      while (!stop_) {
        zmq::message_t topic, header, bytes;
        if (!socket_.recv(topic) || !socket_.recv(header) || !socket_.recv(bytes) || bytes.size() == 0) continue;
        const auto now = Steady::now();
        const double pause_ms = std::chrono::duration<double, std::milli>(now - std::exchange(last, now)).count();
        if (rows > 0 && pause_ms > worst_pause_ms) worst_pause_ms = pause_ms;
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
  std::atomic<double> worst_pause_ms{0};  ///< between two messages, which should come every 5 ms

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
  const Connections& connections() const { return control_->connections(); }

 private:
  boost::asio::io_context io_;
  int port_;
  std::atomic<int> done_{0};
  std::unique_ptr<Control> control_;
  std::thread thread_;
};

inline Json ask(zmq::socket_t& socket, const std::string& command, int ms = 3000) {
  socket.set(zmq::sockopt::rcvtimeo, ms);
  socket.send(zmq::buffer("{\"v\":1,\"command\":\"" + command + "\"}"), zmq::send_flags::dontwait);
  zmq::message_t m;
  return socket.recv(m) ? Json::parse(m.to_string_view()) : Json(nullptr);
}

/// No descriptor is left in this process while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = 256;
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    for (int fd; (fd = ::dup(STDERR_FILENO)) >= 0;) held_.push_back(fd);
  }
  ~NoDescriptors() {
    for (const int fd : held_) ::close(fd);
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  std::vector<int> held_;
  rlimit before_{};
};

inline std::string noise(std::size_t n) {
  static std::mt19937 random(3);
  std::string s(n, 0);
  for (char& c : s) c = static_cast<char>(random());
  return s;
}

/// The first 64 bytes of a ZMTP 3.1 connection that speaks CURVE, RFC 37.
inline std::string greeting() { return std::string("\xff\0\0\0\0\0\0\0\1\x7f\3\1CURVE", 17) + std::string(47, '\0'); }

}  // namespace keys_test
