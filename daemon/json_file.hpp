// Small JSON files that the daemon keeps between sessions.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>

namespace grfd {

/// A new file takes the place of the old one at once, so that a crash leaves one of the two; the folder is made.
/// @throws std::runtime_error naming the file when it cannot be written
void replace_json_file(const std::filesystem::path& file, const nlohmann::ordered_json& content);

}  // namespace grfd
