#include "watch.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <zmq.hpp>

#include "endpoint.hpp"
#include "feed_view.hpp"
#include "screen.hpp"
#include "terminal.hpp"

namespace {

using namespace std::chrono_literals;

/// Asks for the status once a second and never waits for the answer.
class StatusPoll {
 public:
  StatusPoll(zmq::context_t& context, std::string endpoint, const grfd::keys::ClientKeys& keys)
      : context_(context), endpoint_(std::move(endpoint)), keys_(keys) {
    open();
  }

  zmq::socket_t& socket() { return socket_; }
  const nlohmann::json& status() const { return status_; }
  double age_s(Steady::time_point now) const {
    return status_.is_null() ? std::numeric_limits<double>::infinity()
                             : std::chrono::duration<double>(now - answered_).count();
  }

  void turn(Steady::time_point now) {
    zmq::message_t message;
    while (socket_.recv(message, zmq::recv_flags::dontwait)) {
      const auto reply = nlohmann::json::parse(message.to_string_view(), nullptr, false);
      if (!reply.is_object() || !reply.value("ok", false) || reply.value("command", "") != "status") continue;
      status_ = reply["result"];
      answered_ = now;
      waiting_ = false;
    }
    if (waiting_ && now - asked_ > 3s) open();  // nobody there, or another daemon at this address since
    if (!waiting_ && now - asked_ > 1s) {
      waiting_ = socket_.send(zmq::str_buffer(R"({"v":1,"command":"status"})"), zmq::send_flags::dontwait).has_value();
      asked_ = now;
    }
  }

 private:
  void open() {
    socket_ = zmq::socket_t(context_, zmq::socket_type::dealer);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::reconnect_ivl, 100);
    grfd::keys::connect(socket_, endpoint_, keys_);
    waiting_ = false;
    asked_ = {};
  }

  zmq::context_t& context_;
  std::string endpoint_;
  const grfd::keys::ClientKeys& keys_;
  zmq::socket_t socket_;
  nlohmann::json status_;
  Steady::time_point asked_{}, answered_{};
  bool waiting_ = false;
};

constexpr double kNever = std::numeric_limits<double>::infinity();
const std::vector<std::string> kShown = {"cop/left",  "cop/right",  "cop/total",
                                         "asymmetry", "ankle/left", "ankle/right"};

/// Has everything come that will be shown? The feed does not tell which streams there are, the status does.
bool complete(const View& view) {
  const auto streams = view.status.find("streams");
  if (!view.feed_alone && streams == view.status.end()) return false;
  return std::all_of(kShown.begin(), kShown.end(), [&](const std::string& name) {
    return view.feed.has_row(name, view.now) || (!view.feed_alone && !streams->contains(name));
  });
}

}  // namespace

int watch(const WatchOptions& options) {
  zmq::context_t context(1);
  const bool alone = !options.feed.empty();
  const std::string& address = alone ? options.feed : options.control;
  std::optional<StatusPoll> poll;
  if (!alone) poll.emplace(context, options.control, options.keys);
  const nlohmann::json nothing = nlohmann::json::object();
  std::vector<std::string> streams = kShown;
  streams.insert(streams.end(), {"ticks", "session"});
  FeedView feed(context, streams);
  if (alone) feed.connect(options.feed, options.keys);
  Terminal terminal;
  const bool screen = terminal.is_screen() && !options.once;
  if (!screen && !alone && socket_file_missing(address)) {  // a screen waits for the daemon that is to come
    std::fprintf(stderr, "grfctl: %s\n", no_daemon_text(address).c_str());
    return 3;
  }
  const auto started = Steady::now();
  const auto every = screen ? 125ms : 500ms;
  Steady::time_point drawn = started - every;
  const auto since_start_s = [&] { return std::chrono::duration<double>(Steady::now() - started).count(); };
  bool headed = false;
  std::string told;  // about the recording

  while (!Terminal::asked_to_end() && !(options.seconds > 0 && since_start_s() >= options.seconds)) {
    if (screen) terminal.stop_if_asked();
    std::vector<zmq::pollitem_t> items;
    if (poll) items.push_back({poll->socket().handle(), 0, ZMQ_POLLIN, 0});
    if (feed.socket()) items.push_back({feed.socket().handle(), 0, ZMQ_POLLIN, 0});
    try {
      zmq::poll(items, 20ms);
    } catch (const zmq::error_t& e) {
      if (e.num() != EINTR) throw;
      continue;
    }
    auto now = Steady::now();
    if (poll) poll->turn(now);
    const std::string said = poll && poll->status().is_object() ? poll->status().value("feed", "") : "";
    if (!said.empty())
      feed.connect(grfd::keys::reachable(said, options.control), grfd::keys::feed_keys(said, options.keys));
    feed.drain();
    now = Steady::now();
    const View view{feed, poll ? poll->status() : nothing, address, poll ? poll->age_s(now) : kNever,
                    now,  !options.keys.server.empty(),    alone};
    if (screen && now - drawn >= every) {
      terminal.draw(compose(view, true, 24));
      drawn = now;
    }
    if (screen) continue;
    const Health state = health(view);
    const bool waited = since_start_s() >= options.timeout_s;
    const bool ready = waited || state == Health::feed_off || (std::isfinite(feed.time_s("ticks")) && complete(view));
    if (options.once && ready) {
      for (const auto& line : compose(view, false, 1000)) std::printf("%s\n", fit(line, 80).c_str());
      return state == Health::live ? 0 : 3;
    }
    if (!headed && state == Health::no_daemon && waited) {
      std::fprintf(stderr, "grfctl: no daemon answers at %s within %g s%s\n", address.c_str(), options.timeout_s,
                   options.keys.server.empty() ? "" : ", or it does not allow this key");
      return 3;
    }
    if (options.once || now - drawn < every || (!headed && !ready)) continue;
    if (!headed) std::printf("%s\n", plain_heading().c_str());
    headed = true;
    if (std::string trouble = recording_trouble(view.status); trouble != told) {
      if (!trouble.empty()) std::printf("%s\n", trouble.c_str());
      told = std::move(trouble);
    }
    std::printf("%s\n", plain_line(view).c_str());
    if (std::fflush(stdout) != 0) return 0;  // the reader has gone
    drawn = now;
  }
  return 0;
}
