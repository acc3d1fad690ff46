// The control contract on a real socket: every bad request gets one clear error, and nothing stops the daemon
// answering.
#include "daemon/control.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>
#include <random>
#include <thread>

#include "tests/daemon/recording_fixture.hpp"

BOOST_AUTO_TEST_SUITE(control)

using namespace grfd;
using namespace std::chrono_literals;
using Json = Control::Json;

namespace {

/// A Control on its own main loop, with three commands.
class Served {
 public:
  Served() {
    control_ = std::make_unique<Control>(io_, endpoint(), [this](const Json& request) { return handle(request); });
    thread_ = std::thread([this] {
      const auto work = boost::asio::make_work_guard(io_);
      io_.run();
    });
  }
  ~Served() {
    io_.stop();
    thread_.join();
  }
  std::string endpoint() const { return "ipc://" + folder_.path + "/sub/control"; }
  std::string path() const { return folder_.path + "/sub/control"; }
  void finish(std::uint64_t id, const Json& result) {
    boost::asio::post(io_, [this, id, result] { control_->finish(id, result); });
  }
  std::thread::native_handle_type thread() { return thread_.native_handle(); }
  const Control& control() const { return *control_; }

 private:
  Control::Answer handle(const Json& request) {
    const std::string command = request["command"];
    if (command == "ping") return {{{"n", request.value("n", 0)}}};
    if (command == "later") return {nullptr, next_++};
    if (command == "tare") {
      if (!request.contains("plate") || !request["plate"].is_string()) throw Refusal("\"plate\" must be a string");
      return {Json(request["plate"])};
    }
    throw Refusal("unknown command '" + command + "'; there are ping, later, tare");
  }
  recording_test::Folder folder_;
  boost::asio::io_context io_;
  std::uint64_t next_ = 1;
  std::unique_ptr<Control> control_;
  std::thread thread_;
};

class Caller {
 public:
  explicit Caller(const std::string& endpoint, int unread = 0) : socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::sndhwm, 0);
    socket_.set(zmq::sockopt::rcvhwm, unread);
    socket_.connect(endpoint);
  }
  void send(const std::string& text) { socket_.send(zmq::buffer(text)); }
  void send_frames(const std::vector<std::string>& frames) {
    for (std::size_t i = 0; i < frames.size(); ++i)
      socket_.send(zmq::buffer(frames[i]), i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
  /// @return null when nothing came
  Json receive(int ms = 3000) {
    socket_.set(zmq::sockopt::rcvtimeo, ms);
    zmq::message_t m;
    if (!socket_.recv(m)) return nullptr;
    return Json::parse(m.to_string_view());
  }
  Json ask(const std::string& text) {
    send(text);
    return receive();
  }
  bool alive() {
    static int n = 0;
    const Json r = ask("{\"v\":1,\"command\":\"ping\",\"n\":" + std::to_string(++n) + "}");
    return r.is_object() && r["ok"] == true && r["result"]["n"] == n;
  }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(answers_and_keeps_its_socket_private) {
  Served served;
  Caller caller(served.endpoint());
  BOOST_TEST(caller.ask("{\"v\":1,\"command\":\"ping\",\"n\":7}").dump() ==
             "{\"v\":1,\"ok\":true,\"command\":\"ping\",\"result\":{\"n\":7}}");
  struct stat s {};
  BOOST_REQUIRE(::stat(served.path().c_str(), &s) == 0);
  BOOST_TEST((s.st_mode & 0777) == 0660);
}

BOOST_AUTO_TEST_CASE(each_bad_request_gets_one_clear_error) {
  Served served;
  Caller caller(served.endpoint());
  const std::pair<std::string, std::string> cases[] = {
      {"", "JSON object"},
      {"hello", "JSON object"},
      {"{\"v\":1,\"command\":\"ping\"", "JSON object"},
      {"{\"v\":1,\"command\":\"ping\"} x", "JSON object"},
      {"[1,2,3]", "JSON object"},
      {"null", "JSON object"},
      {"\"ping\"", "JSON object"},
      {"{}", "\"v\" must be 1"},
      {"{\"command\":\"ping\"}", "\"v\" must be 1"},
      {"{\"v\":2,\"command\":\"ping\"}", "\"v\" must be 1"},
      {"{\"v\":\"1\",\"command\":\"ping\"}", "\"v\" must be 1"},
      {"{\"v\":true,\"command\":\"ping\"}", "\"v\" must be 1"},
      {"{\"v\":1}", "\"command\" is missing"},
      {"{\"v\":1,\"command\":7}", "\"command\" is missing or not a string"},
      {"{\"v\":1,\"command\":[\"ping\"]}", "\"command\" is missing or not a string"},
      {"{\"v\":1,\"command\":\"fly\"}", "unknown command 'fly'; there are ping"},
      {"{\"v\":1,\"command\":\"tare\",\"plate\":3}", "\"plate\" must be a string"},
      {"{\"v\":1,\"command\":\"ping\",\"n\":\"x\"}", ""},  // an exception of the JSON library is an answer, too
      {"{\"v\":1,\"command\":\"" + std::string(60000, 'a') + "\"}", "unknown command"},
      {std::string(60000, '['), "JSON object"},
      {std::string(20000, '[') + std::string(20000, ']'), "JSON object"},
      {"{\"v\":1,\"command\":\"\xff\xfe\"}", "JSON object"},
      {std::string("{\"v\":1,\"command\":\"a\0b\"}", 23), "JSON object"},
      {"{\"v\":1,\"command\":\"a\\u0000b\"}", "unknown command"},
  };
  for (const auto& [request, expected] : cases) {
    const Json reply = caller.ask(request);
    BOOST_REQUIRE_MESSAGE(reply.is_object(), "no answer to " << request.substr(0, 60));
    BOOST_TEST(reply["v"] == 1);
    BOOST_TEST(reply["ok"] == false);
    const std::string error = reply["error"];
    BOOST_TEST(!error.empty());
    BOOST_TEST(error.find(expected) != std::string::npos, request.substr(0, 60) << " -> " << error.substr(0, 100));
    BOOST_TEST(!reply.contains("result"));
    BOOST_TEST(caller.alive());
  }
  BOOST_TEST(caller.receive(50).is_null());  // one answer each
}

BOOST_AUTO_TEST_CASE(many_frames_are_refused_as_one) {
  Served served;
  Caller caller(served.endpoint());
  for (const std::size_t frames : {2, 3, 100}) {
    caller.send_frames(std::vector<std::string>(frames, "{\"v\":1,\"command\":\"ping\"}"));
    const Json reply = caller.receive();
    BOOST_REQUIRE(reply.is_object());
    BOOST_TEST(reply["ok"] == false);
    BOOST_TEST(reply["error"].get<std::string>().find("one frame of JSON, not " + std::to_string(frames)) !=
               std::string::npos);
    BOOST_TEST(caller.receive(20).is_null());
    BOOST_TEST(caller.alive());
  }
}

BOOST_AUTO_TEST_CASE(too_large_a_request_costs_its_sender_the_connection_and_nobody_else) {
  Served served;
  Caller neighbour(served.endpoint()), large(served.endpoint());
  BOOST_TEST(neighbour.alive());
  large.send("{\"v\":1,\"command\":\"" + std::string(1 << 20, 'a') + "\"}");
  BOOST_TEST(large.receive(200).is_null());
  BOOST_TEST(neighbour.alive());
  Caller again(served.endpoint());
  BOOST_TEST(again.alive());
}

BOOST_AUTO_TEST_CASE(a_long_request_is_refused_in_words) {
  Served served;
  Caller caller(served.endpoint());
  const auto ping = [](std::size_t bytes) {
    const std::string head = "{\"v\":1,\"command\":\"ping\",\"more\":\"", tail = "\"}";
    return head + std::string(bytes - head.size() - tail.size(), 'a') + tail;
  };
  BOOST_TEST(caller.ask(ping(65536))["ok"] == true);
  const Json refused = caller.ask(ping(65537));
  BOOST_TEST(refused["ok"] == false);
  BOOST_TEST(refused["error"] == "a request is at most 65536 bytes long, not 65537");
  BOOST_TEST(served.control().bad_requests().get() == 1u);
  BOOST_TEST(caller.alive());
}

BOOST_AUTO_TEST_CASE(two_thousand_random_messages) {
  Served served;
  Caller caller(served.endpoint());
  std::mt19937 random(11);
  const std::string seeds[] = {"{\"v\":1,\"command\":\"ping\"}", "{\"v\":1,\"command\":\"tare\",\"plate\":\"left\"}",
                               "{\"v\":1,\"command\":\"ping\",\"n\":[{\"a\":1e999}]}"};
  int refused = 0, done = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    if (i % 2) {
      text = seeds[random() % 3];  // a good one, damaged
      for (unsigned k = 0; k <= random() % 4; ++k) {
        const std::size_t at = random() % text.size();
        switch (random() % 3) {
          case 0:
            text[at] = static_cast<char>(random());
            break;
          case 1:
            text.erase(at, 1);
            break;
          default:
            text.insert(at, 1, static_cast<char>(random()));
        }
      }
    } else {
      text.resize(random() % 300);
      for (char& c : text) c = static_cast<char>(random());
    }
    const Json reply = caller.ask(text);
    BOOST_REQUIRE(reply.is_object());
    BOOST_REQUIRE(reply["ok"].is_boolean());
    const bool clear =
        reply["ok"] == true || (reply["error"].is_string() && !reply["error"].get<std::string>().empty());
    BOOST_REQUIRE(clear);
    ++(reply["ok"] == true ? done : refused);
  }
  BOOST_TEST_MESSAGE("2000 random messages: " << refused << " refused, " << done << " done");
  BOOST_TEST(refused + done == 2000);
  BOOST_TEST(caller.alive());
}

BOOST_AUTO_TEST_CASE(a_long_command_is_answered_in_two_steps_to_whoever_asked) {
  Served served;
  Caller one(served.endpoint()), two(served.endpoint());
  const Json first = one.ask("{\"v\":1,\"command\":\"later\"}"), second = two.ask("{\"v\":1,\"command\":\"later\"}");
  BOOST_TEST(first["ok"] == true);
  BOOST_TEST(!first.contains("result"));
  BOOST_REQUIRE(first["accepted"] == 1);
  BOOST_REQUIRE(second["accepted"] == 2);
  BOOST_TEST(one.alive());  // it can ask other things meanwhile
  served.finish(99, {{"event", "nobody's"}});
  served.finish(2, {{"event", "done"}, {"detail", {{"id", 2}}}});
  served.finish(1, {{"event", "failed"}, {"detail", {{"id", 1}}}});
  BOOST_TEST(two.receive().dump() == "{\"v\":1,\"id\":2,\"result\":{\"event\":\"done\",\"detail\":{\"id\":2}}}");
  BOOST_TEST(one.receive()["result"]["event"] == "failed");
  served.finish(1, {{"event", "again"}});
  BOOST_TEST(one.receive(50).is_null());
  BOOST_TEST(two.receive(50).is_null());
}

BOOST_AUTO_TEST_CASE(clients_that_went_away_do_no_harm) {
  Served served;
  Caller stays(served.endpoint());
  {
    Caller leaves(served.endpoint());
    BOOST_TEST(leaves.ask("{\"v\":1,\"command\":\"later\"}")["accepted"] == 1);
    for (int i = 0; i < 100; ++i) leaves.send("{\"v\":1,\"command\":\"ping\"}");
  }
  served.finish(1, {{"event", "done"}});
  BOOST_TEST(stays.alive());
  int accepted = 0;  // more than are remembered
  while (accepted < 1200 && stays.ask("{\"v\":1,\"command\":\"later\"}").is_object()) ++accepted;
  BOOST_TEST(accepted == 1200);
  served.finish(1201, {{"event", "newest"}});
  BOOST_TEST(stays.receive()["result"]["event"] == "newest");
}

BOOST_AUTO_TEST_CASE(an_answer_that_finds_no_room_is_counted) {
  Served served;
  Caller greedy(served.endpoint(), 1), other(served.endpoint());
  const int asked = 20000;  // its queue holds one answer, the socket's buffer and the daemon's queue the rest
  for (int i = 0; i < asked; ++i) greedy.send("{\"v\":1,\"command\":\"ping\",\"n\":" + std::to_string(i) + "}");
  BOOST_TEST(other.alive());
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (served.control().replies_dropped().get() == 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(5ms);
  std::uint64_t answers = 0;
  while (answers < asked && greedy.receive(500).is_object()) ++answers;
  BOOST_TEST_MESSAGE(asked << " asked in one go: " << answers << " answers, "
                           << served.control().replies_dropped().get() << " dropped");
  BOOST_TEST(answers >= 1000);
  BOOST_TEST(answers < asked);
  BOOST_TEST(answers + served.control().replies_dropped().get() == asked);
}

BOOST_AUTO_TEST_CASE(two_hundred_requests_at_once_are_all_answered) {
  // The socket's descriptor is edge triggered: whoever reads one message for each wake-up stands still after a few.
  Served served;
  for (int turn = 0; turn < 5; ++turn) {
    Caller caller(served.endpoint()), other(served.endpoint());
    std::uint64_t accepted = 0;
    for (int i = 0; i < 200; ++i) {
      caller.send("{\"v\":1,\"command\":\"ping\",\"n\":" + std::to_string(i) + "}");
      if (i % 20 == 0) other.send("{\"v\":1,\"command\":\"later\"}");
    }
    for (int i = 0; i < 200; ++i) {
      const Json reply = caller.receive();
      BOOST_REQUIRE_MESSAGE(reply.is_object(), "answer " << i << " did not come");
      BOOST_REQUIRE(reply["result"]["n"] == i);
    }
    for (int i = 0; i < 10; ++i) {
      const Json reply = other.receive();
      BOOST_REQUIRE(reply.is_object());
      accepted = reply["accepted"].get<std::uint64_t>();
      served.finish(accepted, {{"event", "done"}});  // sending must not swallow the edge of a request
      caller.send("{\"v\":1,\"command\":\"ping\",\"n\":1}");
    }
    for (int i = 0; i < 10; ++i) BOOST_REQUIRE(caller.receive().is_object());
    for (int i = 0; i < 10; ++i) BOOST_REQUIRE(other.receive()["result"]["event"] == "done");
  }
}

BOOST_AUTO_TEST_CASE(signals_do_not_end_a_call) {
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) {};  // without SA_RESTART: calls end with EINTR
  sigaction(SIGUSR1, &action, &before);
  {
    Served served;
    Caller caller(served.endpoint());
    std::atomic<bool> stop{false};
    std::thread shooter([&] {
      while (!stop) pthread_kill(served.thread(), SIGUSR1);
    });
    int answered = 0;
    for (int i = 0; i < 500; ++i) answered += caller.alive();
    stop = true;
    shooter.join();
    BOOST_TEST(answered == 500);
  }
  sigaction(SIGUSR1, &before, nullptr);
}

BOOST_AUTO_TEST_CASE(a_second_daemon_does_not_take_the_address_over) {
  Served served;
  boost::asio::io_context io;
  BOOST_CHECK_EXCEPTION(
      Control(io, served.endpoint(), [](const Json&) { return Control::Answer{}; }), std::runtime_error,
      [](const std::runtime_error& e) { return std::string(e.what()).find("another grfd answers at") == 0; });
  Caller caller(served.endpoint());
  BOOST_TEST(caller.alive());
}

BOOST_AUTO_TEST_CASE(an_address_of_a_daemon_that_was_killed_is_free) {
  recording_test::Folder folder;
  const std::string endpoint = "ipc://" + folder.path + "/control";
  boost::asio::io_context io;
  const auto answer = [](const Json&) { return Control::Answer{}; };
  {
    std::FILE* left_over = std::fopen((folder.path + "/control").c_str(), "w");
    BOOST_REQUIRE(left_over);
    std::fclose(left_over);
  }
  BOOST_CHECK_NO_THROW(Control(io, endpoint, answer));
  BOOST_CHECK_EXCEPTION(
      Control(io, "ipc:///proc/none/control", answer), std::runtime_error,
      [](const std::runtime_error& e) { return std::string(e.what()).find("control.endpoint") != std::string::npos; });
}

BOOST_AUTO_TEST_SUITE_END()
