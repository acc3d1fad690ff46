#include "drivers/emulation/usbip_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace grfd {

using usbip::ProtocolError;

namespace {

constexpr std::size_t kMostConnections = 64, kMostUnsent = 4 << 20;
constexpr TimeNs kRequestTime = 5'000'000'000;  // for a client to say what it wants

std::string system_error(const std::string& what) { return what + ": " + std::strerror(errno); }

void set_option(int fd, int level, int name) {
  const int on = 1;
  ::setsockopt(fd, level, name, &on, sizeof on);
}

}  // namespace

struct UsbipServer::Connection {
  explicit Connection(int socket, TimeNs at) : fd(socket), since(at) {}
  ~Connection() { ::close(fd); }
  Connection(const Connection&) = delete;
  const int fd;
  const TimeNs since;
  usbip::Bytes in, out;
  Port* port = nullptr;  ///< what it has imported
  bool last_answer = false, dead = false;
};

UsbipServer::UsbipServer(const std::string& address, std::uint16_t port, const LabClock& clock, TimeNs session_start,
                         std::function<void(const std::string&)> say)
    : clock_(clock), start_(session_start), say_(std::move(say)) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &at.sin_addr) != 1 || ntohl(at.sin_addr.s_addr) >> 24 != 127)
    throw std::invalid_argument("'" + address +
                                "' is no address of this computer alone, as 127.0.0.1 is; USB/IP has no password");
  const std::string where = address + ":" + std::to_string(port);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0) throw std::runtime_error(system_error("no socket for " + where));
  set_option(listener_, SOL_SOCKET, SO_REUSEADDR);
  socklen_t size = sizeof at;
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&at), size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    const std::string why = system_error("cannot listen at " + where);
    ::close(listener_);
    throw std::runtime_error(why);
  }
  port_ = ntohs(at.sin_port);
}

UsbipServer::~UsbipServer() {
  connections_.clear();
  ::close(listener_);
}

void UsbipServer::say(const std::string& text) const {
  if (say_) say_(text);
}

std::string UsbipServer::add(EmulatedDevice& device, std::string name) {
  ports_.push_back({std::move(name), UsbipExport(device, static_cast<std::uint32_t>(ports_.size() + 1))});
  return ports_.back().device.described().bus_id;
}

bool UsbipServer::unplug(std::size_t i) {
  Connection* user = ports_.at(i).user;
  if (!user) return false;
  close(*user, "unplugged here");
  return true;
}

void UsbipServer::close(Connection& connection, const std::string& why) {
  if (connection.dead) return;
  connection.dead = true;  // freed at the end of the round
  ::shutdown(connection.fd, SHUT_RDWR);
  if (!connection.port) return;
  say(connection.port->name + ": " + why);
  connection.port->user = nullptr;
  connection.port = nullptr;
}

/// @return device time of the next event of any imported device
TimeNs UsbipServer::run_devices() {
  TimeNs next = EmulatedDevice::kNever;
  for (Port& port : ports_)
    if (port.user) next = std::min(next, port.device.run(now(), port.user->out));
  return next;
}

void UsbipServer::serve(TimeNs longest) {
  const TimeNs next = run_devices();
  std::vector<pollfd> waits{{listener_, POLLIN, 0}};
  std::vector<Connection*> who;
  for (Connection& c : connections_) {
    if (!c.dead && !send(c)) close(c, "its client is gone");
    if (c.dead) continue;
    // A client that does not take its answers is not asked for more.
    waits.push_back(
        {c.fd, static_cast<short>((c.out.size() < kMostUnsent ? POLLIN : 0) | (c.out.empty() ? 0 : POLLOUT)), 0});
    who.push_back(&c);
    if (!c.port) longest = std::min<TimeNs>(longest, 100'000'000);
  }
  const TimeNs wait = std::clamp<TimeNs>(next == EmulatedDevice::kNever ? longest : next - now(), 0, longest);
  const timespec limit{wait / 1'000'000'000, wait % 1'000'000'000};
  const int ready = ::ppoll(waits.data(), waits.size(), &limit, nullptr);
  if (ready > 0) {
    for (std::size_t i = 0; i < who.size(); ++i)
      if ((waits[i + 1].revents & ~POLLOUT) && !who[i]->dead && !receive(*who[i]))
        close(*who[i], "its client has closed the connection");
    if (waits[0].revents) accept_clients();
  }
  run_devices();
  for (Connection& c : connections_) {
    if (c.dead) continue;
    if (!send(c))
      close(c, "its client is gone");
    else if (c.last_answer && c.out.empty())
      close(c, "");
    else if (!c.port && !c.last_answer && clock_.now() - c.since > kRequestTime) {
      ++silent_;
      close(c, "");
    } else if (c.out.size() >= kMostUnsent) {
      ++deaf_;
      close(c, "its client does not read");
    }
  }
  connections_.remove_if([](const Connection& c) { return c.dead; });
}

