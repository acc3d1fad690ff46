// `grfctl watch`: a running grfd on one screen, eight times a second.
#pragma once
#include <string>

struct WatchOptions {
  std::string control;    ///< address of the control socket
  double timeout_s = 10;  ///< in pipes and with `once`: how long to wait for a daemon
  double seconds = 0;     ///< end after that; 0: never
  bool once = false;      ///< one screen as plain text
};

/// @return exit code: 0, or 3 when no daemon answered where nobody waits for one
int watch(const WatchOptions& options);
