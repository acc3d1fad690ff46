#include "daemon/sinks/feed_status.hpp"

#include <utility>

#include "schemas/feed.hpp"

namespace grfd {

using Json = nlohmann::ordered_json;

void FeedStatus::open(const Session& session) {
  session_ = session.id;
  for (const DeviceSettings& d : session.settings.devices)
    devices_[d.name] = Json{{"state", "absent"}, {"required", d.required}};
}

bool FeedStatus::take(std::string_view stream, std::string_view row) {
  const std::size_t space = row.find(' ');
  const std::string_view name = row.substr(0, space);
  const bool counter = stream == "counters", command = stream == "commands";
  const bool device = stream == "events" && name == "device";
  const bool starts = command && name == "record_start", stops = command && name == "record_stop";
  if (!counter && !device && !starts && !stops) return false;
  Json detail = space == row.npos ? Json() : Json::parse(row.substr(space + 1), nullptr, false);
  if (!detail.is_object()) return false;
  if (counter) {
    counters_[std::string(name)] = detail.value("total", Json());
  } else if (device) {
    const auto found = detail.find("device");
    if (found == detail.end() || !found->is_string() || !devices_.contains(found->get<std::string>())) return false;
    Json& one = devices_[found->get<std::string>()];
    detail.erase("device");
    detail["required"] = one["required"];
    if (one == detail) return false;
    one = std::move(detail);
  } else {
    records_ = starts;
    recording_ = starts ? detail.value("name", std::string()) : std::string();
  }
  return true;
}

std::string FeedStatus::message(std::int64_t t_ns) const {
  return Json{{"v", kFeedVersion},   {"type", "status"},      {"session", session_}, {"t_ns", t_ns},
              {"devices", devices_}, {"recording", records_}, {"trial", recording_}, {"counters", counters_}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace grfd
