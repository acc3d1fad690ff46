// Real-time priority and locked memory: asked for and reported, not required.
#pragma once
#include <string>

namespace grfd {

/// For the calling thread: SCHED_FIFO. @return "SCHED_FIFO 50", or why not
std::string ask_for_realtime(int priority);
/// For the process. @return "locked", or why not
std::string ask_for_locked_memory();

}  // namespace grfd
