#include "daemon/connections.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "daemon/log.hpp"
#include "daemon/uninterrupted.hpp"

namespace grfd {
namespace {

using namespace std::chrono_literals;
constexpr const char* kEvents = "inproc://connections.events";
constexpr std::chrono::milliseconds kHandshake = 2s;
constexpr auto kShut = 2s;

std::size_t share_of_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 32;
  return static_cast<std::size_t>(std::clamp<rlim_t>(limit.rlim_cur / 8, 32, 256));
}

int port_of(const sockaddr_storage& a) {
  if (a.ss_family == AF_INET) return reinterpret_cast<const sockaddr_in&>(a).sin_port;
  if (a.ss_family == AF_INET6) return reinterpret_cast<const sockaddr_in6&>(a).sin6_port;
  return -1;
}

std::string origin_of(int fd) {
  sockaddr_storage there{};
  socklen_t size = sizeof there;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &size) != 0) return "gone";
  char text[INET6_ADDRSTRLEN] = "";
  if (there.ss_family == AF_INET)
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(there).sin_addr, text, sizeof text);
  if (there.ss_family == AF_INET6)
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(there).sin6_addr, text, sizeof text);
  if (there.ss_family != AF_UNIX) return text;
  ucred who{};
  size = sizeof who;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 ? "process " + std::to_string(who.pid) : "unknown";
}

bool many_programs(const std::string& origin) { return origin == "127.0.0.1" || origin == "::1" || origin == "gone"; }

bool own_end(int fd, sockaddr_storage& address) {
  socklen_t size = sizeof address;
  return ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
}

}  // namespace

bool receive(zmq::socket_t& socket, std::vector<zmq::message_t>& frames) {
  frames.clear();
  do {
    frames.emplace_back();
    if (!uninterrupted([&] { return socket.recv(frames.back(), zmq::recv_flags::dontwait); })) return false;
  } while (frames.back().more());
  return true;
}

Connections::Connections(std::size_t most) : most_(most ? most : share_of_descriptors()) {}

void Connections::open(zmq::context_t& context, zmq::socket_t& socket) {
  // Who connects and says nothing holds a descriptor that long.
  socket.set(zmq::sockopt::handshake_ivl, static_cast<int>(kHandshake.count()));
  constexpr int kWatched = ZMQ_EVENT_LISTENING | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
                           ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
  if (zmq_socket_monitor(socket.handle(), kEvents, kWatched) != 0) throw zmq::error_t();
  events_ = zmq::socket_t(context, zmq::socket_type::pair);
  events_.set(zmq::sockopt::linger, 0);
  events_.set(zmq::sockopt::rcvhwm, 0);  // ZeroMQ's thread would wait for us with the socket in its hands
  events_.connect(kEvents);
}

void Connections::close() {
  events_.close();
  peers_.clear();
  knocking_.clear();
  listener_ = -1;
}

void Connections::poll() {
  if (!events_) return;
  take_events();
  const auto now = Clock::now();
  for (; !knocking_.empty() && now - knocking_.front() > kHandshake + 1s; knocking_.pop_front()) ++refused;
  limit(now);
}

void Connections::take_events() {
  const auto now = Clock::now();
  std::vector<zmq::message_t> frames;
  while (receive(events_, frames)) take(frames, now);
}

/// ZeroMQ does not say whose handshake has ended, so an end is put down to the one who has waited longest. If that was
/// another one, the right one is still here when the time for a handshake is over: the sum is exact, three seconds
/// later.
void Connections::take(const std::vector<zmq::message_t>& frames, Clock::time_point now) {
  if (frames.front().size() < 6) return;
  const auto* bytes = static_cast<const char*>(frames.front().data());
  std::uint16_t event;
  std::int32_t fd;
  std::memcpy(&event, bytes, sizeof event);
  std::memcpy(&fd, bytes + 2, sizeof fd);
  switch (event) {
    case ZMQ_EVENT_LISTENING:
      listener_ = fd;
      break;
    case ZMQ_EVENT_ACCEPTED:
      knocking_.push_back(now);
      peers_[fd] = Peer{now, {}, origin_of(fd)};
      break;
    case ZMQ_EVENT_DISCONNECTED: {
      const auto found = peers_.find(fd);
      if (found == peers_.end()) break;
      ++(found->second.spoke ? ended : silent);
      peers_.erase(found);
      break;
    }
    default:
      if (!knocking_.empty()) knocking_.pop_front();
  }
}

