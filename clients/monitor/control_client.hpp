// Asks the daemon through the control contract (schemas/control.md). Never waits: `poll` is called every few
// milliseconds.
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <zmq.hpp>

#include "clients/keys.hpp"

namespace grfd::monitor {

class ControlClient {
 public:
  using Json = nlohmann::ordered_json;
  using Clock = std::chrono::steady_clock;
  /// {"ok": true, "result": ...} or {"ok": false, "error": "one sentence"}; called once per request.
  using Done = std::function<void(const Json&)>;

  ControlClient(zmq::context_t& context, std::string endpoint, keys::ClientKeys keys = {});
  /// `request` without "v".
  void ask(Json request, Clock::time_point now, Done done);
  void poll(Clock::time_point now);
  std::size_t waiting() const { return first_.size() + later_.size(); }

 private:
  struct Waiting {
    Clock::time_point until;
    Done done;
  };
  void connect();
  void take(const Json& reply, Clock::time_point now);
  void fail_all(const std::string& why);

  zmq::context_t& context_;
  std::string endpoint_;
  keys::ClientKeys keys_;
  zmq::socket_t socket_;
  std::deque<Waiting> first_;               // replies come in the order of the requests
  std::map<std::uint64_t, Waiting> later_;  // accepted, by id
};

}  // namespace grfd::monitor
