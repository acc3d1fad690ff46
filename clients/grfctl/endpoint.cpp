#include "endpoint.hpp"

#include <sys/stat.h>

#include <cerrno>

bool socket_file_missing(const std::string& endpoint) {
  const std::string scheme = "ipc://";
  if (!endpoint.starts_with(scheme)) return false;
  const std::string path = endpoint.substr(scheme.size());
  if (path.empty() || path[0] == '@') return false;  // Linux: a name without a file
  struct stat found {};
  return ::stat(path.c_str(), &found) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

std::string no_daemon_text(const std::string& endpoint) {
  return "no daemon runs at " + endpoint +
         ": that file does not exist; start one (the service: sudo systemctl start grfd), or name the control.endpoint "
         "of its settings with --endpoint or GRFD_CONTROL";
}
