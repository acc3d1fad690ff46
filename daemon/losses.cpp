#include "daemon/losses.hpp"

namespace grfd {

void Losses::add(const std::string& detail) {
  const auto json = nlohmann::json::parse(detail, nullptr, false);
  if (!json.is_object() || !json.contains("stream") || !json["stream"].is_string()) return;
  const std::string stream = json["stream"];
  const std::size_t from = stream.find('/') + 1, end = stream.find('/', from);
  if (!stream.starts_with("raw/") || end == std::string::npos) return;
  Loss& loss = by_device_[stream.substr(from, end - from)][json.value("cause", "")];
  ++loss.gaps;
  if (const std::int64_t count = json.value("count", std::int64_t{-1}); count < 0)
    ++loss.of_unknown_length;
  else
    loss.samples += static_cast<std::uint64_t>(count);
  loss.seconds += json.value("seconds", 0.0);
}

nlohmann::ordered_json Losses::of(const std::string& device) const {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  const auto found = by_device_.find(device);
  if (found == by_device_.end()) return all;
  for (const auto& [cause, loss] : found->second)
    all[cause] = {{"gaps", loss.gaps},
                  {"samples", loss.samples},
                  {"of_unknown_length", loss.of_unknown_length},
                  {"seconds", loss.seconds}};
  return all;
}

}  // namespace grfd
