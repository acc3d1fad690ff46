// Other subscribers beside the one that is measured: each takes every stream of the feed; one may stand still.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <string>

namespace grfd::bench {

class Crowd {
 public:
  /// Forks: call it while the process has one thread.
  /// @param readers that read, all in one process  @param stopped one more, in a process that is stopped once it has
  /// connected: its connection stays open and nothing is taken from it
  Crowd(const std::string& feed, std::size_t readers, bool stopped);
  ~Crowd();
  Crowd(const Crowd&) = delete;

  /// Valid after the end. Holes: messages that `seq` shows to be missing, in all streams of all readers.
  struct Result {
    std::size_t messages, holes;
    int stop;
  };
  const Result& finish();

 private:
  Result* result_;
  pid_t readers_ = -1, stopped_ = -1;
};

}  // namespace grfd::bench
