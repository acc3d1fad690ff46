// Keys of a client for a daemon on another computer; schemas/keys.md is the contract.
#pragma once
#include <filesystem>
#include <string>
#include <zmq.hpp>

namespace grfd::keys {

/// 40 characters of Z85 each.
struct KeyPair {
  std::string public_key, secret_key;  ///< secret_key is empty in NAME.pub and NAME.allowed
  std::string rights;                  ///< only in NAME.allowed: "feed", "control" or "feed control"
};

/// @throws std::runtime_error naming the file, what is wrong and what would be right
KeyPair read_key_file(const std::filesystem::path& file);

/// Is this a public key as ZeroMQ writes it?
bool is_key(const std::string& text);

struct ClientKeys {
  std::string server;  ///< public key of the daemon; empty: plain connections
  KeyPair own;
};

/// @param server_key file with the daemon's public key; empty: GRFD_SERVER_KEY of the environment
/// @param key the client's own NAME.key; empty: GRFD_KEY. Neither: plain connections. @throws std::runtime_error
ClientKeys client_keys(const std::string& server_key = "", const std::string& key = "");

/// Connects; with the keys unless the address is a file of this computer. @throws zmq::error_t
void connect(zmq::socket_t& socket, const std::string& endpoint, const ClientKeys& keys);

}  // namespace grfd::keys
