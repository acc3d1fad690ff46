#include "daemon/event_text.hpp"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace grfd {
namespace {

using Json = nlohmann::ordered_json;

std::string number(const Json& j, const char* key, const char* format) {
  const auto found = j.find(key);
  if (found == j.end() || !found->is_number()) return "unknown";
  char text[32];
  std::snprintf(text, sizeof text, format, found->get<double>());
  return text;
}
std::string word(const Json& j, const char* key) {
  return j.contains(key) && j[key].is_string() ? j[key].get<std::string>() : "";
}

std::string tare(const Json& j) {
  if (!j.contains("plates") || j["plates"].empty()) return "not zeroed: " + word(j, "reason");
  std::string text;
  for (const Json& p : j["plates"]) {
    text += (text.empty() ? "plate " : "; plate ") + word(p, "plate");
    text += p.value("accepted", false) ? " zeroed (noise of fz " + number(p, "sd_fz_n", "%.2f") + " N)"
                                       : " not zeroed: " + word(p, "reason");
  }
  return text;
}

std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return text;
}

std::string kept_zeros(const Json& j) {
  std::string text;
  for (const Json& p : j.value("plates", Json::array()))
    text += (text.empty() ? "plate " : "; plate ") + word(p, "plate") +
            (p.value("accepted", false) ? " stands on its zero of an earlier session" : ": " + word(p, "reason"));
  return text;
}

/// " moved by +2.31 ms since ...": of a sensor of a repeated tap test.
std::string moved(const Json& sensor, const Json& limit_s) {
  const auto ms = [](const Json& s, const char* format) {
    return number({{"ms", s.is_number() ? s.get<double>() * 1e3 : std::nan("")}}, "ms", format) + " ms";
  };
  return " moved by " + ms(sensor.value("change_s", Json()), "%+.2f") + " (more than " + ms(limit_s, "%g") +
         ") since the tap before in this session: its times in between are only so good; " +
         (sensor.value("earlier_settling", false)
              ? "the clocks were still settling at the tap before"
              : "a clock's drift was fitted badly, or the device changed its port, hub or place");
}

std::string tap(const Json& j) {
  if (!j.contains("imus") || j["imus"].empty()) return "tap test: " + word(j, "reason");
  std::string text = "tap test: ";
  for (const Json& i : j["imus"]) {
    if (text.back() != ' ') text += "; ";
    text += word(i, "imu");
    if (!i.value("accepted", false))
      text += " not measured: " + word(i, "reason");
    else
      text += " has a delay of " + number({{"ms", i.value("delay_s", 0.0) * 1e3}}, "ms", "%.2f") + " ms";
    if (i.value("moved", false)) text += " and" + moved(i, j.value("moved_above_s", Json()));
  }
  return text;
}

std::string calibration(const Json& j) {
  std::string text = "calibration, " + word(j, "step") + (word(j, "side").empty() ? "" : " " + word(j, "side"));
  text += j.value("accepted", false) ? ": accepted" : " refused: " + word(j, "reason");
  if (j.contains("warnings"))
    for (const Json& w : j["warnings"]) text += "; but " + w.get<std::string>();
  return text;
}

/// "knee-to-wall, left, trial 2: 38.2 deg; best 38.4 deg, SD 0.2 deg; one more makes three"
std::string lunge(const Json& j) {
  const std::string test = "knee-to-wall, " + word(j, "side");
  if (!j.value("accepted", false)) return test + ": no trial: " + word(j, "reason");
  const int trials = j.value("trials", 0);
  std::string text = test + ", trial " + std::to_string(trials) + ": " + number(j, "angle_deg", "%.1f") +
                     " deg with the heel down; in use: " + number(j, "best_deg", "%.1f") + " deg";
  if (trials > 1) text += ", the best, SD " + number(j, "sd_deg", "%.1f") + " deg";
  if (trials < 3) text += trials == 1 ? "; two more make three" : "; one more makes three";
  return text;
}

/// "mass on plate left: 196.21 N of 196.13 N, +0.04 %, right; centre of pressure 0.4 mm off"
std::string mass(const Json& j) {
  const std::string test = "mass on plate " + word(j, "plate");
  if (!j.value("accepted", false)) return test + ": not judged: " + word(j, "reason");
  std::string text = test + ": " + number(j, "measured_n", "%.2f") + " N of " + number(j, "expected_n", "%.2f") +
                     " N, " + number(j, "error_percent", "%+.2f") + " %, " +
                     (j.value("within", false) ? "right" : "wrong: " + word(j, "hint"));
  if (j.contains("cop_error_mm") && j["cop_error_mm"].is_number())
    text += "; centre of pressure " + number(j, "cop_error_mm", "%.1f") + " mm off";
  return text;
}

/// "; left out: imu_foot_left is without data"
std::string left_out(const Json& j) {
  std::string text;
  if (j.contains("left_out"))
    for (const Json& i : j["left_out"])
      text += (text.empty() ? "; left out: " : ", ") + word(i, "imu") + " is " + word(i, "reason");
  return text;
}

}  // namespace

Level event_level(const std::string& stream, const std::string& name, const std::string& detail) {
  const Json j = Json::parse(detail, nullptr, false);
  const auto says = [&](const char* key, bool what) { return j.is_object() && j.value(key, !what) == what; };
  if (name == "tap_result" && says("moved", true)) return Level::warning;
  if (name == "mass_result" && says("within", false)) return Level::warning;
  if (name == "clock_out_of_bounds" || name == "device_error" || name == "negative_force" || name == "lunge_cleared")
    return Level::warning;
  return stream == "events" || name == "device_settings" || name.starts_with("feed.late") ? Level::info
                                                                                          : Level::warning;
}

