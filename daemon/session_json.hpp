// The session as the first block of a journal and, from there, as attributes of the recording.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "schemas/session.hpp"

namespace grfd {

inline constexpr const char* kJournalFormat = "grfd-journal";
inline constexpr const char* kRecordingFormat = "grfd-recording";
inline constexpr int kFormatVersion = 1;

/// "2026-11-25T20:30:00.000000000Z"; also for instants before 1970.
std::string utc_iso(std::int64_t utc_ns);
/// "20261125T203000Z", for names of files.
std::string utc_compact(std::int64_t utc_ns);

nlohmann::ordered_json session_to_json(const Session& session);

/// What a journal says about its session.
struct JournalSession {
  nlohmann::ordered_json json;
  StreamTable streams;
  TimeNs start = 0;
  std::int64_t start_utc_ns = 0;
};
/// @throws std::runtime_error in plain words when the text is not a session of this format and version.
JournalSession session_from_json(std::string_view text);

}  // namespace grfd
