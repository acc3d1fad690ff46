// Keys of a client for a daemon on another computer; schemas/keys.md is the contract.
#pragma once
#include <string>
#include <zmq.hpp>

#include "schemas/key_files.hpp"

namespace grfd::keys {

struct ClientKeys {
  std::string server;  ///< public key of the daemon; empty: plain connections
  KeyFile own;
};

/// @param server_key file with the daemon's public key; empty: GRFD_SERVER_KEY of the environment
/// @param key the client's own NAME.key; empty: GRFD_KEY. Neither: plain connections. @throws std::runtime_error
ClientKeys client_keys(const std::string& server_key = "", const std::string& key = "");

/// The keys for a feed whose address the daemon itself says (its status, its settings), by the daemon's rule: there are
/// none for a feed on loopback, although its commands may ask for them.
ClientKeys feed_keys(const std::string& feed, const ClientKeys& keys);

/// Connects; with the keys, if there are any, unless the address is a file of this computer. @throws zmq::error_t
void connect(zmq::socket_t& socket, const std::string& endpoint, const ClientKeys& keys);

/// A daemon that listens at all its addresses says 0.0.0.0 (or *): the one where it answers commands is meant.
/// @param feed its feed  @param control where commands go
std::string reachable(const std::string& feed, const std::string& control);

}  // namespace grfd::keys
