// Floods: who has no key, and who has one, costs the others nothing.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>

#include "tests/daemon/keys_fixture.hpp"

BOOST_AUTO_TEST_SUITE(hostile_peers)

using namespace keys_test;

namespace {

double resident_mb() {
  std::ifstream in("/proc/self/statm");
  double all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

/// Descriptors of this process that are the server's end of a connection to this port.
std::size_t served_at(int port) {
  std::size_t n = 0;
  for (int fd = 0; fd < 20000; ++fd) {
    sockaddr_in here{}, there{};
    socklen_t a = sizeof here, b = sizeof there;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &a) == 0 && here.sin_family == AF_INET &&
        ntohs(here.sin_port) == port && ::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &b) == 0)
      ++n;
  }
  return n;
}

/// Connects without end and says nothing. Holds at most 400 descriptors itself.
class ConnectFlood {
 public:
  explicit ConnectFlood(int port)
      : thread_([this, port] {
          std::deque<int> all;
          while (!stop_) {
            const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_port = htons(static_cast<std::uint16_t>(port));
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            (void)!::connect(s, reinterpret_cast<sockaddr*>(&address), sizeof address);
            all.push_back(s);
            ++tries;
            if (all.size() >= 400) {
              std::this_thread::sleep_for(500us);
              ::close(all.front());
              all.pop_front();
            }
          }
          for (const int s : all) ::close(s);
        }) {}
  ~ConnectFlood() { stop(); }
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::atomic<std::uint64_t> tries{0};

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_flood_of_connections_leaves_descriptors_and_those_who_listen) {
  const Keys keys;
  const Pair coach;
  keys.allow("coach", coach, "feed");
  GuardedFeed live(keys, 50);
  BOOST_TEST(live.connections().most() == 50u);
  zmq::context_t context(1);
  Watcher watcher(context, live.endpoint(), keys.server.public_key, coach);
  BOOST_REQUIRE(wait_for([&] { return watcher.rows > 0; }));
  std::size_t most = 0;
  {
    ConnectFlood flood(live.port());
    BOOST_TEST(wait_for([&] { return live.connections().floods.get() >= 1; }, 20s));
    const auto end = Steady::now() + 3s;
    while (Steady::now() < end) {
      std::this_thread::sleep_for(100ms);
      most = std::max(most, served_at(live.port()));
    }
    BOOST_TEST_MESSAGE(flood.tries << " connections tried, at most " << most << " there at a time, "
                                   << live.connections().floods.get() << " times shut, "
                                   << live.connections().cut_off.get() << " ended by the daemon");
  }
  // Those that come between two looks, and what the system had taken in.
  BOOST_TEST(most < 250u);
  const std::uint64_t rows = watcher.rows;
  BOOST_TEST(wait_for([&] { return watcher.rows > rows + 300; }));
  watcher.stop();
  BOOST_TEST(watcher.holes == 0u);
  BOOST_TEST_MESSAGE(watcher.rows << " rows came meanwhile, " << watcher.holes << " holes, longest pause "
                                  << watcher.worst_pause_ms << " ms");
  auto late = connected(context, zmq::socket_type::sub, live.endpoint(), keys.server.public_key, coach);
  BOOST_TEST(hears(late, 15s));                       // the door is open again
  BOOST_TEST(live.connections().refused.get() > 0u);  // how many depends on how fast the machine lets them come
}

