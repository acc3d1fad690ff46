#include "daemon/summary.hpp"

#include <algorithm>
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
#include "daemon/recording.hpp"
#include "daemon/trial_troubles.hpp"
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
  refuse_journal(path);
  const h5::Id file = h5::open_file(path);
  Json all{{"file", path},
           {"participant", h5::text_attribute(file, "participant_code")},
           {"start_utc", h5::text_attribute(file, "start_utc")}};
  const std::string dominant = h5::text_attribute(file, "dominant_side");
  all["dominant_side"] = dominant;

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
  const auto of_ankle = [&](double v) { return !at_rest && std::isfinite(v) ? Json(v) : Json(nullptr); };
  const Table pair = table(file, "reps/pair"), left = table(file, "reps/left"), right = table(file, "reps/right");
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
                    {"plateau_kind_left", kind(left, i)},
                    {"plateau_kind_right", kind(right, i)},
                    {"bai_standing_rl", pair.at(i, "bai_standing_rl")},
                    {"bai_bottom_rl", pair.at(i, "bai_bottom_rl")},
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

double mean(const Json& reps, const std::string& key) {
  double sum = 0;
  std::size_t n = 0;
  for (const Json& r : reps)
    if (r[key].is_number() && std::isfinite(r[key].get<double>())) sum += r[key].get<double>(), ++n;
  return n ? sum / static_cast<double>(n) : NAN;
}

/// Which ankle stopped first. Out of room is only what has used its measured room (dsp/README.md, plateau_kind).
void print_order(const Json& reps, const std::function<const char*(const char*)>& role) {
  std::map<std::string, int> firsts;
  for (const Json& r : reps) ++firsts[r["first_out"].get<std::string>()];
  for (const char* side : {"left", "right"})
    if (firsts.count(side)) {
      Json these = Json::array();
      std::map<std::string, int> kinds;
      for (const Json& r : reps)
        if (r["first_out"] == side) {
          these.push_back(r);
          ++kinds[r[std::string("plateau_kind_") + side].get<std::string>()];
        }
      std::printf("  * stopped first            %s ankle%s in %d of %zu, by %.0f ms", side, role(side), firsts[side],
                  reps.size(), 1000 * std::abs(mean(these, "finish_lag_rl_s")));
      if (kinds.count("ran_out_of_room")) std::printf("; out of room in %d", kinds["ran_out_of_room"]);
      if (kinds.count("room_not_measured")) std::printf("; room not measured");
      std::printf("\n");
    }
  if (firsts.count("both")) std::printf("  * both stopped together    in %d of %zu\n", firsts["both"], reps.size());
  if (firsts.count("unknown"))
    std::printf("  * which stopped first      not known in %d of %zu\n", firsts["unknown"], reps.size());
  if (firsts.count("none")) std::printf("  * neither stopped          in %d of %zu\n", firsts["none"], reps.size());
  if (firsts.size() > firsts.count("unknown")) std::printf("  * exploratory: a hypothesis, neither good nor bad\n");
}

