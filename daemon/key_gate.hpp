// Lets only known keys through a socket: CURVE (RFC 26) with a list of clients (ZAP, RFC 27).
#pragma once
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "daemon/key_files.hpp"
#include "schemas/counter.hpp"

namespace grfd {

/// Used by the thread that owns the socket, except for the counters.
class KeyGate {
 public:
  /// @param folder of keys  @param right what a client needs to be let in; others of the list may be let in, too
  KeyGate(std::string folder, std::initializer_list<Right> rights);

  /// Before the socket is bound. The context must have no other gate: ZAP has one handler for each.
  /// @throws std::runtime_error when there is no good server key
  void open(zmq::context_t& context, zmq::socket_t& socket);
  /// Answers everybody who knocks; call it every 20 ms or so. Handshakes wait for it.
  void poll();
  void close();

  /// Of a message that came through this gate: who sent it. Empty: the key is not in the list any more.
  std::optional<AllowedKey> sender(zmq::message_t& message);

  Counter keys_accepted{"keys_accepted", Counter::Kind::activity};
  Counter keys_refused{"keys_refused"};  ///< whole handshakes with a key that is not in the list
  Counter connections_refused{
      "connections_refused"};  ///< no CURVE, another server's key, garbage, or silence; 3 s later

 private:
  void refresh();
  void answer(const std::vector<zmq::message_t>& request);
  void watch();

  std::string folder_;
  std::vector<Right> rights_;
  zmq::socket_t zap_, events_;
  AllowedKeys allowed_;
  std::chrono::steady_clock::time_point read_{}, told_{};
  std::deque<std::chrono::steady_clock::time_point> knocking_;  ///< when those came whose handshake has not ended
};

}  // namespace grfd
