#include "daemon/summary.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "daemon/clock_lines.hpp"
#include "daemon/h5.hpp"
#include "daemon/losses.hpp"
#include "daemon/recording_file.hpp"
#include "daemon/summary_text.hpp"
#include "daemon/trial_troubles.hpp"
#include "dsp/parameter_text.hpp"
#include "dsp/squat_types.hpp"

namespace grfd {
namespace {

using Json = nlohmann::ordered_json;

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<double>> rows;
  double at(std::size_t row, const std::string& column) const {
    const auto i = static_cast<std::size_t>(std::find(columns.begin(), columns.end(), column) - columns.begin());
    return i < columns.size() ? rows[row][i] : NAN;
  }
};

/// All rows, a block at a time, as doubles.
void each_row(hid_t group, const std::function<void(const double*)>& visit) {
  const h5::Id dataset = h5::open(group, "values");
  const h5::Shape shape = h5::shape(dataset);
  if (shape.size() != 2) return;
  std::vector<double> block(8192 * shape[1]);
  for (hsize_t at = 0; at < shape[0]; at += 8192) {
    const hsize_t n = std::min<hsize_t>(8192, shape[0] - at);
    h5::read_rows(dataset, H5T_NATIVE_DOUBLE, at, n, block.data());
    for (hsize_t i = 0; i < n; ++i) visit(block.data() + i * shape[1]);
  }
}

Table table(hid_t file, const std::string& stream) {
  Table t;
  const std::string path = "streams/" + stream;
  if (!h5::exists(file, path)) return t;
  const h5::Id group = h5::open(file, path);
  t.columns = h5::read_texts(group, "columns");
  each_row(group, [&](const double* row) { t.rows.emplace_back(row, row + t.columns.size()); });
  return t;
}

/// Names of all streams, in alphabetical order.
void find_streams(hid_t group, const std::string& prefix, std::vector<std::string>& names) {
  for (const std::string& child : h5::children(group)) {
    const h5::Id object = h5::open(group, child);
    if (!h5::is_group(object)) continue;
    if (h5::exists(object, "flags"))
      names.push_back(prefix + child);
    else
      find_streams(object, prefix + child + "/", names);
  }
}

struct StreamLosses {
  std::size_t gaps = 0;
  bool unknown = false;  ///< of at least one nobody knows how many samples it cost
  double seconds = 0;    ///< of outages
};

/// What the stream gaps says, by stream.
std::map<std::string, StreamLosses> losses(hid_t file) {
  std::map<std::string, StreamLosses> all;
  if (!h5::exists(file, "streams/gaps")) return all;
  for (const std::string& text : h5::read_texts(h5::open(file, "streams/gaps"), "detail")) {
    const auto row = parse_lost(text);
    if (!row) continue;
    StreamLosses& l = all[row->stream];
    ++l.gaps;
    l.unknown |= !row->count;
    l.seconds += row->seconds;
  }
  return all;
}

/// As declared; a computed one as the last repetition has it, which knows all ascents.
std::string dominant_side(hid_t file) {
  if (h5::text_attribute(file, "dominance_method") != "computed") return h5::text_attribute(file, "dominant_side");
  const Table rows = table(file, "reps_asymmetry");
  const double code = rows.rows.empty() ? 0 : rows.at(rows.rows.size() - 1, "dominant");
  return to_string(code == 1 ? Dominant::left : code == 2 ? Dominant::right : Dominant::unknown);
}

/// Was an ankle measured without anybody having entered how the tibia stands?
bool no_inclinometer(hid_t file) {
  for (const char* side : {"left", "right"}) {
    const std::string path = std::string("streams/ankle/") + side;
    if (!h5::exists(file, path)) continue;
    const h5::Id ankle = h5::open(file, path);
    if (h5::text_attribute(ankle, "parameters").find(kNoInclinometer) == std::string::npos) continue;
    bool angles = false;
    each_row(ankle, [&](const double* row) { angles |= std::isfinite(row[0]); });
    if (angles) return true;
  }
  return false;
}

/// Why no accepted repetition has a rate of this ankle, from what its rows and the streams of its sensors say.
std::string why_not_measured(hid_t file, const std::string& side, const Table& pair, const Table& rows,
                             const Json& streams) {
  if (!h5::exists(file, "streams/ankle/" + side)) return "it has no two sensors";
  const h5::Id ankle = h5::open(file, "streams/ankle/" + side);
  const std::string devices = ", " + h5::text_attribute(ankle, "device") + ",";
  std::string silent;
  for (const Json& s : streams) {
    const std::string name = s["name"], first = "raw/", last = "/inertial";
    if (!name.starts_with(first) || !name.ends_with(last) || s["rows"] != 0) continue;
    const std::string device = name.substr(first.size(), name.size() - first.size() - last.size());
    if (devices.find(", " + device + ",") != std::string::npos) silent += (silent.empty() ? "" : " and ") + device;
  }
  if (!silent.empty()) return silent + " gave nothing";
  bool angles = false;
  each_row(ankle, [&](const double* row) { angles |= std::isfinite(row[0]); });
  if (!angles) return "its angle was never known: no standing pose, or an axis (ml_axis_left) that points up";
  std::map<int, std::size_t> reasons;
  for (std::size_t i = 0; i < pair.rows.size(); ++i)
    if (pair.at(i, "reason") == 0) ++reasons[static_cast<int>(rows.at(i, "reason"))];
  constexpr const char* kWhy[] = {"unknown",
                                  "gaps in its data",
                                  "it moved by less than 3 deg",
                                  "rejected",
                                  "it has no two sensors",
                                  "no repetition began at its standing angle",
                                  "onset or finish lay outside the repetition"};
  std::string text;
  for (const auto& [reason, count] : reasons) {
    if (!text.empty()) text += "; ";
    text += kWhy[reason >= 0 && reason < 7 ? reason : 0];
    if (reasons.size() > 1) text += " (" + std::to_string(count) + ")";
  }
  return text;
}

/// "2 too shallow, 1 no ankle motion"
std::string rejections(const Table& pair) {
  std::map<int, std::size_t> reasons;
  for (std::size_t i = 0; i < pair.rows.size(); ++i)
    if (const double reason = pair.at(i, "reason"); reason != 0) ++reasons[static_cast<int>(reason)];
  std::string text;
  for (const auto& [reason, count] : reasons)
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " +
            std::string(to_string(static_cast<RejectReason>(reason)));
  return text;
}

Json summarise(const std::string& path) {
  const h5::Id file = open_recording(path);
  Json all{{"file", path},
           {"participant", h5::text_attribute(file, "participant_code")},
           {"start_utc", h5::text_attribute(file, "start_utc")}};
  all["dominance_method"] = h5::text_attribute(file, "dominance_method");
  all["dominant_side"] = dominant_side(file);

  std::vector<std::string> names;
  find_streams(h5::open(file, "streams"), "", names);
  Json streams = Json::array();
  const std::map<std::string, StreamLosses> lost = losses(file);
  double longest_s = 0;
  for (const std::string& name : names) {
    const h5::Id group = h5::open(file, "streams/" + name);
    const hsize_t rows = h5::shape(h5::open(group, "flags")).at(0);
    std::uint64_t missing = 0;
    if (rows > 1 && h5::exists(group, "seq")) {
      std::vector<std::uint64_t> seq(rows);
      h5::read_rows(h5::open(group, "seq"), H5T_NATIVE_UINT64, 0, rows, seq.data());
      for (std::size_t i = 1; i < rows; ++i)
        if (seq[i] > seq[i - 1] + 1) missing += seq[i] - seq[i - 1] - 1;
    }
    double duration = 0;
    if (rows > 1) {
      double first, last;
      const h5::Id t = h5::open(group, "t");
      h5::read_rows(t, H5T_NATIVE_DOUBLE, 0, 1, &first);
      h5::read_rows(t, H5T_NATIVE_DOUBLE, rows - 1, 1, &last);
      duration = last - first;
    }
    longest_s = std::max(longest_s, duration);
    const auto found = lost.find(name);
    const StreamLosses l = found == lost.end() ? StreamLosses{} : found->second;
    streams.push_back({{"name", name},
                       {"rows", rows},
                       {"missing", missing},
                       {"gaps", l.gaps},
                       {"missing_unknown", l.unknown},
                       {"outage_s", l.seconds},
                       {"seconds", duration}});
  }
  all["seconds"] = longest_s;
  all["streams"] = streams;
  Json clocks = Json::array();
  for (const ClockLine& c : exact_clock_lines(file))
    clocks.push_back({{"device", c.device},
                      {"epoch", c.epoch},
                      {"number", c.number},
                      {"first", c.first},
                      {"rows", c.rows},
                      {"at_first_s", c.at_first_s},
                      {"interval_s", c.interval_s},
                      {"drift_ppm", c.drift_ppm},
                      {"offset_s", c.offset_s},
                      {"worst_s", c.worst_s},
                      {"worst_unsettled_s", c.worst_unsettled_s}});
  all["clocks"] = clocks;
  all["troubles"] = trial_troubles(file, names);

  // The events of a recording that was played, which is of forces alone: emulated inertial sensors lay still.
  const bool at_rest = h5::exists(file, "streams/truth/events") && h5::exists(file, "streams/ankle");
  all["ankles_at_rest"] = at_rest;
  all["no_inclinometer_entry"] = !at_rest && no_inclinometer(file);
  const auto of_ankle = [&](double v) { return !at_rest && std::isfinite(v) ? Json(v) : Json(nullptr); };
  const Table pair = table(file, "reps/pair"), left = table(file, "reps/left"), right = table(file, "reps/right");
  const std::array<Table, 2> loads = {table(file, "reps_load/left"), table(file, "reps_load/right")};
  const auto force = [&](std::size_t side, std::size_t i, const char* column) {  // rows as those of reps/pair
    const Table& t = loads[side];
    return i < t.rows.size() && t.at(i, "rep") == pair.at(i, "rep") ? t.at(i, column) : std::nan("");
  };
  Json reps = Json::array();
  constexpr const char* kFirst[] = {"none", "both", "left", "right", "unknown"};
  constexpr const char* kKind[] = {"none", "stopped_early", "ran_out_of_room", "room_not_measured"};
  const auto kind = [&](const Table& side, std::size_t i) {
    const double code = side.at(i, "plateau_kind");
    return code >= 0 && code < 4 && !at_rest ? kKind[static_cast<std::size_t>(code)] : "unknown";
  };
  std::size_t rejected = 0;
  for (std::size_t i = 0; i < pair.rows.size(); ++i) {
    if (pair.at(i, "reason") != 0) {
      ++rejected;
      continue;
    }
    const auto first = static_cast<std::size_t>(pair.at(i, "first_out"));
    reps.push_back({{"t_start_s", pair.at(i, "t_start")},
                    {"rate_left_deg_s", of_ankle(left.at(i, "rate_fit"))},
                    {"rate_right_deg_s", of_ankle(right.at(i, "rate_fit"))},
                    {"range_left_deg", of_ankle(left.at(i, "range"))},
                    {"range_right_deg", of_ankle(right.at(i, "range"))},
                    {"first_out", first < 5 && !at_rest ? kFirst[first] : "unknown"},
                    {"finish_lag_rl_s", of_ankle(pair.at(i, "finish_lag_rl"))},
                    {"available_left_deg", of_ankle(left.at(i, "available"))},
                    {"available_right_deg", of_ankle(right.at(i, "available"))},
                    {"used_left_percent", of_ankle(left.at(i, "used"))},
                    {"used_right_percent", of_ankle(right.at(i, "used"))},
                    {"plateau_kind_left", kind(left, i)},
                    {"plateau_kind_right", kind(right, i)},
                    {"bai_standing_rl", pair.at(i, "bai_standing_rl")},
                    {"bai_bottom_rl", pair.at(i, "bai_bottom_rl")},
                    {"fz_standing_left_n", force(0, i, "fz_standing")},
                    {"fz_standing_right_n", force(1, i, "fz_standing")},
                    {"fz_bottom_left_n", force(0, i, "fz_bottom")},
                    {"fz_bottom_right_n", force(1, i, "fz_bottom")},
                    {"drop_m", pair.at(i, "drop")}});
  }
  all["repetitions"] = reps;
  all["rejected_repetitions"] = rejected;
  all["rejected_because"] = rejections(pair);
  Json unmeasured = Json::object();
  for (const auto& [side, rows] : {std::pair{"left", &left}, std::pair{"right", &right}}) {
    const std::string key = std::string("rate_") + side + "_deg_s";
    if (!at_rest && !reps.empty() &&
        std::none_of(reps.begin(), reps.end(), [&](const Json& r) { return r[key].is_number(); }))
      unmeasured[side] = why_not_measured(file, side, pair, *rows, streams);
  }
  all["ankles_not_measured"] = unmeasured;
  double sum = 0;
  std::uint64_t n = 0;
  if (h5::exists(file, "streams/asymmetry"))
    each_row(h5::open(file, "streams/asymmetry"), [&](const double* row) {
      if (std::isfinite(row[0])) sum += row[0], ++n;
    });
  all["mean_load_bai_rl"] = n ? Json(sum / static_cast<double>(n)) : Json(nullptr);
  return all;
}

}  // namespace

void print_summary(const std::string& h5_file, bool json) {
  const Json s = summarise(h5_file);
  if (json)
    std::printf("%s\n", s.dump().c_str());
  else
    print_summary_text(s);
}

int run_summary(const std::vector<std::string>& args, bool json) {
  int worst = 0;
  Json all = Json::array();
  for (const std::string& path : args) try {
      const Json s = summarise(path);
      if (json)
        all.push_back(s);
      else
        print_summary_text(s);
    } catch (const std::exception& e) {
      worst = 1;
      if (json)
        all.push_back({{"file", path}, {"error", e.what()}});
      else
        std::fprintf(stderr, "%s: %s\n", path.c_str(), e.what());
    }
  if (json) std::printf("%s\n", all.dump().c_str());
  return worst;
}

}  // namespace grfd
