// What grfmon is told: command line, or the [feed], [control] and [monitor] tables of the daemon's configuration.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace grfd::monitor {

struct Options {
  std::string feed = "tcp://127.0.0.1:7390";  ///< where it can be reached
  std::string control = "ipc:///run/grfd/control";
  std::string pairing = "ipc:///run/grfd/monitor";  ///< where `grfctl monitor` asks
  std::string listen = "127.0.0.1:7391";            ///< ADDRESS:PORT, [ADDRESS]:PORT
  std::string server_key, key;                      ///< files; for a feed or commands that ask for keys
  bool feed_has_keys = false;   ///< as the daemon's settings say, or the caller who gives address and keys
  bool secure = false;          ///< TLS and pairing on loopback too
  bool invite = false;          ///< print a link that also allows commands
  std::filesystem::path state;  ///< certificate and paired pages
  std::filesystem::path page;   ///< index.html, monitor.js, monitor.css
};

/// @return nothing when help was printed. @throws std::runtime_error: one sentence for the user.
std::optional<Options> read_options(int argc, char** argv);

struct Address {
  std::string host;
  unsigned short port = 0;
};
/// @throws std::runtime_error when it is not ADDRESS:PORT with a numeric address.
Address parse_address(const std::string& text);
/// The address of this computer that others reach, for links when the gateway listens everywhere.
std::string own_address(const std::string& host);

}  // namespace grfd::monitor