void UsbipServer::accept_clients() {
  for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
    if (connections_.size() >= kMostConnections) {
      ++crowd_;
      ::close(fd);
      continue;
    }
    set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    connections_.emplace_back(fd, clock_.now());
  }
}

/// @return false when the other side has closed
bool UsbipServer::receive(Connection& c) {
  std::array<std::byte, 16384> chunk;
  for (;;) {
    const ssize_t n = ::recv(c.fd, chunk.data(), chunk.size(), 0);
    if (n == 0) return false;
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    c.in.insert(c.in.end(), chunk.begin(), chunk.begin() + n);
    try {
      if (!consume(c)) return true;
    } catch (const ProtocolError& e) {
      ++bad_;
      say(std::string("a client broke the protocol: ") + e.what());
      close(c, "its client broke the protocol");
      return true;
    }
    if (c.out.size() >= kMostUnsent) return true;
  }
}

/// Takes all whole messages. @return false when nothing more is to be read from this client
bool UsbipServer::consume(Connection& c) {
  if (!c.port && (c.last_answer || !operation(c))) return !c.last_answer;
  return commands(c);
}

/// @return true when a device has been imported
bool UsbipServer::operation(Connection& c) {
  if (c.in.size() < usbip::kOperation) return false;
  const auto what = usbip::read_operation(std::span(c.in).first<usbip::kOperation>());
  if (what == usbip::Operation::device_list) {
    std::vector<usbip::Exported> all;
    for (const Port& port : ports_) all.push_back(port.device.described());
    usbip::write_device_list(c.out, all);
    c.last_answer = true;
    return false;
  }
  if (c.in.size() < usbip::kOperation + usbip::kBusId) return false;
  const std::string id = usbip::read_bus_id(std::span(c.in).subspan(usbip::kOperation).first<usbip::kBusId>());
  c.in.erase(c.in.begin(), c.in.begin() + static_cast<std::ptrdiff_t>(usbip::kOperation + usbip::kBusId));
  const auto port =
      std::find_if(ports_.begin(), ports_.end(), [&](const Port& p) { return p.device.described().bus_id == id; });
  if (port == ports_.end() || port->user) {
    ++refused_;
    say("import of " + id +
        " refused: " + (port == ports_.end() ? "there is no such device" : port->name + " is imported already"));
    usbip::write_import(c.out, nullptr);
    c.last_answer = true;
    return false;
  }
  ++imports_;
  port->device.plug(now());
  port->user = &c;
  c.port = &*port;
  usbip::write_import(c.out, &port->device.described());
  say(port->name + ": imported as " + id);
  return true;
}

bool UsbipServer::commands(Connection& c) {
  std::size_t at = 0;
  while (c.in.size() - at >= usbip::kHeader) {
    const usbip::Command command = usbip::read_command(std::span(c.in).subspan(at).first<usbip::kHeader>());
    const std::size_t whole = usbip::kHeader + command.payload();
    if (c.in.size() - at < whole) break;
    c.port->device.take(now(), command, std::span(c.in).subspan(at + usbip::kHeader, command.payload()), c.out);
    at += whole;
  }
  c.in.erase(c.in.begin(), c.in.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

/// @return false when the other side is gone
bool UsbipServer::send(Connection& c) {
  while (!c.out.empty()) {
    const ssize_t n = ::send(c.fd, c.out.data(), c.out.size(), MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    c.out.erase(c.out.begin(), c.out.begin() + n);
  }
  return true;
}

}  // namespace grfd
