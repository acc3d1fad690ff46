// What each device lost, by cause.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace grfd {

/// Sums the rows "lost" of the stream `gaps` (schemas/feed.md). One thread.
class Losses {
 public:
  /// @param detail {"stream": "raw/<device>/...", "cause": ..., "count": rows or -1, "seconds": of an outage}; others
  ///        are ignored
  void add(const std::string& detail);
  /// {cause: {"gaps", "samples", "of_unknown_length", "seconds"}}; empty: it lost nothing.
  nlohmann::ordered_json of(const std::string& device) const;

 private:
  struct Loss {
    std::uint64_t gaps = 0, samples = 0, of_unknown_length = 0;
    double seconds = 0;
  };
  std::map<std::string, std::map<std::string, Loss>> by_device_;
};

}  // namespace grfd
