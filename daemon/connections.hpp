// The connections of a socket that listens: how many there are, whose they are, and how to end one of them.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "schemas/counter.hpp"

namespace grfd {

/// Keeps a flood of connections from using up the descriptors that a recording needs. Used by the thread that owns the
/// socket, except for the counters.
class Connections {
 public:
  using Clock = std::chrono::steady_clock;
  struct Peer {
    Clock::time_point since;
    std::string key;                          ///< public key; empty: none, or nothing came from it yet
    std::string origin;                       ///< address without port; ipc://: the process
    std::uint32_t requests = 0, useless = 0;  ///< for the owner of the socket to count
    bool spoke = false, cut = false;
  };
  /// @param most connections at a time; 0: an eighth of the descriptors this process may have, 32 to 256
  explicit Connections(std::size_t most = 0);

  /// Before the socket is bound; one for each context.
  void open(zmq::context_t& context, zmq::socket_t& socket);
  /// Call it every 20 ms or so. One origin may have three quarters of the places (127.0.0.1 and ::1, where many
  /// programs are one origin, all of them). With more connections than allowed the newest of the origin that has most
  /// are ended, and for two seconds the system lets no other come (TCP alone: ipc:// can only end them); the others
  /// stay.
  void poll();
  void close();

  /// Who sent this message; null: it is gone, or ZeroMQ does not say.
  Peer* sender(zmq::message_t& message);
  /// Ends one connection and no other; the client may connect anew.
  /// @param why a sentence for the log, which gets one every 5 s at most; empty: none
  void cut(Peer& peer, const std::string& why);
  std::map<int, Peer>& peers() { return peers_; }
  std::size_t most() const { return most_; }

  Counter refused{"connections_refused"};  ///< ended before a whole handshake: garbage, silence; 3 s later
  Counter floods{"connection_floods"};     ///< times that there were too many
  Counter cut_off{"connections_cut_off"};  ///< ended by the daemon
  Counter ended{"connections_ended", Counter::Kind::activity};    ///< had sent something; who sends too much, too
  Counter silent{"connections_silent", Counter::Kind::activity};  ///< no whole message had come: the refused ones, too

 private:
  void take_events();
  void take(const std::vector<zmq::message_t>& frames, Clock::time_point now);
  void limit(Clock::time_point now);
  std::map<std::string, std::vector<Peer*>> by_origin();
  bool is_ours(int fd) const;
  void set_door(bool open);

  std::size_t most_;
  zmq::socket_t events_;
  std::map<int, Peer> peers_;               ///< by descriptor, which tells them apart while they are open
  std::deque<Clock::time_point> knocking_;  ///< when those came whose handshake has not ended
  int listener_ = -1;
  bool shut_ = false;
  Clock::time_point opens_{}, told_{};
};

/// All frames of a message, if there is one.
bool receive(zmq::socket_t& socket, std::vector<zmq::message_t>& frames);

}  // namespace grfd