/// Those that are not being ended, the newest last.
std::map<std::string, std::vector<Connections::Peer*>> Connections::by_origin() {
  std::map<std::string, std::vector<Peer*>> out;
  for (auto& [fd, peer] : peers_)
    if (!peer.cut) out[peer.origin].push_back(&peer);
  for (auto& [origin, all] : out)
    std::sort(all.begin(), all.end(), [](const Peer* a, const Peer* b) { return a->since < b->since; });
  return out;
}

void Connections::limit(Clock::time_point now) {
  const std::size_t one_may = most_ * 3 / 4;
  if (peers_.size() > one_may) {
    auto origins = by_origin();
    const bool crowd =
        std::any_of(origins.begin(), origins.end(), [&](const auto& o) { return o.second.size() > one_may; });
    if (crowd || peers_.size() > most_) {
      std::erase_if(peers_, [&](const auto& p) { return !is_ours(p.first); });
      origins = by_origin();
    }
    std::size_t open = 0;
    for (auto& [origin, all] : origins) {
      for (; all.size() > one_may && !many_programs(origin); all.pop_back()) cut(*all.back(), "");
      open += all.size();
    }
    for (; open > most_; --open) {
      auto& all = std::max_element(origins.begin(), origins.end(), [](const auto& a, const auto& b) {
                    return a.second.size() < b.second.size();
                  })->second;
      cut(*all.back(), "");
      all.pop_back();
    }
  }
  if (peers_.size() > most_) {
    if (!shut_) {
      ++floods;
      log(Level::warning, "more than " + std::to_string(most_) + " connections: no other may come for two seconds");
    }
    set_door(false);
    shut_ = true;
    opens_ = now + kShut;
  } else if (shut_ && now >= opens_ && peers_.size() < most_) {
    set_door(true);
    shut_ = false;
  }
}

/// The system drops what comes to a listening socket whose filter keeps 0 bytes: who is connected notices nothing, and
/// who wants to connect tries again by himself. ZeroMQ's unbind would end all connections.
void Connections::set_door(bool open) {
  if (open) {
    const int nothing = 0;
    ::setsockopt(listener_, SOL_SOCKET, SO_DETACH_FILTER, &nothing, sizeof nothing);
    return;
  }
  sock_filter drop{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program{1, &drop};
  ::setsockopt(listener_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

Connections::Peer* Connections::sender(zmq::message_t& message) {
  const int fd = zmq_msg_get(message.handle(), ZMQ_SRCFD);
  if (fd < 0) return nullptr;
  take_events();  // its coming was reported before it sent anything
  const auto found = peers_.find(fd);
  if (found == peers_.end()) return nullptr;
  Peer& peer = found->second;
  if (!peer.spoke)
    if (const char* user = zmq_msg_gets(message.handle(), "User-Id")) peer.key = user;
  peer.spoke = true;
  return &peer;
}

/// A descriptor may have been closed and given to something else since we heard of it.
bool Connections::is_ours(int fd) const {
  sockaddr_storage here{}, listening{}, there{};
  socklen_t size = sizeof there;
  return own_end(fd, here) && own_end(listener_, listening) && here.ss_family == listening.ss_family &&
         port_of(here) == port_of(listening) && ::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &size) == 0;
}

void Connections::cut(Peer& peer, const std::string& why) {
  const auto at = std::find_if(peers_.begin(), peers_.end(), [&](const auto& p) { return &p.second == &peer; });
  if (peer.cut || at == peers_.end()) return;
  peer.cut = true;  // its end is reported like any other
  if (!is_ours(at->first) || ::shutdown(at->first, SHUT_RDWR) != 0) return;
  ++cut_off;
  const auto now = Clock::now();
  if (why.empty() || now - told_ < 5s) return;
  told_ = now;
  log(Level::warning, why + "; its connection ends");
}

}  // namespace grfd
