// StreamInfo as JSON: the same text in feed, journal and file.
#pragma once
#include <nlohmann/json.hpp>

#include "schemas/stream.hpp"

namespace grfd {

const char* to_string(StreamKind kind);
const char* to_string(ValueType type);
/// @throws std::invalid_argument on an unknown word.
StreamKind stream_kind(std::string_view word);
ValueType value_type(std::string_view word);

nlohmann::ordered_json to_json(const StreamInfo& info);
/// @throws nlohmann::json::exception or std::invalid_argument when a field is missing or wrong.
StreamInfo stream_from_json(const nlohmann::ordered_json& json);

}  // namespace grfd
