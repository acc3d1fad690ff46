// Lets only known keys through a socket: CURVE (RFC 26) with a list of clients (ZAP, RFC 27).
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <zmq.hpp>

#include "schemas/counter.hpp"
#include "schemas/key_files.hpp"

namespace grfd {

/// Used by the thread that owns the socket, except for the counters. It must outlive the socket.
class KeyGate {
 public:
  /// @param folder of keys  @param right what a client needs to be let in; others of the list may be let in, too
  KeyGate(std::string folder, std::initializer_list<Right> rights);

  /// Before the socket is bound. The context must have no other gate: ZAP has one handler for each.
  /// @throws std::runtime_error when there is no good server key
  void open(zmq::context_t& context, zmq::socket_t& socket);
  /// Answers everybody who knocks; call it every 20 ms or so. Handshakes wait for it.
  /// @return whether the list has been read again
  bool poll();
  void close();

  /// Whose key this is, as of half a second ago; empty: it is not in the list any more.
  std::optional<AllowedKey> find(std::string_view public_key) const;
  bool admits(std::string_view public_key) const;
  /// Of a message that came through this gate: who sent it.
  std::optional<AllowedKey> sender(zmq::message_t& message);

  Counter keys_accepted{"keys_accepted", Counter::Kind::activity};
  Counter keys_refused{"keys_refused"};  ///< whole handshakes with a key that is not in the list

 private:
  bool refresh();
  void answer(const std::vector<zmq::message_t>& request);

  std::string folder_;
  std::vector<Right> rights_;
  zmq::socket_t zap_;
  AllowedKeys allowed_;
  std::chrono::steady_clock::time_point read_{}, told_{};
};

}  // namespace grfd
