#include "clients/keys.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <cstdlib>
#include <stdexcept>

namespace grfd::keys {
namespace {

std::string chosen(const std::string& given, const char* variable) {
  const char* set = std::getenv(variable);
  return given.empty() && set ? set : given;
}

bool has_address(const std::string& host, int family) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
  ::freeaddrinfo(found);
  return true;
}

/// With its option for IPv6 ZeroMQ takes the IPv6 address of a name that has both, where few daemons listen.
bool ipv6_alone(const std::string& endpoint) {
  if (endpoint.rfind("tcp://", 0) != 0) return false;
  if (endpoint.rfind("tcp://[", 0) == 0) return true;
  const std::string host = endpoint.substr(6, endpoint.rfind(':') - 6);
  return !has_address(host, AF_INET) && has_address(host, AF_INET6);
}

}  // namespace

ClientKeys client_keys(const std::string& server_key, const std::string& key) {
  const std::string server_file = chosen(server_key, "GRFD_SERVER_KEY"), own_file = chosen(key, "GRFD_KEY");
  if (server_file.empty() && own_file.empty()) return {};
  if (server_file.empty() || own_file.empty())
    throw std::runtime_error(
        server_file.empty()
            ? "a key of one's own needs the daemon's public key, too: --server-key FILE or GRFD_SERVER_KEY"
            : "the daemon's key needs a key of one's own, too: --key FILE or GRFD_KEY");
  ClientKeys keys{read_key_file(server_file).public_key, read_key_file(own_file)};
  if (keys.own.secret_key.empty())
    throw std::runtime_error(own_file + " holds no secret-key; the file to use is NAME.key");
  return keys;
}

ClientKeys feed_keys(const std::string& feed, const ClientKeys& keys) {
  return demands_keys(Right::feed, feed) ? keys : ClientKeys{};
}

void connect(zmq::socket_t& socket, const std::string& endpoint, const ClientKeys& keys) {
  socket.set(zmq::sockopt::ipv6, ipv6_alone(endpoint));
  if (endpoint.rfind("ipc://", 0) != 0 && !keys.server.empty()) {
    socket.set(zmq::sockopt::curve_serverkey, keys.server);
    socket.set(zmq::sockopt::curve_publickey, keys.own.public_key);
    socket.set(zmq::sockopt::curve_secretkey, keys.own.secret_key);
  }
  try {
    socket.connect(endpoint);
  } catch (const zmq::error_t& e) {
    throw std::runtime_error("endpoint '" + endpoint + "': " + e.what() + "; write tcp://HOST:PORT or ipc://PATH");
  }
}

std::string reachable(const std::string& feed, const std::string& control) {
  const std::size_t port = feed.rfind(':');
  const std::string host = feed.substr(0, port);
  if (host != "tcp://0.0.0.0" && host != "tcp://*" && host != "tcp://[::]") return feed;
  const bool remote = control.starts_with("tcp://");
  const std::string asked = remote ? control.substr(0, control.rfind(':')) : "";
  const bool any = !remote || asked == "tcp://0.0.0.0" || asked == "tcp://*" || asked == "tcp://[::]";
  return (any ? "tcp://127.0.0.1" : asked) + feed.substr(port);
}

}  // namespace grfd::keys
