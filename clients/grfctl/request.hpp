// The words of the command line -> a request of schemas/control.md.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

/// The right forms of a command in one sentence, for who has used it wrongly.
std::string command_forms(const std::string& verb);

/// @param words the command first  @param plate of --plate, may be empty  @param seconds of --seconds
/// @throws boost::program_options::error with the right form, for words that are no command
nlohmann::ordered_json to_request(const std::vector<std::string>& words, const std::string& plate,
                                  std::optional<double> seconds);