BOOST_AUTO_TEST_CASE(one_address_cannot_keep_the_others_out) {
  const Keys keys;
  const Pair coach, guest;
  keys.allow("coach", coach, "feed");
  keys.allow("guest", guest, "feed");
  GuardedFeed live(keys, 80);
  zmq::context_t many(1), context(1);
  std::deque<zmq::socket_t> guests;  // all of them with a key, and for good; a listener that never reads
  const std::string here = "127.0.0.1:" + std::to_string(live.port());
  for (int i = 0; i < 70; ++i) {
    guests.push_back(
        connected(many, zmq::socket_type::xsub, "tcp://127.0.0.2:0;" + here, keys.server.public_key, guest));
    guests.back().send(zmq::str_buffer("\x01nothing of this name"), zmq::send_flags::dontwait);
  }
  BOOST_TEST(wait_for([&] { return live.connections().cut_off.get() >= 10; }, 20s));
  for (int i = 0; i < 3; ++i) {
    auto late = connected(context, zmq::socket_type::sub, "tcp://127.0.0.3:0;" + here, keys.server.public_key, coach);
    BOOST_TEST(hears(late, 15s));
  }
  BOOST_TEST_MESSAGE(live.connections().cut_off.get() << " connections of the greedy address ended, "
                                                      << live.connections().floods.get() << " times shut");
}

/// Subscribes in a process of its own, whose memory is its own business, to what no stream begins with.
class Subscriber {
 public:
  Subscriber(const std::string& server, const Pair& own) {
    BOOST_REQUIRE(::pipe(pipe_) == 0);
    pid_ = ::fork();  // no other thread runs yet
    BOOST_REQUIRE(pid_ >= 0);
    if (pid_ > 0) return;
    int port = 0;
    if (::read(pipe_[0], &port, sizeof port) != sizeof port) ::_exit(0);
    zmq::context_t context(1);
    auto xsub = connected(context, zmq::socket_type::xsub, "tcp://127.0.0.1:" + std::to_string(port), server, own);
    for (int i = 0; i < 80000; ++i)
      xsub.send(zmq::buffer("\x01" + std::to_string(i) + std::string(300, 'x')), zmq::send_flags::none);
    ::pause();
    ::_exit(0);
  }
  ~Subscriber() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    for (const int fd : pipe_) ::close(fd);
  }
  void start(int port) { BOOST_REQUIRE(::write(pipe_[1], &port, sizeof port) == sizeof port); }

 private:
  int pipe_[2];
  pid_t pid_;
};

BOOST_AUTO_TEST_CASE(endless_subscriptions_end_the_connection_of_the_one_who_sends_them) {
  const Keys keys;
  const Pair coach, guest;
  keys.allow("coach", coach, "feed");
  keys.allow("guest", guest, "feed");
  std::optional<Subscriber> hostile(std::in_place, keys.server.public_key, guest);
  GuardedFeed live(keys);
  zmq::context_t context(1);
  Watcher watcher(context, live.endpoint(), keys.server.public_key, coach);
  BOOST_REQUIRE(wait_for([&] { return watcher.rows > 300; }));
  const double before_mb = resident_mb();
  const auto bad = live.feed().bad_requests().get();
  hostile->start(live.port());
  double most_mb = 0;
  for (const auto end = Steady::now() + 6s; Steady::now() < end; std::this_thread::sleep_for(10ms))
    most_mb = std::max(most_mb, resident_mb());
  BOOST_TEST(live.connections().cut_off.get() >= 1u);
  hostile.reset();
  std::this_thread::sleep_for(300ms);
  const auto after = live.feed().bad_requests().get();
  const std::uint64_t rows = watcher.rows;
  BOOST_TEST(wait_for([&] { return watcher.rows > rows + 300; }));
  BOOST_TEST(live.feed().bad_requests().get() == after);  // his leaving is no request
  watcher.stop();
  BOOST_TEST(watcher.holes == 0u);
  BOOST_TEST(after - bad >= 500u);
  if (!kSanitized) BOOST_TEST(most_mb - before_mb < 100);
  BOOST_TEST_MESSAGE(after - bad << " endless subscriptions counted, " << live.connections().cut_off.get()
                                 << " times cut off; memory " << before_mb << " to " << most_mb
                                 << " MB; another's rows: " << watcher.rows << ", " << watcher.holes
                                 << " holes, longest pause " << watcher.worst_pause_ms << " ms");
}

BOOST_AUTO_TEST_SUITE_END()
