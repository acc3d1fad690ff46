// Work that must not touch a running trial is done by another process: this program again, at low priority.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace grfd {

/// Starts `grfd ARGS...` with nice 10. @return its process id. @throws std::system_error
pid_t start_child(const std::vector<std::string>& args);

}  // namespace grfd
