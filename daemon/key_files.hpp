// The folder of CURVE keys (schemas/keys.md): the daemon's own, and those of the clients it lets in.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace grfd {

enum class Right : std::uint8_t { feed, control };
constexpr const char* to_string(Right r) { return r == Right::feed ? "feed" : "control"; }

/// Keys are 40 characters of Z85, as ZeroMQ writes them.
struct ServerKey {
  std::string public_key, secret_key;
};

struct AllowedKey {
  std::string name;  ///< NAME of NAME.allowed
  bool feed = false, control = false;
  bool may(Right r) const { return r == Right::feed ? feed : control; }
};
using AllowedKeys = std::map<std::string, AllowedKey, std::less<>>;  ///< by public key

/// server.key of this folder. @throws std::runtime_error: what is wrong with it, what would be right
ServerKey read_server_key(const std::filesystem::path& folder);

/// Every NAME.allowed of this folder. A file that is not as it should be lets nobody in and adds a sentence to `wrong`.
AllowedKeys read_allowed_keys(const std::filesystem::path& folder, std::vector<std::string>& wrong);

/// Can an endpoint be reached from other computers? Then it must ask for keys. The commands' does as soon as it is no
/// file: a loopback port has no owner, so everybody at this computer could command.
bool demands_keys(Right right, const std::string& endpoint);

}  // namespace grfd
