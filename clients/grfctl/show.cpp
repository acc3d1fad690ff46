#include "show.hpp"

#include <cmath>
#include <cstdio>

#include "dominance.hpp"
#include "json_number.hpp"
#include "show_calibration.hpp"
#include "show_lunge.hpp"
#include "show_mass.hpp"

using Json = nlohmann::ordered_json;

namespace {

std::string short_number(const Json& object, const char* key) {
  const double v = number(object, key);
  if (!(v == v)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", v);
  return text;
}

void show_devices(const Json& devices) {
  std::printf("%-18s %-10s %-16s %-9s %9s %9s %9s %9s %11s %8s  %s\n", "device", "state", "serial", "firmware",
              "rate Hz", "measured", "fast, ppm", "resid. us", "samples", "backlog", "losses and trouble");
  for (const Json& d : devices) {
    std::string more = d.value("trouble", "");
    for (const auto& [name, value] : d["counters"].items())
      more += (more.empty() ? "" : ", ") + name + " " + value.dump();
    const Json losses = d.value("losses", Json::object());
    for (const auto& [cause, loss] : losses.items()) {
      more += (more.empty() ? "" : ", ") + cause + ": ";
      if (const auto n = loss.value("samples", 0ull)) more += std::to_string(n) + " lost in ";
      more += std::to_string(loss.value("gaps", 0ull)) + (loss.value("gaps", 0ull) == 1 ? " gap" : " gaps");
      if (const auto n = loss.value("of_unknown_length", 0ull))
        more += " (" + std::to_string(n) + " of unknown length)";
    }
    const Json clock = d.value("clock", Json::object());
    if (clock.value("state", "") == "settling") more += (more.empty() ? "" : ", ") + std::string("clock is settling");
    if (d.value("restarts", 0ull) > 0)
      more += (more.empty() ? "" : ", ") + std::string("restarts ") + d["restarts"].dump();
    std::printf("%-18s %-10s %-16s %-9s %9.1f %9.1f %9s %9s %11llu %8llu  %s\n", d.value("name", "").c_str(),
                d.value("state", "").c_str(), d.value("serial", "").c_str(), d.value("firmware", "").c_str(),
                number(d, "rate_hz"), number(d, "measured_hz"), short_number(clock, "drift_ppm").c_str(),
                short_number(clock, "residual_us").c_str(), static_cast<unsigned long long>(d.value("samples", 0ull)),
                static_cast<unsigned long long>(d.value("backlog", 0ull)), more.c_str());
  }
}

void show_live(const Json& streams, const char* stream, const char* column, const char* label, const char* unit,
               double scale = 1) {
  if (!streams.contains(stream)) return;
  const double v = number(streams[stream]["newest"], column) * scale;
  if (v == v)
    std::printf("  %-34s %9.2f %s\n", label, v, unit);
  else
    std::printf("  %-34s %9s\n", label, "unknown");
}

void show_status(const Json& s) {
  const Json& recording = s["recording"];
  std::printf("session %s, up %.0f s, %s\n", s.value("session", "").c_str(), number(s, "uptime_s"),
              s.value("software", "").c_str());
  if (const std::string dominant = dominance(s); !dominant.empty()) std::printf("dominant leg: %s\n", dominant.c_str());
  if (const std::string why = recording.value("not_writing", ""); !why.empty())
    std::printf("*** NOT WRITING *** %s\n", why.c_str());
  if (const auto lost = recording.value("lost_samples", 0ull); lost > 0)
    std::printf("*** %llu samples of this recording could not be written ***\n", static_cast<unsigned long long>(lost));
  if (recording.value("state", "") == "running")
    std::printf("recording for %.0f s into %s\n", number(recording, "seconds"), recording.value("journal", "").c_str());
  else
    std::printf("not recording%s%s\n", recording.value("last_file", "").empty() ? "" : "; last file ",
                recording.value("last_file", "").c_str());
  for (const Json& p : s.value("plates", Json::array()))
    if (p.value("zeroed_s", Json()).is_null())
      std::printf("plate %s was never zeroed: step off and give grfctl tare%s%s%s\n", p.value("plate", "").c_str(),
                  p.contains("kept_utc") ? "; or, if nothing has changed since " : "", p.value("kept_utc", "").c_str(),
                  p.contains("kept_utc") ? ", grfctl zeros use" : "");
    else if (p.value("by", "") == "kept")
      std::printf("plate %s stands on a zero of an earlier session, of %s\n", p.value("plate", "").c_str(),
                  p.value("zeroed_utc", "").c_str());
    else
      std::printf("plate %s zeroed %.0f s ago\n", p.value("plate", "").c_str(),
                  number(s, "uptime_s") - number(p, "zeroed_s"));
  for (const Json& room : s.value("rooms", Json::array()))
    std::printf("room of the %s ankle %s deg, knee-to-wall, %d trials\n", room.value("side", "").c_str(),
                short_number(room, "available_deg").c_str(), room.value("trials", 0));
  show_devices(s["devices"]);
  const Json ages = s.value("feed_age_ms", Json::object());
  for (const auto& [lane, age] : ages.items())
    if (age.value("messages", 0ull) > 0)
      std::printf("  feed, %s: age when sent %.2f ms (median), %.2f ms (99 %%), %.2f ms (worst)\n", lane.c_str(),
                  number(age, "p50"), number(age, "p99"), number(age, "worst"));
  const Json& streams = s["streams"];
  show_live(streams, "cop/left", "fz", "force left", "N");
  show_live(streams, "cop/right", "fz", "force right", "N");
  show_live(streams, "cop/total", "cop_ml", "CoP to the right", "mm", 1000);
  show_live(streams, "cop/total", "cop_ap", "CoP forward", "mm", 1000);
  show_live(streams, "asymmetry", "load_bai_rl", "load asymmetry (+ = right)", "%");
  show_live(streams, "ankle/left", "dorsiflexion", "dorsiflexion left", "deg");
  show_live(streams, "ankle/right", "dorsiflexion", "dorsiflexion right", "deg");
  if (streams.contains("reps/pair"))
    std::printf("  %-34s %9llu\n", "repetitions",
                static_cast<unsigned long long>(streams["reps/pair"].value("rows", 0ull)));
  for (const auto& [name, value] : s["counters"].items())
    if (value.get<std::uint64_t>() > 0)
      std::printf("  counter %-26s %9llu\n", name.c_str(), static_cast<unsigned long long>(value.get<std::uint64_t>()));
}

void show_zeros(const Json& zeros) {
  if (zeros.empty()) std::printf("no plate has been zeroed yet; see grfctl tare\n");
  for (const Json& z : zeros)
    std::printf("plate %-12s device %-16s measured %s\n", z.value("plate", "").c_str(), z.value("serial", "").c_str(),
                z.value("measured_utc", "").c_str());
}

void show_delays(const Json& delays) {
  if (delays.empty()) std::printf("no delay has been measured yet; see grfctl tap\n");
  for (const Json& d : delays)
    std::printf("%-18s %-16s delay %7.2f ms, spread %.2f ms, %d taps, measured %s\n", d.value("device", "").c_str(),
                d.value("serial", "").c_str(), 1e3 * number(d, "delay_s"), 1e3 * number(d, "spread_s"),
                d.value("taps", 0), d.value("measured_utc", "").c_str());
}

void show_tap(const Json& d) {
  if (d.contains("reason")) std::printf("not measured: %s\n", d.value("reason", "").c_str());
  bool settling = false;
  for (const Json& i : d["imus"]) {
    const std::string name = i.value("imu", "");
    settling |= i.value("settling", false);
    if (i.value("accepted", false))
      std::printf(
          "%s: now in use, for the settings: delay_s = %.5f   (changed by %+.2f ms; %d taps, spread %.2f ms, r %.3f)\n",
          name.c_str(), number(i, "delay_s"), 1e3 * number(i, "change_s"), i.value("taps", 0),
          1e3 * number(i, "spread_s"), number(i, "r"));
    else
      std::printf("%s: not measured: %s\n", name.c_str(), i.value("reason", "").c_str());
    if (i.value("moved", false))
      std::printf(
          "%s: MOVED by %+.2f ms since the tap before in this session: its times in between are only so good (%s)\n",
          name.c_str(), 1e3 * number(i, "change_s"),
          i.value("earlier_settling", false) ? "the clocks were still settling at the tap before"
                                             : "its clock's drift was fitted badly, or its port, hub or place "
                                               "changed");
  }
  if (settling) std::printf("the clocks were still settling; repeat it when the devices have run for a minute\n");
}

}  // namespace

void show(const std::string& command, const Json& result) {
  if (command == "devices")
    show_devices(result);
  else if (command == "status")
    show_status(result);
  else if (command == "zeros")
    show_zeros(result["zeros"]);
  else if (command == "delays")
    show_delays(result["delays"]);
  else if (command == "calibrations")
    show_calibrations(result["calibrations"]);
  else if (command == "lunges")
    show_lunges(result["lunges"]);
  else if (command == "mass_fit")
    show_mass_fit(result);
  else if (command == "mass_forget")
    std::printf("forgotten: %d places of plate %s\n", result.value("forgotten", 0), result.value("plate", "").c_str());
  else if (command == "ping")
    std::printf("a daemon answers: session %s\n", result.value("session", "").c_str());
  else
    std::printf("%s\n", result.dump().c_str());
}

void show_event(const Json& result) {
  const std::string event = result.value("event", "");
  const Json& d = result["detail"];
  if (event == "tare_result") {
    if (d["plates"].empty()) std::printf("not zeroed: %s\n", d.value("reason", "").c_str());
    for (const Json& p : d["plates"])
      if (p.value("accepted", false))
        std::printf("plate %s: zeroed (%g s, Fz noise %.2f N)\n", p.value("plate", "").c_str(), number(p, "seconds"),
                    number(p, "sd_fz_n"));
      else
        std::printf("plate %s: not zeroed: %s\n", p.value("plate", "").c_str(), p.value("reason", "").c_str());
  } else if (event == "zeros_result") {
    for (const Json& p : d["plates"])
      if (p.value("accepted", false))
        std::printf("plate %s: its zero of an earlier session is in use (%+.1f N from the one before)\n",
                    p.value("plate", "").c_str(), number(p, "offset_fz_n"));
      else
        std::printf("plate %s: not taken: %s\n", p.value("plate", "").c_str(), p.value("reason", "").c_str());
  } else if (event == "tap_result") {
    show_tap(d);
  } else if (event == "delays_result") {
    std::printf("in use: delays of %d sensors\n", d.value("sensors", 0));
  } else if (event == "calibrate_result") {
    show_calibration(d);
  } else if (event == "calibration_result") {
    std::printf("in use: calibrated axes of %d sensors\n", d.value("sensors", 0));
  } else if (event == "lunge_result") {
    show_lunge(d);
  } else if (event == "mass_result") {
    show_mass(d);
  } else if (event == "lunges_result") {
    show_lunges_in_use(d);
  } else if (event == "pose_result") {
    if (d.value("accepted", false))
      std::printf("taken: this standing is the zero of the angles of %d sensors\n", d.value("sensors", 0));
    else
      std::printf("not taken: %s\n", d.value("reason", "").c_str());
    for (const Json& i : d.value("left_out", Json::array()))
      std::printf("without %s: it is %s\n", i.value("imu", "").c_str(), i.value("reason", "").c_str());
  } else if (event == "record_started") {
    std::printf("recording into %s\n", d.value("journal", "").c_str());
    for (const Json& m : d.value("missing", Json::array()))
      std::printf("without %s: %s%s%s\n", m.value("device", "").c_str(), m.value("state", "").c_str(),
                  m.value("trouble", "").empty() ? "" : ", ", m.value("trouble", "").c_str());
    for (const Json& name : d.value("never_zeroed", Json::array()))
      std::printf("warning: plate %s was never zeroed: step off and give grfctl tare\n",
                  name.get<std::string>().c_str());
  } else if (event == "record_stopped") {
    if (d.value("ok", false))
      std::printf("recorded: %s\n", d.value("file", "").c_str());
    else
      std::printf("not recorded: %s\n", d.value("error", "finalising failed; see the log").c_str());
    if (const auto lost = d.value("lost_samples", 0ull); lost > 0)
      std::printf("%llu samples could not be written%s\n", static_cast<unsigned long long>(lost),
                  d.value("ok", false) ? ": the recording has holes" : "");
  } else if (event == "record_failed") {
    std::printf("not recording: %s\n", d.value("error", "").c_str());
  } else if (event == "blink_result") {
    if (d.value("accepted", false))
      std::printf("%s blinks for five seconds\n", d.value("device", "").c_str());
    else
      std::printf("%s cannot blink: %s\n", d.value("device", "").c_str(), d.value("reason", "").c_str());
  } else if (event == "mark") {
    if (d.value("recorded", true))
      std::printf("marked\n");
    else
      std::printf("marked in the feed; %s\n", d.value("reason", "not in a file").c_str());
  } else {
    std::printf("%s %s\n", event.c_str(), d.dump().c_str());
  }
}
