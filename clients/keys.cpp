#include "clients/keys.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace grfd::keys {
namespace {

/// The value of a line `name = "value"`; empty: there is none.
std::string value_of(const std::string& line, const std::string& name) {
  const std::size_t first = line.find_first_not_of(" \t");
  if (first == line.npos || line.compare(first, name.size(), name) != 0) return {};
  const std::size_t equals = line.find_first_not_of(" \t", first + name.size());
  if (equals == line.npos || line[equals] != '=') return {};
  const std::size_t open = line.find('"', equals), close = line.rfind('"');
  return open == line.npos || open == close ? std::string() : line.substr(open + 1, close - open - 1);
}

std::string chosen(const std::string& given, const char* variable) {
  const char* set = std::getenv(variable);
  return given.empty() && set ? set : given;
}

}  // namespace

bool is_key(const std::string& text) {
  std::array<std::uint8_t, 32> raw{};
  return text.size() == 40 && zmq_z85_decode(raw.data(), text.c_str()) != nullptr;
}

KeyPair read_key_file(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file.string() + " cannot be read: " + std::strerror(errno ? errno : EIO));
  KeyPair pair;
  std::string line;
  for (int n = 0; n < 100 && std::getline(in, line); ++n) {
    if (const std::string v = value_of(line, "public-key"); !v.empty()) pair.public_key = v;
    if (const std::string v = value_of(line, "secret-key"); !v.empty()) pair.secret_key = v;
    if (const std::string v = value_of(line, "rights"); !v.empty()) pair.rights = v;
  }
  if (!is_key(pair.public_key) || (!pair.secret_key.empty() && !is_key(pair.secret_key)))
    throw std::runtime_error(file.string() +
                             " has no public-key = \"40 characters of Z85\"; grfctl key create writes such files");
  return pair;
}

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

void connect(zmq::socket_t& socket, const std::string& endpoint, const ClientKeys& keys) {
  const bool file = endpoint.rfind("ipc://", 0) == 0;
  if (endpoint.rfind("tcp://[", 0) == 0) socket.set(zmq::sockopt::ipv6, true);
  if (!file && !keys.server.empty()) {
    socket.set(zmq::sockopt::curve_serverkey, keys.server);
    socket.set(zmq::sockopt::curve_publickey, keys.own.public_key);
    socket.set(zmq::sockopt::curve_secretkey, keys.own.secret_key);
  }
  socket.connect(endpoint);
}

}  // namespace grfd::keys
