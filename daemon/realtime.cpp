#include "daemon/realtime.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

namespace grfd {

std::string ask_for_realtime(int priority) {
  sched_param param{};
  param.sched_priority = priority;
  const int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
  if (error == 0) return "SCHED_FIFO " + std::to_string(priority);
  return std::string("ordinary priority (") + std::strerror(error) + "; allow it with LimitRTPRIO or CAP_SYS_NICE)";
}

std::string ask_for_locked_memory() {
  if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) return "locked";
  return std::string("not locked (") + std::strerror(errno) + "; allow it with LimitMEMLOCK)";
}

}  // namespace grfd
