#include "daemon/control.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <filesystem>

#include "daemon/uninterrupted.hpp"

namespace grfd {
namespace {
constexpr int kRequestsAtOnce = 100;
constexpr std::size_t kLongestRequest = 65536;  // bytes; schemas/control.md promises it
constexpr int kUnreadReplies = 1000;            // per client; schemas/control.md promises it

/// What a client may ask that has the right to the feed, but not to command.
constexpr std::string_view kLooking[] = {"ping", "status", "devices", "zeros", "delays", "calibrations"};
constexpr auto kPeersTurn = std::chrono::milliseconds(20);

}  // namespace

Control::Control(boost::asio::io_context& io, const std::string& endpoint,
                 std::function<Answer(const Json& request)> handle, const std::string& keys)
    : handle_(std::move(handle)), socket_(context_, zmq::socket_type::router), readable_(io), peers_timer_(io) {
  socket_.set(zmq::sockopt::linger, 200);
  socket_.set(zmq::sockopt::sndhwm, kUnreadReplies);
  socket_.set(zmq::sockopt::router_mandatory, true);  // otherwise an answer that finds no room is dropped in silence
  socket_.set(zmq::sockopt::maxmsgsize, std::int64_t{16 * kLongestRequest});  // longer: ZeroMQ ends the connection
  socket_.set(zmq::sockopt::ipv6, endpoint.starts_with("tcp://["));
  connections_.open(context_, socket_);
  if (!keys.empty()) {
    gate_.emplace(keys, std::initializer_list<Right>{Right::control, Right::feed});
    gate_->open(context_, socket_);
  }
  if (endpoint.rfind("ipc://", 0) == 0) {
    socket_file_ = endpoint.substr(6);
    std::error_code ignored;
    const auto folder = std::filesystem::path(socket_file_).parent_path();
    if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
    // ZeroMQ would silently take over the address of a running daemon: ask first.
    if (std::filesystem::exists(socket_file_)) {
      zmq::socket_t probe(context_, zmq::socket_type::dealer);
      probe.set(zmq::sockopt::linger, 0);
      probe.set(zmq::sockopt::rcvtimeo, 300);
      probe.connect(endpoint);
      probe.send(zmq::str_buffer("{\"v\":1,\"command\":\"ping\"}"), zmq::send_flags::none);
      zmq::message_t reply;
      if (probe.recv(reply, zmq::recv_flags::none))
        throw std::runtime_error("another grfd answers at " + endpoint + "; stop it, or set control.endpoint");
    }
  }
  try {
    socket_.bind(endpoint);
  } catch (const zmq::error_t& e) {
    throw std::runtime_error("cannot listen at " + endpoint + ": " + e.what() +
                             (socket_file_.empty()
                                  ? "; is another grfd running? Set control.endpoint to a free address"
                                  : "; set control.endpoint to an address in a folder that can be written"));
  }
  if (!socket_file_.empty()) ::chmod(socket_file_.c_str(), 0660);
  readable_.assign(socket_.get(zmq::sockopt::fd));
  wait();
  watch_peers();
}

void Control::watch_peers() {
  connections_.poll();
  if (gate_) gate_->poll();
  peers_timer_.expires_after(kPeersTurn);
  peers_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) watch_peers();
  });
}

Control::~Control() {
  readable_.release();  // the descriptor belongs to ZeroMQ
  socket_.close();
}

void Control::wait() {
  readable_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this](const boost::system::error_code& error) {
                         if (error) return;
                         drain();
                         wait();
                       });
}

void Control::drain() {
  // The descriptor is edge triggered: everything must be taken, also what arrives while answering; after a while it is
  // the turn of signals and timers.
  const auto receive = [&](zmq::message_t& to) {
    return uninterrupted([&] { return socket_.recv(to, zmq::recv_flags::dontwait).has_value(); });
  };
  for (int served = 0;; ++served) {
    if (served == kRequestsAtOnce) {
      if (std::exchange(drain_posted_, true)) return;
      return boost::asio::post(readable_.get_executor(), [this] {
        drain_posted_ = false;
        drain();
      });
    }
    zmq::message_t client, text;
    if (!receive(client)) return;
    bool more = socket_.get(zmq::sockopt::rcvmore);
    int frames = 1;
    while (more) {
      receive(text);
      more = socket_.get(zmq::sockopt::rcvmore);
      ++frames;
    }
    if (frames == 2) {
      serve(client.to_string(), text);
      continue;
    }
    ++bad_requests_;
    send(client.to_string(),
         {{"v", 1}, {"ok", false}, {"error", "a request is one frame of JSON, not " + std::to_string(frames - 1)}});
  }
}

Control::Json Control::parse(std::string_view text) {
  if (text.size() > kLongestRequest)
    throw Refusal("a request is at most " + std::to_string(kLongestRequest) + " bytes long, not " +
                  std::to_string(text.size()));
  Json request = Json::parse(text, nullptr, false);
  if (!request.is_object()) throw Refusal("a request is a JSON object like {\"v\":1,\"command\":\"status\"}");
  if (!request.contains("v") || request["v"] != 1)
    throw Refusal("\"v\" must be 1, the version of the control contract");
  if (!request.contains("command") || !request["command"].is_string())
    throw Refusal("\"command\" is missing or not a string");
  return request;
}

void Control::check_right(zmq::message_t& message, const std::string& command) {
  const auto who = gate_->sender(message);
  if (who && (who->control ||
              (who->feed && std::find(std::begin(kLooking), std::end(kLooking), command) != std::end(kLooking))))
    return;
  ++commands_refused_;
  throw Refusal(who ? "the key of " + who->name + " may look, not command; grfctl key allow " + who->name +
                          " --feed --control lets it command"
                    : "this key is not allowed any more; grfctl key allow lets it in again");
}

void Control::serve(const std::string& client, zmq::message_t& message) {
  connections_.sender(message);
  Json reply{{"v", 1}};
  try {
    const Json request = [&] {
      try {
        return parse(message.to_string_view());
      } catch (...) {
        ++bad_requests_;
        throw;
      }
    }();
    if (gate_) check_right(message, request["command"]);
    const Answer answer = handle_(request);
    reply["ok"] = true;
    reply["command"] = request["command"];
    if (answer.accepted) {
      reply["accepted"] = answer.accepted;
      waiting_[answer.accepted] = client;
      if (waiting_.size() > 1000) waiting_.erase(waiting_.begin());  // clients that went away
    } else {
      reply["result"] = answer.result;
    }
  } catch (const std::exception& e) {
    reply["ok"] = false;
    reply["error"] = e.what();
  }
  send(client, reply);
}

void Control::finish(std::uint64_t accepted, const Json& result) {
  const auto found = waiting_.find(accepted);
  if (found == waiting_.end()) return;
  send(found->second, {{"v", 1}, {"id", accepted}, {"result", result}});
  waiting_.erase(found);
  drain();  // sending may have consumed the edge of a request that came meanwhile
}

void Control::send(const std::string& client, const Json& message) {
  const std::string text = message.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto put = [this](const std::string& frame, zmq::send_flags flags) {
    return uninterrupted(
        [&] { return socket_.send(zmq::buffer(frame), flags | zmq::send_flags::dontwait).has_value(); });
  };
  try {
    if (put(client, zmq::send_flags::sndmore))
      put(text, zmq::send_flags::none);
    else
      ++replies_dropped_;
  } catch (const zmq::error_t& e) {
    if (e.num() != EHOSTUNREACH) throw;
    ++clients_gone_;
  }
}

}  // namespace grfd
