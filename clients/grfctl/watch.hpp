// `grfctl watch`: a running grfd on one screen, eight times a second.
#pragma once
#include <string>

#include "clients/keys.hpp"

struct WatchOptions {
  std::string control;    ///< address of the control socket
  std::string feed;       ///< address of a feed to look at alone, without control; empty: the one that control names
  double timeout_s = 10;  ///< in pipes and with `once`: how long to wait for a daemon
  double seconds = 0;     ///< end after that; 0: never
  bool once = false;      ///< one screen as plain text
  grfd::keys::ClientKeys keys{};
};

/// @return exit code: 0, or 3 when no daemon answered where nobody waits for one
int watch(const WatchOptions& options);
