#include "daemon/sinks/calibration_sink.hpp"

#include <cmath>

namespace grfd {
namespace {

using Json = CalibrationSink::Json;
constexpr std::size_t kNone = ~std::size_t{0};
constexpr double kLateS = 0.5;  // samples of the last instant have arrived by then, over radio too

double rounded(double v, double per_unit) { return std::round(v * per_unit) / per_unit; }
Json list(const Vec3& v) { return {rounded(v[0], 1e6), rounded(v[1], 1e6), rounded(v[2], 1e6)}; }

Json to_json(const CalibrationFigures& f) {
  Json j{{"imu", f.imu}, {"accepted", f.accepted}, {"reason", f.reason}};
  const auto put = [&](const char* key, double v) {
    if (std::isfinite(v)) j[key] = rounded(v, 1e4);
  };
  put("seconds", f.seconds);
  put("lost", f.lost);
  put("still_deg_s", f.still_deg_s);
  put("still_m_s2", f.still_m_s2);
  put("pose_change_deg", f.pose_change_deg);
  put("moving_s", f.moving_s);
  put("share", f.share);
  put("halves_deg", f.halves_deg);
  put("tilt_deg", f.tilt_deg);
  put("turns_for", f.turns_for);
  put("turns_against", f.turns_against);
  put("turning_deg_s", f.turning_deg_s);
  put("hinge_ratio", f.hinge_ratio);
  put("hinge_singular_rad_s", f.hinge_singular_rad_s);
  put("toe_deg", f.toe_deg);
  if (f.side_checked) j["side_checked"] = *f.side_checked;
  if (f.accepted && !f.source.empty()) {
    j["source"] = f.source;
    j["ml_axis_left"] = list(f.ml_left);
    j["up_m_s2"] = list(f.up_m_s2);
  }
  return j;
}

}  // namespace

std::vector<FunctionalCalibration::Place> calibrated_places(const Settings& settings) {
  std::vector<FunctionalCalibration::Place> places;
  for (const ImuSettings& i : settings.imus) places.push_back({i.name, i.segment, i.side});
  return places;
}

void CalibrationSink::open(const Session& session) {
  calibration_.emplace(calibrated_places(session.settings));
  input_of_.assign(session.streams.size(), kNone);
  for (const auto& place : calibration_->places())
    for (const ImuSettings& i : session.settings.imus)
      if (i.name == place.imu) {
        const StreamId stream = session.streams.id(i.stream);
        const StreamInfo& info = session.streams[stream];
        input_of_[stream] = inputs_.size();
        inputs_.push_back({InertialColumns(info), info.rate_hz > 0 ? 1 / info.rate_hz : 0.01, {}});
      }
  command_stream_ = session.streams.id("commands");
  tick_stream_ = session.streams.id("ticks");
  commands_.emplace(session.streams[command_stream_]);
}

void CalibrationSink::write(std::span<const Sample> samples) {
  for (const Sample& s : samples) {
    if (s.stream == command_stream_) {
      if (!commands_->add(s)) continue;
      const auto& bytes = commands_->row().bytes;
      const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      if (text.starts_with("calibrate ")) begin(text.substr(text.find(' ')), commands_->row().header.t);
    } else if (!running_) {
      continue;
    } else if (s.stream == tick_stream_) {
      if (seconds(s.t - running_->from) > running_->seconds + kLateS) finish();
    } else if (const std::size_t i = input_of_[s.stream]; i != kNone && s.t != 0) {
      Input& in = inputs_[i];
      in.samples.add(seconds(s.t - running_->from), in.columns.gyro_rad_s(s), in.columns.force_m_s2(s));
    }
  }
}

void CalibrationSink::begin(std::string_view command, TimeNs now) {
  const Json j = Json::parse(command);  // our own text
  running_ = {j.at("id"), *calibration_step(j.at("step")), j.value("side", "") == "right" ? Side::right : Side::left,
              now, j.at("seconds")};
  for (Input& in : inputs_) in.samples.clear();
}

void CalibrationSink::finish() {
  const Running r = *running_;
  running_.reset();
  std::vector<MotionTrack> tracks;
  for (Input& in : inputs_) {
    tracks.push_back(in.samples.track(0, r.seconds, in.interval_s));
    in.samples.clear();
  }
  const CalibrationAnswer a = calibration_->take(r.step, r.side, tracks);
  Json detail{{"id", r.id}, {"step", to_string(r.step)}};
  if (r.step == CalibrationStep::ankle_pumps || r.step == CalibrationStep::leg_raises)
    detail["side"] = to_string(r.side);
  detail["accepted"] = a.accepted;
  detail["reason"] = a.reason;
  detail["warnings"] = a.warnings;
  if (a.sides_checked) detail["sides_checked"] = *a.sides_checked;
  detail["imus"] = Json::array();
  for (const CalibrationFigures& f : a.sensors) detail["imus"].push_back(to_json(f));
  on_result_(std::move(detail));
}

}  // namespace grfd
