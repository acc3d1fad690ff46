#include "drivers/emulation/truth.hpp"

#include <cmath>
#include <limits>

namespace grfd {
namespace {
StreamInfo grid(std::string name, std::vector<Column> columns) {
  StreamInfo info;
  info.name = std::move(name);
  info.kind = StreamKind::truth;
  info.device = "stimulus";
  info.columns = std::move(columns);
  info.rate_hz = 1000;
  return info;
}
}  // namespace

StreamInfo truth_plate_info(const std::string& name) {
  StreamInfo s =
      grid("truth/plate/" + name, {{"fx", "N"}, {"fy", "N"}, {"fz", "N"}, {"mx", "N.m"}, {"my", "N.m"}, {"mz", "N.m"}});
  s.frame = "lab: X right, Y anterior, Z up";
  s.point = "centre of the plate's surface";
  s.sign = "ground reaction on the subject";
  s.description = "what the emulated plate really carried";
  return s;
}

StreamInfo truth_cop_info(const std::string& name) {
  StreamInfo s =
      grid("truth/cop/" + name, {{"cop_ml", "m"}, {"cop_ap", "m"}, {"fz", "N"}, {"tz", "N.m"}, {"sigma", "m"}});
  s.frame = "lab: X right, Y anterior, Z up";
  s.sign = "ground reaction on the subject";
  s.description = "true centre of pressure; NaN below 20 N";
  return s;
}

StreamInfo truth_asymmetry_info(Side dominant) {
  StreamInfo s =
      grid("truth/asymmetry", {{"load_bai_rl", "%"}, {"load_bai_dn", "%"}, {"share_left", "%"}, {"share_right", "%"}});
  s.sign = std::string("+ = right, + = dominant (") + to_string(dominant) + ")";
  s.description = "true split of the vertical load; NaN below 20 N";
  return s;
}

StreamInfo truth_ankle_info(Side side) {
  StreamInfo s = grid(std::string("truth/ankle/") + to_string(side), {{"dorsiflexion", "deg"},
                                                                      {"dorsiflexion_rate", "deg/s"},
                                                                      {"shank_inclination", "deg"},
                                                                      {"foot_pitch", "deg"},
                                                                      {"eversion", "deg"},
                                                                      {"tibial_rotation", "deg"},
                                                                      {"shank_tilt", "deg"},
                                                                      {"shank_frontal", "deg"}});
  s.point = "relative to the standing pose";
  s.sign =
      "+ dorsiflexion, shank forward, heel up, eversion, tibia inward; shank_tilt never negative; shank_frontal + top "
      "of the shank to the subject's left";
  s.description = "what a perfect inclinometer on shank and foot shows; tibial_rotation as it is set";
  return s;
}

StreamInfo truth_joint_info(Side side) {
  StreamInfo s = grid(std::string("truth/ankle_jcs/") + to_string(side), {{"dorsiflexion", "deg"},
                                                                          {"eversion", "deg"},
                                                                          {"tibial_rotation", "deg"},
                                                                          {"heading", "deg"},
                                                                          {"dorsiflexion_rate", "deg/s"}});
  s.point = "relative to the standing pose";
  s.sign = "+ dorsiflexion, eversion, tibia inward; heading: shank turned to the left of the foot";
  s.description = "true angles of the joint coordinate system of shank and foot";
  return s;
}

StreamInfo truth_pelvis_info() {
  StreamInfo s = grid("truth/pelvis", {{"tilt", "deg"}, {"obliquity", "deg"}, {"axial", "deg"}});
  s.point = "relative to the standing pose";
  s.sign = "+ tilted forward, right side higher, turned to the left";
  s.description = "what a perfect inclinometer on the sacrum shows, and its heading";
  return s;
}

StreamInfo truth_thigh_info(Side side) {
  StreamInfo s =
      grid(std::string("truth/thigh/") + to_string(side), {{"inclination", "deg"}, {"above_parallel", "deg"}});
  s.sign = "+ hip behind the knee; + above the parallel";
  s.description = "true inclination of the thigh to the vertical, and 90 deg minus it";
  return s;
}

StreamInfo truth_events_info() {
  StreamInfo s = grid("truth/events", {{"name", "text"}, {"detail", "json"}});
  s.type = ValueType::text;
  s.rate_hz = 0;
  s.description = "recording_start and recording_end of the recording behind the emulated devices";
  return s;
}

bool TruthRow::reaches(double t_s) const {
  const TimeNs event = start_ + static_cast<TimeNs>(std::llround(t_s * 1e9));
  return event <= t_ && event > t_ - kTruthStepNs;
}

Sample& TruthRow::header(StreamId id) {
  Sample& s = out_->next();
  s.stream = id;
  s.t = s.t_arrival = t_;
  s.seq = static_cast<std::uint64_t>((t_ - start_) / kTruthStepNs);
  s.t_device = static_cast<std::uint64_t>(t_ - start_);
  return s;
}

void TruthRow::repetition(StreamId id, long k, const StreamInfo& info, const std::vector<double>& values) {
  bool unknown = false;
  for (std::size_t c = 0; c < values.size(); ++c) unknown |= std::isnan(values[c]) && !info.columns[c].optional;
  const std::size_t per_part = columns_per_part(ValueType::f64);
  for (std::size_t c = 0; c < values.size(); ++c) {
    if (c % per_part) continue;
    Sample& s = header(id);
    s.seq = static_cast<std::uint64_t>(k);
    s.flags = unknown ? kInvalid : 0;
    s.part = static_cast<std::uint8_t>(c / per_part);
    s.parts = static_cast<std::uint8_t>(info.parts());
    for (std::size_t i = 0; i < per_part && c + i < values.size(); ++i) set_value(s, i, values[c + i]);
  }
}

void TruthRow::cop(StreamId id, double x, double y, double fz, double tz) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (std::abs(fz) >= kTruthMinimumN)
    put<float>(id, {x, y, fz, tz, 0});
  else
    put<float>(id, {nan, nan, fz, nan, nan}, kInvalid);
}

void TruthRow::cop(StreamId id, const Wrench& w, double z) {
  const double x = (z * w[0] - w[4]) / w[2], y = (w[3] + z * w[1]) / w[2];
  cop(id, x, y, w[2], w[5] - x * w[1] + y * w[0]);
}

void TruthRow::text(StreamId id, std::uint64_t seq, const std::string& what) {
  Sample h;
  h.stream = id;
  h.t = h.t_arrival = t_;
  h.seq = seq;
  push_text(*out_, h, what);
}

}  // namespace grfd
