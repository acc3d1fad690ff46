#include "daemon/summary_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "dsp/asymmetry.hpp"
#include "dsp/parameter_text.hpp"

namespace grfd {
namespace {

using Json = nlohmann::ordered_json;

double mean(const Json& reps, const std::string& key) {
  double sum = 0;
  std::size_t n = 0;
  for (const Json& r : reps)
    if (r[key].is_number() && std::isfinite(r[key].get<double>())) sum += r[key].get<double>(), ++n;
  return n ? sum / static_cast<double>(n) : NAN;
}

/// The room of an ankle (knee-to-wall), and how much of it was used. It may have been measured between two repetitions.
void print_room(const Json& reps, const std::string& side) {
  const std::string available = "available_" + side + "_deg", used = "used_" + side + "_percent";
  for (std::size_t first = 0, next = 0; first < reps.size(); first = next) {
    Json these = Json::array();
    for (; next < reps.size() && reps[next][available] == reps[first][available]; ++next) these.push_back(reps[next]);
    if (!reps[first][available].is_number()) continue;
    std::printf("  * room of ankle %-10s %.1f deg (knee-to-wall)", side.c_str(), reps[first][available].get<double>());
    if (const double share = mean(these, used); std::isfinite(share)) std::printf(", %.0f %% of it used", share);
    if (these.size() < reps.size()) std::printf(", in %zu repetitions", these.size());
    std::printf("\n");
  }
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
    std::printf("  * which stopped first      not known in %d of %zu%s\n", firsts["unknown"], reps.size(),
                std::isfinite(mean(reps, "drop_m")) ? "" : ": that takes a plate under each foot");
  if (firsts.count("none")) std::printf("  * neither stopped          in %d of %zu\n", firsts["none"], reps.size());
  std::printf("  * exploratory: a hypothesis, neither good nor bad\n");
}

/// Where the repetitions carry unequal loads, the asymmetry of their mean forces is another one than the mean of their
/// asymmetries; then both are told.
void print_asymmetry_of_means(const Json& reps) {
  for (const char* phase : {"standing", "bottom"}) {
    const std::string fz = std::string("fz_") + phase;
    const double of_means = asymmetry::bai1(mean(reps, fz + "_right_n"), mean(reps, fz + "_left_n"));
    if (std::abs(of_means - mean(reps, std::string("bai_") + phase + "_rl")) > 1)
      std::printf("                             %.1f %% of the mean forces %s\n", of_means,
                  phase[0] == 's' ? "while standing" : "at the bottom");
  }
}

}  // namespace

void print_summary_text(const Json& s) {
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
  if (s["no_inclinometer_entry"])
    std::printf("  shank to the vertical      %s (participant.standing_shank_deg)\n", kNoInclinometer);
  if (reps.empty()) return;
  if (std::isfinite(mean(reps, "bai_standing_rl")))
    std::printf("                             %.1f %% while standing, %.1f %% at the bottom (+ = right)\n",
                mean(reps, "bai_standing_rl"), mean(reps, "bai_bottom_rl"));
  print_asymmetry_of_means(reps);
  const std::string dominant = s["dominant_side"];
  const auto role = [&](const char* side) {
    return dominant == side ? " (dominant)" : dominant == "left" || dominant == "right" ? " (non-dominant)" : "";
  };
  const std::string method = s["dominance_method"];
  if (method == "computed")
    std::printf("  dominant side              %s, computed: the larger mean impulse of the ascents\n",
                dominant.c_str());
  else if (dominant == "left" || dominant == "right")
    std::printf("  dominant side              %s, by %s\n", dominant.c_str(),
                method.empty() ? "an unnamed method" : method.c_str());
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
  for (const char* side : {"left", "right"}) print_room(reps, side);
  print_order(reps, role);
  const std::string path = s["file"];
  std::printf(
      "\n  the file                   %s\n  look at it                 %s verify %s\n"
      "                             python3 -c \"import h5py; f = h5py.File('%s'); "
      "print(f['streams/ankle/left/columns'][:], f['streams/ankle/left/values'][:])\"\n\n",
      path.c_str(), program_invocation_name, path.c_str(), path.c_str());
}

}  // namespace grfd
