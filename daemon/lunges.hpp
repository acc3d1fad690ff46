// What knee-to-wall tests found, kept between sessions: offered after a restart, never used unasked.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace grfd {

/// The file lunges.json in the folder of recordings, by the code of the participant. An entry: `participant`, `side`,
/// `available_deg` (the best), `sd_deg` (null: one trial), `trials`, `zero_utc` (of the standing pose; empty: before
/// this session's start), `measured_utc`, `session`.
class LungeStore {
 public:
  using Json = nlohmann::ordered_json;
  /// @throws std::runtime_error naming the file when it exists and cannot be understood
  explicit LungeStore(const std::filesystem::path& folder);

  /// An entry takes the place of what was kept of its participant and side, and the file is written. Fewer than three
  /// trials that found less than another session did change nothing.
  /// @throws std::runtime_error when it cannot be written
  void keep(const Json& entry);
  /// Of this participant and side ("left", "right"); null: none.
  const Json* find(const std::string& participant, const std::string& side) const;
  const Json& to_json() const { return list_; }

 private:
  std::filesystem::path file_;
  Json list_ = Json::array();
};

}  // namespace grfd
