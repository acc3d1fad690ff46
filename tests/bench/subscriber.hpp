// A process that subscribes to the feed and to a bare publisher and notes when each row came.
#pragma once
#include <cstdint>
#include <string>

#include <sys/types.h>

namespace grfd::bench {

inline constexpr const char* kTopics[] = {"fast/plate/left", "raw/u6/scan",
                                          "cop/total"};  // at once; as delivered; computed from all devices

/// In memory that both processes share.
struct Received {
  struct Row {
    std::uint64_t seq;
    std::int64_t at;  ///< CLOCK_MONOTONIC
    std::uint32_t topic;
  };
  struct Bare {
    std::int64_t sent, at;
  };
  static constexpr std::size_t kMost = 100'000;
  std::size_t count, bare_count, messages;
  int stop;
  Row rows[kMost];
  Bare bare[kMost];
};

/// tcp://127.0.0.1 with a port that nobody uses now.
std::string free_endpoint();

class Subscriber {
 public:
  /// Forks: call it while the process has one thread.
  Subscriber(const std::string& feed, const std::string& bare);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  /// Ends the process. @return what it got, valid as long as this object
  const Received& finish();

 private:
  Received* received_;
  pid_t pid_ = -1;
};

}  // namespace grfd::bench
