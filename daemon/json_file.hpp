// Small JSON files that the daemon keeps between sessions.
#pragma once
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace grfd {

/// Calls `take` for each entry of the list `name` in the file; there need be no file. What `take` throws is an entry
/// that is not as it should be.
/// @throws std::runtime_error naming the file, what it should hold and `mend`, what to do about it
void read_json_list(const std::filesystem::path& file, const std::string& name, const std::string& what,
                    const std::string& mend, const std::function<void(nlohmann::ordered_json&)>& take);

/// A new file takes the place of the old one at once, so that a crash leaves one of the two; the folder is made.
/// @throws std::runtime_error naming the file when it cannot be written
void replace_json_file(const std::filesystem::path& file, const nlohmann::ordered_json& content);

}  // namespace grfd