void print(const Json& s) {
  std::printf("\n%s\n  %.1f s, started %s, participant %s\n\n", s["file"].get<std::string>().c_str(),
              s["seconds"].get<double>(), s["start_utc"].get<std::string>().c_str(),
              s["participant"].get<std::string>().c_str());
  std::printf("  %-32s %12s %6s %10s\n", "stream", "samples", "gaps", "missing");
  for (const Json& line : s["streams"])
    if (line["rows"].get<std::uint64_t>() > 0 && line["name"].get<std::string>().rfind("truth/", 0) != 0) {
      std::string missing = std::to_string(line["missing"].get<std::uint64_t>());
      if (line["missing_unknown"]) missing += " + ?";  // the device did not count
      std::printf("  %-32s %12llu %6zu %10s", line["name"].get<std::string>().c_str(),
                  static_cast<unsigned long long>(line["rows"].get<std::uint64_t>()), line["gaps"].get<std::size_t>(),
                  missing.c_str());
      if (const double outage_s = line["outage_s"]; outage_s > 0) std::printf("   away for %.2f s", outage_s);
      std::printf("\n");
    }
  if (!s["clocks"].empty())
    std::printf("\n  %-32s %12s %17s %19s\n", "clock, exact line of the record", "drift, ppm", "t is off by, us",
                "while settling, us");
  const auto microseconds = [](const Json& x) {
    const double us = x.is_number() ? 1e6 * x.get<double>() : NAN;
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", us);
    return std::string(std::isfinite(us) ? text : "-");
  };
  for (const Json& c : s["clocks"]) {
    std::string name = c["device"];
    if (const auto epoch = c["epoch"].get<std::uint64_t>()) name += ", epoch " + std::to_string(epoch);
    const double ppm = c["drift_ppm"];
    const char* way = std::abs(ppm) < 0.005 ? "" : ppm > 0 ? "   fast" : "   slow";
    std::printf("  %-32s %+12.2f %17s %19s%s\n", name.c_str(), ppm, microseconds(c["worst_s"]).c_str(),
                microseconds(c["worst_unsettled_s"]).c_str(), way);
  }
  const char* heading = "\n  attention                  ";
  for (const Json& trouble : s["troubles"]) {
    std::printf("%s%s\n", heading, trouble.get<std::string>().c_str());
    heading = "                             ";
  }
  const Json& reps = s["repetitions"];
  std::printf("\n  repetitions found          %zu%s\n", reps.size(),
              s["rejected_repetitions"].get<std::size_t>()
                  ? (" (and " + std::to_string(s["rejected_repetitions"].get<std::size_t>()) +
                     " rejected: " + s["rejected_because"].get<std::string>() + ")")
                        .c_str()
                  : "");
  if (s["mean_load_bai_rl"].is_number()) {
    const double bai = s["mean_load_bai_rl"];
    std::printf("  load asymmetry             %.1f %% more on the %s, on average\n", std::abs(bai),
                bai >= 0 ? "right" : "left");
  }
  if (s["ankles_at_rest"])
    std::printf(
        "  ankles                     not measured: the recording of forces that was played moves no inertial "
        "sensor; the emulated ones lay still\n");
  if (reps.empty()) return;
  std::printf("                             %.1f %% while standing, %.1f %% at the bottom (+ = right)\n",
              mean(reps, "bai_standing_rl"), mean(reps, "bai_bottom_rl"));
  const std::string dominant = s["dominant_side"];
  const auto role = [&](const char* side) {
    return dominant == side ? " (dominant)" : dominant == "left" || dominant == "right" ? " (non-dominant)" : "";
  };
  for (const char* side : {"left", "right"}) {
    if (s["ankles_at_rest"]) break;
    const double rate = mean(reps, std::string("rate_") + side + "_deg_s");
    if (std::isfinite(rate))
      std::printf("  dorsiflexion rate %-8s %.1f deg/s%s, range %.1f deg\n", side, rate, role(side),
                  mean(reps, std::string("range_") + side + "_deg"));
    else
      std::printf("  dorsiflexion rate %-8s not measured%s: %s\n", side, role(side),
                  s["ankles_not_measured"].value(side, "no repetition has this ankle").c_str());
  }
  print_order(reps, role);
  const std::string path = s["file"];
  std::printf(
      "\n  the file                   %s\n  look at it                 %s verify %s\n"
      "                             python3 -c \"import h5py; f = h5py.File('%s'); "
      "print(f['streams/ankle/left/columns'][:], f['streams/ankle/left/values'][:])\"\n\n",
      path.c_str(), program_invocation_name, path.c_str(), path.c_str());
}

}  // namespace

void print_summary(const std::string& h5_file, bool json) {
  const Json s = summarise(h5_file);
  if (json)
    std::printf("%s\n", s.dump().c_str());
  else
    print(s);
}

int run_summary(const std::vector<std::string>& args, bool json) {
  int worst = 0;
  Json all = Json::array();
  for (const std::string& path : args) try {
      const Json s = summarise(path);
      if (json)
        all.push_back(s);
      else
        print(s);
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
