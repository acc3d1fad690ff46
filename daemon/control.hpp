// The control contract (schemas/control.md): JSON over ZeroMQ, on the main thread.
#pragma once
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "daemon/connections.hpp"
#include "daemon/key_gate.hpp"
#include "schemas/counter.hpp"

namespace grfd {

/// A command that cannot be done now, or is not one. what() is one sentence: what is wrong, what would be right.
struct Refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Control {
 public:
  using Json = nlohmann::ordered_json;
  /// Answers at once with `result`, or later: then `accepted` > 0 and `finish(accepted, ...)` follows.
  struct Answer {
    Json result = nullptr;
    std::uint64_t accepted = 0;
  };
  /// @param handle throws Refusal
  /// @param keys folder of keys (schemas/keys.md): who has the right `control` may command, who has `feed` may look;
  ///        empty: whoever reaches the endpoint may command
  /// @throws std::runtime_error when the endpoint cannot be bound, or there is no server key
  Control(boost::asio::io_context& io, const std::string& endpoint, std::function<Answer(const Json& request)> handle,
          const std::string& keys = "");
  ~Control();
  Control(const Control&) = delete;

  /// What a client sent, when it is a request of this contract. @throws Refusal
  static Json parse(std::string_view text);
  /// Sends the result of an accepted command to whoever asked. Unknown ids are ignored.
  void finish(std::uint64_t accepted, const Json& result);

  const Counter& replies_dropped() const { return replies_dropped_; }  ///< the client asks without reading the answers
  const Counter& clients_gone() const { return clients_gone_; }        ///< left before their answer
  const Counter& commands_refused() const { return commands_refused_; }  ///< for want of the right to command
  const Counter& bad_requests() const { return bad_requests_; }  ///< no JSON object of this contract in one frame
  const Connections& connections() const { return connections_; }
  const KeyGate* gate() const { return gate_ ? &*gate_ : nullptr; }  ///< null: no keys are asked for

 private:
  void wait();
  void drain();
  void watch_peers();
  void serve(const std::string& client, zmq::message_t& message);
  void check_right(zmq::message_t& message, const std::string& command);
  void send(const std::string& client, const Json& message);

  std::function<Answer(const Json&)> handle_;
  zmq::context_t context_{1};
  std::optional<KeyGate> gate_;
  Connections connections_;
  zmq::socket_t socket_;  // gone before its gate
  boost::asio::posix::stream_descriptor readable_;
  boost::asio::steady_timer peers_timer_;
  std::map<std::uint64_t, std::string> waiting_;  ///< accepted id -> client
  bool drain_posted_ = false;
  Counter replies_dropped_{"replies_dropped"}, clients_gone_{"clients_gone", Counter::Kind::activity},
      commands_refused_{"commands_refused"}, bad_requests_{"bad_requests"};
  std::string socket_file_;
};

}  // namespace grfd
