#include "daemon/trial_troubles.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/event_text.hpp"
#include "schemas/sample.hpp"

namespace grfd {
namespace {
using Json = nlohmann::ordered_json;

struct TextRow {
  double t_s;
  std::string name;
  Json detail;
};

std::vector<TextRow> text_rows(hid_t file, const std::string& stream) {
  std::vector<TextRow> all;
  if (!h5::exists(file, "streams/" + stream)) return all;
  const h5::Id group = h5::open(file, "streams/" + stream);
  const std::vector<std::string> names = h5::read_texts(group, "name"), details = h5::read_texts(group, "detail");
  std::vector<double> t(names.size());
  if (!t.empty()) h5::read_rows(h5::open(group, "t"), H5T_NATIVE_DOUBLE, 0, t.size(), t.data());
  for (std::size_t i = 0; i < names.size() && i < details.size(); ++i)
    all.push_back({t[i], names[i], Json::parse(details[i], nullptr, false)});
  return all;
}

std::string text(const Json& detail, const char* key) {
  return detail.is_object() && detail.contains(key) && detail[key].is_string() ? detail[key].get<std::string>() : "";
}

bool refused(const Json& detail) { return detail.is_object() && detail.value("accepted", Json()) == false; }

/// "tare refused at 2.4 s: left: a person stands on the plate"
std::string refusal(const TextRow& row) {
  char at[32];
  std::snprintf(at, sizeof at, "%.1f s", row.t_s);
  std::string what = row.name.substr(0, row.name.find("_result"));
  what += std::string(" refused at ") + at;
  if (const std::string reason = text(row.detail, "reason"); !reason.empty()) what += ": " + reason;
  if (row.detail.contains("plates") && row.detail["plates"].is_array())
    for (const Json& plate : row.detail["plates"])
      if (refused(plate)) what += "; " + text(plate, "plate") + ": " + text(plate, "reason");
  return what;
}

/// "nothing in raw/u6/scan for 3.0 s up to the end (unplugged)"
std::string outage(const TextRow& row) {
  char lasted[32];
  std::snprintf(lasted, sizeof lasted, "%.1f s", row.detail["seconds"].get<double>());
  return "nothing in " + text(row.detail, "stream") + " for " + lasted +
         (row.detail.value("open", false) ? " up to the end" : "") + " (" + text(row.detail, "cause") + ")";
}

/// "at 105.2 s raw/u6/scan: its time jumped by +0.200 s, ..."
std::string clock_step(const TextRow& row) {
  char at[40];
  std::snprintf(at, sizeof at, "at %.1f s ", row.t_s);
  return at + event_text(row.name, row.detail.dump());
}

/// "plate/left: 350 samples (0.35 s) at the end of the range": empty when there are none.
std::string beyond_range(hid_t group, const std::string& stream) {
  constexpr hsize_t kRows = 1 << 16;
  const h5::Id dataset = h5::open(group, "flags");
  const hsize_t rows = h5::shape(dataset).at(0);
  std::vector<std::uint16_t> flags;
  std::size_t clipped = 0;
  for (hsize_t at = 0; at < rows; at += kRows) {
    flags.resize(std::min(kRows, rows - at));
    h5::read_rows(dataset, H5T_NATIVE_UINT16, at, flags.size(), flags.data());
    clipped += static_cast<std::size_t>(
        std::count_if(flags.begin(), flags.end(), [](std::uint16_t f) { return (f & kClipped) != 0; }));
  }
  if (clipped == 0) return "";
  char figures[80];
  std::snprintf(figures, sizeof figures, ": %zu sample%s (%.3g s) at the end of the range", clipped,
                clipped == 1 ? "" : "s", static_cast<double>(clipped) / h5::number_attribute(group, "rate_hz"));
  return stream + figures;
}

/// "tap at 61.2 s: imu_foot_left moved by +2.31 ms ..."
void moved_by_tap(const TextRow& row, std::vector<std::string>& all) {
  char at[40];
  std::snprintf(at, sizeof at, "tap at %.1f s: ", row.t_s);
  for (const std::string& sensor : moved_sensors(row.detail.dump())) all.push_back(at + sensor);
}

/// Plates that had no zero when the recording began, as its row "zeros" says, and got none during it.
void never_zeroed(hid_t file, const std::vector<TextRow>& events, std::vector<std::string>& all) {
  std::vector<std::string> names;
  for (const TextRow& row : text_rows(file, "commands"))
    if (row.name == "zeros" && row.detail.is_object())
      for (const Json& p : row.detail.value("plates", Json::array()))
        if (p.value("zeroed_s", Json()).is_null()) names.push_back(text(p, "plate"));
  for (const std::string& name : names) {
    const bool later = std::any_of(events.begin(), events.end(), [&](const TextRow& row) {
      if (!row.detail.is_object()) return false;
      if (row.name == "drift_zero")
        return text(row.detail, "plate") == name && text(row.detail, "state") == "following";
      if (row.name != "tare_result" && row.name != "zeros_result") return false;
      for (const Json& p : row.detail.value("plates", Json::array()))
        if (text(p, "plate") == name && p.value("accepted", false)) return true;
      return false;
    });
    if (!later) all.push_back("plate " + name + " was never zeroed: its forces hold an unknown offset");
  }
}

/// When this plate was zeroed by a tare after `t_s`; NaN: never.
double zeroed_after(const std::vector<TextRow>& events, const std::string& plate, double t_s) {
  for (const TextRow& row : events)
    if (row.name == "tare_result" && row.t_s > t_s && row.detail.is_object())
      for (const Json& p : row.detail.value("plates", Json::array()))
        if (text(p, "plate") == plate && p.value("accepted", false)) return row.t_s;
  return std::nan("");
}

/// Plates that stand on a zero of an earlier session: when the recording began, as its row "zeros" says, or taken
/// later. A line for each plate.
void zeroed_before(hid_t file, const std::vector<TextRow>& events, std::vector<std::string>& all) {
  std::set<std::string> told;
  const auto tell = [&](const std::string& plate, const std::string& utc, double since_s) {
    if (utc.empty() || !told.insert(plate).second) return;
    const double until_s = zeroed_after(events, plate, since_s);
    char end[64] = ": a zero wanders with temperature and time";
    if (std::isfinite(until_s)) std::snprintf(end, sizeof end, ", until it was zeroed at %.1f s", until_s);
    all.push_back("plate " + plate + " stands on a zero of an earlier session, of " + utc + end);
  };
  const std::vector<TextRow> commands = text_rows(file, "commands");
  for (const TextRow& row : commands)
    if (row.name == "zeros" && row.detail.is_object())
      for (const Json& p : row.detail.value("plates", Json::array()))
        if (text(p, "by") == "kept") tell(text(p, "plate"), text(p, "zeroed_utc"), row.t_s);
  for (const TextRow& result : events) {
    if (result.name != "zeros_result" || !result.detail.is_object()) continue;
    for (const TextRow& row : commands)
      if (row.name == "zeros_use" && row.detail.is_object() &&
          row.detail.value("id", Json()) == result.detail.value("id", Json(0)))
        for (const Json& p : result.detail.value("plates", Json::array()))
          if (!refused(p))
            tell(text(p, "plate"), text(row.detail, (text(p, "plate") + " measured_utc").c_str()), result.t_s);
  }
}

}  // namespace

std::vector<std::string> trial_troubles(hid_t file, const std::vector<std::string>& streams) {
  std::vector<std::string> all;
  if (const std::int64_t lost = h5::int_attribute(file, "lost_on_disk"); lost > 0)
    all.push_back(std::to_string(lost) + " samples could not be written: the disk was full or failed");
  if (h5::int_attribute(file, "clean_end") == 0)
    all.push_back("the recording was cut off: its end, and what was lost last, are not in the file");
  const std::vector<TextRow> events = text_rows(file, "events");
  for (const std::string& stream : streams) {
    const h5::Id group = h5::open(file, "streams/" + stream);
    const std::string kind = h5::text_attribute(group, "kind");
    if ((kind != "raw" && kind != "calibrated") || !(h5::number_attribute(group, "rate_hz") > 0)) continue;
    if (std::string clipped = beyond_range(group, stream); !clipped.empty()) all.push_back(std::move(clipped));
    if (kind != "raw" || h5::shape(h5::open(group, "flags")).at(0) > 0) continue;
    const std::string device = h5::text_attribute(group, "device");
    std::string why;
    for (const TextRow& row : events)
      if (row.name == "device" && text(row.detail, "device") == device) {
        why = ": " + device + " is " + text(row.detail, "state");
        if (const std::string trouble = text(row.detail, "trouble"); !trouble.empty()) why += " (" + trouble + ")";
      }
    all.push_back("no samples in " + stream + why);
  }
  for (const TextRow& row : text_rows(file, "gaps"))
    if (row.name == "lost" && row.detail.is_object() && row.detail.contains("seconds") &&
        row.detail["seconds"].is_number() && !text(row.detail, "stream").ends_with("/sync"))
      all.push_back(outage(row));
    else if (row.name == "lost" && row.detail.is_object() && row.detail.contains("jump_s"))
      all.push_back(clock_step(row));
  for (const TextRow& row : events)
    if (row.name == "negative_force" || row.name == "lunge_cleared" || row.name == "pose_waiting" ||
        (row.name == "mass_result" && row.detail.is_object() && row.detail.value("within", true) == false) ||
        (row.name == "pose_result" && row.detail.contains("left_out") && !refused(row.detail)))
      all.push_back(event_text(row.name, row.detail.dump()));
  for (const TextRow& row : events)
    if (row.name.ends_with("_result") && refused(row.detail)) all.push_back(refusal(row));
  for (const TextRow& row : events)
    if (row.name == "tap_result" && row.detail.is_object()) moved_by_tap(row, all);
  never_zeroed(file, events, all);
  zeroed_before(file, events, all);
  return all;
}

}  // namespace grfd
