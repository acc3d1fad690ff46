#include "clients/monitor/control_client.hpp"

namespace grfd::monitor {
namespace {
constexpr auto kAnswer = std::chrono::seconds(3);    // a daemon that lives answers in milliseconds
constexpr auto kResult = std::chrono::seconds(600);  // the end of a long recording takes its time
ControlClient::Json failure(const std::string& why) { return {{"ok", false}, {"error", why}}; }
}  // namespace

ControlClient::ControlClient(zmq::context_t& context, std::string endpoint, keys::ClientKeys keys)
    : context_(context), endpoint_(std::move(endpoint)), keys_(std::move(keys)) {
  connect();
}

void ControlClient::connect() {
  socket_ = zmq::socket_t(context_, zmq::socket_type::dealer);
  socket_.set(zmq::sockopt::linger, 0);
  socket_.set(zmq::sockopt::immediate, true);  // nothing waits for a daemon that is not there
  socket_.set(zmq::sockopt::reconnect_ivl, 200);
  socket_.set(zmq::sockopt::sndhwm, 100);
  keys::connect(socket_, endpoint_, keys_);
}

void ControlClient::ask(Json request, Clock::time_point now, Done done) {
  request["v"] = 1;
  if (waiting() > 200) return done(failure("too many commands are waiting for the daemon"));
  if (!socket_.send(zmq::buffer(request.dump(-1, ' ', false, Json::error_handler_t::replace)),
                    zmq::send_flags::dontwait))
    return done(failure("no daemon answers at " + endpoint_));
  first_.push_back({now + kAnswer, std::move(done)});
}

void ControlClient::poll(Clock::time_point now) {
  zmq::message_t message;
  for (int i = 0; i < 100 && socket_.recv(message, zmq::recv_flags::dontwait); ++i) {
    const Json reply = Json::parse(message.to_string_view(), nullptr, false);
    if (reply.is_object()) take(reply, now);
  }
  if (!first_.empty() && first_.front().until < now) {
    fail_all("no daemon answers at " + endpoint_);
    connect();  // a late answer must not be taken for the next one
  }
  for (auto i = later_.begin(); i != later_.end();) {
    if (i->second.until >= now) {
      ++i;
      continue;
    }
    const Done done = std::move(i->second.done);
    i = later_.erase(i);
    done(failure("the daemon accepted the command but gave no result"));
  }
}

void ControlClient::take(const Json& reply, Clock::time_point now) {
  try {
    if (!reply.contains("ok")) {
      const auto found = later_.find(reply.at("id").get<std::uint64_t>());
      if (found == later_.end()) return;
      const Done done = std::move(found->second.done);
      later_.erase(found);
      return done({{"ok", true}, {"result", reply.at("result")}});
    }
    if (first_.empty()) return;
    Waiting waiting = std::move(first_.front());
    first_.pop_front();
    if (!reply.at("ok").get<bool>()) return waiting.done(failure(reply.value("error", "refused")));
    if (!reply.contains("accepted")) return waiting.done({{"ok", true}, {"result", reply.at("result")}});
    waiting.until = now + kResult;
    later_[reply.at("accepted").get<std::uint64_t>()] = std::move(waiting);
  } catch (const Json::exception& e) {
    fail_all(std::string("the daemon's answer is not the contract's: ") + e.what());
  }
}

void ControlClient::fail_all(const std::string& why) {
  const auto first = std::exchange(first_, {});
  const auto later = std::exchange(later_, {});
  for (const Waiting& w : first) w.done(failure(why));
  for (const auto& [id, w] : later) w.done(failure(why));
}

}  // namespace grfd::monitor
