#include "daemon/stream_sources.hpp"

#include <set>

namespace grfd {
namespace {

std::string device_in(const std::string& stream) {  // "raw/u6/scan"
  const std::size_t from = stream.find('/') + 1;
  return stream.substr(from, stream.find('/', from) - from);
}

void append(std::string& list, const std::string& word) { list += (list.empty() ? "" : ", ") + word; }

}  // namespace

void name_sources(const Settings& settings, StreamTable& streams) {
  for (std::size_t i = 0; i < streams.size(); ++i) {
    StreamInfo& info = streams.edit(static_cast<StreamId>(i));
    if (!info.device.empty() || info.kind == StreamKind::event) continue;
    if (info.kind == StreamKind::truth) {
      info.device = "stimulus";
      continue;
    }
    const std::size_t slash = info.name.rfind('/');
    const std::string last = slash == std::string::npos ? "" : info.name.substr(slash + 1);
    const bool whole_body = info.name.starts_with("reps"), one_plate = !whole_body && last != "total" && !last.empty();
    const bool of_ankles =
        info.name.find("ankle/") != std::string::npos || info.name.find("ankle_jcs/") != std::string::npos;
    const auto of_ankle = [&](const ImuSettings& imu) {
      return to_string(imu.side) == last && (imu.segment == Segment::shank || imu.segment == Segment::foot);
    };
    std::set<std::string> seen;
    const auto add = [&](const std::string& stream) {
      const std::string device = device_in(stream);
      if (!stream.empty() && seen.insert(device).second) append(info.device, device);
    };
    if (whole_body || !of_ankles)
      for (const PlateSettings& p : settings.plates)
        if (!one_plate || p.name == last) add(p.stream);
    if (whole_body || of_ankles)
      for (const ImuSettings& imu : settings.imus)
        if (whole_body || of_ankle(imu)) add(imu.stream);
  }
}

void name_serials(const std::map<std::string, std::string>& serials, StreamTable& streams) {
  for (std::size_t i = 0; i < streams.size(); ++i) {
    StreamInfo& info = streams.edit(static_cast<StreamId>(i));
    if (!info.serial.empty()) continue;
    for (std::size_t at = 0; at < info.device.size();) {
      const std::size_t end = std::min(info.device.find(", ", at), info.device.size());
      const auto found = serials.find(info.device.substr(at, end - at));
      if (found != serials.end() && !found->second.empty()) append(info.serial, found->second);
      at = end + 2;
    }
  }
}

}  // namespace grfd
