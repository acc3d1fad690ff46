#include "daemon/child.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <sched.h>
#include <signal.h>
#include <cerrno>
#include <system_error>

namespace grfd {

pid_t start_child(const std::vector<std::string>& args) {
  std::vector<char*> argv{const_cast<char*>("grfd")};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {  // only calls that are safe between fork and exec
    const sched_param ordinary{};
    sched_setscheduler(0, SCHED_OTHER, &ordinary);
    setpriority(PRIO_PROCESS, 0, 10);
    signal(SIGINT, SIG_IGN);  // Ctrl-C at the terminal, or its closing, must not cut finalising short
    signal(SIGHUP, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execv("/proc/self/exe", argv.data());
    _exit(127);
  }
  return pid;
}

}  // namespace grfd
