// What a client that joins late must know and no later row says: the feed's message `status`.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "schemas/session.hpp"

namespace grfd {

/// Follows the text streams of a session. One thread.
class FeedStatus {
 public:
  /// Every device is "absent" until a row says otherwise.
  void open(const Session& session);
  /// A row of a text stream, "name {json}". @return whether something has changed
  bool take(std::string_view stream, std::string_view row);
  /// The header of the message (schemas/feed.md); `t_ns`: since the session's start.
  std::string message(std::int64_t t_ns) const;

 private:
  std::string session_;
  nlohmann::ordered_json devices_ = nlohmann::ordered_json::object(), counters_ = nlohmann::ordered_json::object();
  std::string recording_;  ///< name of the trial
  bool records_ = false;
};

}  // namespace grfd
