// Who may look, and who may also command.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace grfd::monitor {

struct Grant {
  bool view = false, control = false;
  std::string id = {};  ///< of the paired browser; empty: not paired
};

/// One-time invitations (in memory, ten minutes) become tokens (kept as SHA-256 in `STATE/paired.json`, mode 0600, 30
/// days). Times are seconds since 1970, UTC, given by the caller.
class Pairing {
 public:
  static constexpr std::int64_t kInvitation_s = 600, kToken_s = 30 * 86400;
  static constexpr std::size_t kInvitations = 20, kTokens = 200;  ///< the oldest make room

  /// @throws std::runtime_error when the folder or the file in it cannot be used.
  explicit Pairing(std::filesystem::path folder);

  /// @return the secret of a new invitation.
  std::string invite(bool control, std::int64_t now_s);
  struct Paired {
    std::string token;
    Grant grant;
  };
  /// Uses up the invitation. @return nothing when there is none with this secret, or it is too old.
  std::optional<Paired> redeem(std::string_view secret, std::int64_t now_s);
  Grant grant(std::string_view token, std::int64_t now_s) const;
  /// Is this browser still paired? It may have been forgotten or its time be over.
  bool holds(const std::string& id, std::int64_t now_s) const;

  /// Paired pages: id, control, since_s.
  nlohmann::ordered_json list(std::int64_t now_s) const;
  /// @return how many are forgotten; "all" forgets every one.
  int forget(const std::string& id);
  std::uint64_t refused() const { return refused_; }

 private:
  struct Entry {
    bool control = false;
    std::int64_t since_s = 0;
  };
  void save() const;
  std::filesystem::path file_;
  std::map<std::string, Entry, std::less<>> invitations_, tokens_;  // by digest
  mutable std::uint64_t refused_ = 0;
};

/// Writes a file that only its owner may read, whole or not at all. @throws std::runtime_error
void write_private(const std::filesystem::path& path, const std::string& text);

}  // namespace grfd::monitor