std::vector<std::string> moved_sensors(const std::string& detail) {
  std::vector<std::string> all;
  const Json j = Json::parse(detail, nullptr, false);
  if (!j.is_object()) return all;
  for (const Json& i : j.value("imus", Json::array()))
    if (i.value("moved", false)) all.push_back(word(i, "imu") + moved(i, j.value("moved_above_s", Json())));
  return all;
}

std::string event_text(const std::string& name, const std::string& detail) {
  if (name == "device_settings") return "versions and calibration of the device, whole in this stream";
  const Json j = Json::parse(detail, nullptr, false);
  if (!j.is_object()) return name + " " + detail;
  const std::string at = j.contains("t_s") ? "at " + number(j, "t_s", "%.2f") + " s: " : "";
  if (name == "tare_result") return tare(j);
  if (name == "tap_result") return tap(j);
  if (name == "zeros_result") return kept_zeros(j);
  if (name == "delays_result") return "measured delays of " + number(j, "sensors", "%.0f") + " sensors are in use";
  if (name == "calibrate_result") return calibration(j);
  if (name == "calibration_result") return "calibrated axes of " + number(j, "sensors", "%.0f") + " sensors are in use";
  if (name == "lunge_result") return lunge(j);
  if (name == "mass_result") return mass(j);
  if (name == "lunge_cleared")
    return "knee-to-wall, " + word(j, "side") + ": " + number(j, "room_deg", "%.1f") + " deg are forgotten (" +
           word(j, "reason") + "); the settings' room is in use again";
  if (name == "lunges_result") {
    if (!j.value("accepted", false)) return "no room of a kept knee-to-wall test is in use: " + word(j, "reason");
    std::string text = "in use: the room of kept knee-to-wall tests";
    for (const char* side : {"left", "right"})
      if (const std::string key = std::string(side) + "_deg"; j.contains(key) && j[key].is_number())
        text += std::string(text.ends_with("deg") ? ", " : ": ") + side + " " + number(j, key.c_str(), "%.1f") + " deg";
    return text + (word(j, "reason").empty() ? "" : "; " + word(j, "reason"));
  }
  if (name == "edge")
    return at + word(j, "device") + " line " + number(j, "line", "%.0f") +
           (number(j, "level", "%.0f") == "1" ? " rises" : " falls");
  if (name == "edges_left_out")
    return word(j, "device") + ": " + number(j, "count", "%.0f") + " more edges, not told one by one";
  if (name == "clock_out_of_bounds")
    return word(j, "device") + ": its clock is further off than max_drift_ppm allows (" +
           number(j, "drift_ppm", "%+.0f") + " ppm); its times go wrong";
  if (name == "weighed") return at + "weighed, " + number(j, "value", "%.1f") + " N";
  if (name == "bw_changed") return at + "the weight changed to " + number(j, "value", "%.1f") + " N";
  if (name == "bw_forgotten") return at + "stepped off, the weight is forgotten";
  if (name == "squat_status") return at + word(j, "status");
  if (name == "rep_started") return at + "repetition begins";
  if (name == "bottom")
    return at + "bottom reached" +
           (j.contains("value") && j["value"].is_null() ? "" : ", " + number(j, "value", "%.2f") + " m");
  if (name == "plateau")
    return at + word(j, "side") + " ankle stops at " + number(j, "dorsiflexion_deg", "%.1f") + " deg";
  if (name == "pose_result")
    return !j.value("accepted", false)    ? "standing pose not taken: " + word(j, "reason")
           : !j.value("unweighed", false) ? "standing pose taken" + left_out(j)
                                          : "standing pose taken, the sensors were still" + left_out(j) +
                                                "; if the subject did not stand then: grfctl pose";
  if (name == "pose_waiting") return "no standing pose yet: " + word(j, "reason") + left_out(j);
  if (name == "ankle_not_measured")
    return at + word(j, "side") + " ankle not measured in repetition " + number(j, "rep", "%.0f") + ": " +
           word(j, "reason");
  if (name == "negative_force")
    return "plate " + word(j, "plate") + " is pulled with " + number(j, "fz_n", "%.0f") +
           " N: its sense is wrong, or it was zeroed under a load";
  if (name == "axis_result")
    return word(j, "imu") + ": axis found from movement (share " + number(j, "share", "%.3f") + ")";
  if (name == "mark") return "mark: " + word(j, "text");
  if (name == "lost" && j.contains("jump_s"))
    return word(j, "stream") + ": its time jumped by " + number(j, "jump_s", "%+.3f") +
           " s, a new epoch begins: samples were lost uncounted, and then its times from " +
           number(j, "doubtful_from_s", "%.2f") + " s on are that much too early, or its link became that much slower";
  if (name == "lost") {
    const std::string what = j.contains("sink") ? "sink " + word(j, "sink") : word(j, "stream");
    const bool counted = j.contains("count") && j["count"].is_number() && j["count"].get<double>() >= 0;
    return what + ": lost " + (counted ? number(j, "count", "%.0f") : "an unknown number of") + " samples" +
           (j.contains("seconds") ? " in " + number(j, "seconds", "%.2f") + " s" : "") + ", " + word(j, "cause");
  }
  if (name == "device_note" || name == "device_error")
    return word(j, "device") + (name == "device_note" ? " says: " : " reports an error: ") + one_line(word(j, "text"));
  if (name == "late") return word(j, "device") + ": no data; the grid goes on without it";
  return name + " " + detail;
}

}  // namespace grfd
