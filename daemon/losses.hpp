// What was lost, from the rows of the stream `gaps`; and what each device lost, by cause.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace grfd {

/// A row "lost" of the stream `gaps`.
struct LostRow {
  std::string stream, cause;
  std::optional<std::uint64_t> count;  ///< of the stream's rows; none: nobody knows
  double seconds = 0;                  ///< of an outage
  bool open = false;                   ///< that lasted when the trial ended
};
/// @param detail {"stream", "cause", "count": -1 when nobody knows, "seconds" of an outage}
/// @return nothing when it is something else
std::optional<LostRow> parse_lost(std::string_view detail);

/// Sums the rows "lost" of the stream `gaps` (schemas/feed.md). One thread.
class Losses {
 public:
  void add(const std::string& detail);  ///< of a row "lost"; what is no loss of a device is ignored
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
