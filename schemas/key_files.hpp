// The folder of CURVE keys (schemas/keys.md) as daemon and clients read it, and which addresses need keys.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace grfd {

enum class Right : std::uint8_t { feed, control };
constexpr const char* to_string(Right r) { return r == Right::feed ? "feed" : "control"; }

/// Files cannot be read just now (no descriptor is left, the disk fails): that says nothing about what is in them.
struct KeysUnreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Is this 40 characters of Z85, as ZeroMQ writes keys?
bool is_key(std::string_view text);

struct KeyFile {
  std::string public_key, secret_key;  ///< secret_key is empty in NAME.pub and NAME.allowed
  std::string rights;                  ///< only in NAME.allowed; as it stands there
};

/// @throws std::runtime_error naming the file, what is wrong and what would be right; KeysUnreadable
KeyFile read_key_file(const std::filesystem::path& file);

/// server.key of this folder. @throws as read_key_file, also when others may read the file or write into the folder
KeyFile read_server_key(const std::filesystem::path& folder);

struct AllowedKey {
  std::string name;  ///< NAME of NAME.allowed
  bool feed = false, control = false;
  bool may(Right r) const { return r == Right::feed ? feed : control; }
  const char* rights() const { return feed && control ? "feed control" : feed ? "feed" : control ? "control" : ""; }
};
using AllowedKeys = std::map<std::string, AllowedKey, std::less<>>;  ///< by public key

/// Every NAME.allowed of this folder. A file that is not as it should be, or that others may write, lets nobody in and
/// adds a sentence to `wrong`. @throws KeysUnreadable
AllowedKeys read_allowed_keys(const std::filesystem::path& folder, std::vector<std::string>& wrong);

/// Can an endpoint be reached from other computers? Then it must ask for keys. The commands' does as soon as it is no
/// file: a loopback port has no owner, so everybody at this computer could command.
bool demands_keys(Right right, std::string_view endpoint);

}  // namespace grfd
