#include "daemon/losses.hpp"

#include "schemas/stream.hpp"

namespace grfd {

std::optional<LostRow> parse_lost(std::string_view detail) {
  const auto json = nlohmann::json::parse(detail, nullptr, false);
  if (!json.is_object() || !json.contains("stream") || !json["stream"].is_string() || !json.contains("count") ||
      !json["count"].is_number_integer())
    return std::nullopt;
  LostRow row{json["stream"], json.value("cause", ""), std::nullopt, json.value("seconds", 0.0),
              json.value("open", false)};
  if (const auto count = json["count"].get<std::int64_t>(); count >= 0) row.count = static_cast<std::uint64_t>(count);
  return row;
}

void Losses::add(const std::string& detail) {
  const auto row = parse_lost(detail);
  if (!row || row->open || device_in(row->stream).empty()) return;  // an open one is told again when it is over
  if (row->stream.ends_with("/sync") && !row->count)
    return;  // edges of the same outage; nobody knows whether there were any
  Loss& loss = by_device_[std::string(device_in(row->stream))][row->cause];
  ++loss.gaps;
  loss.samples += row->count.value_or(0);
  loss.of_unknown_length += !row->count;
  loss.seconds += row->seconds;
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
