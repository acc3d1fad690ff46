// Functional calibration: its steps are collected and judged by a sink; what it finds is used, kept, offered.
#include <algorithm>

#include "daemon/app_impl.hpp"
#include "daemon/sinks/calibration_sink.hpp"
#include "daemon/utc_text.hpp"

namespace grfd {

using Json = Control::Json;

void App::load_calibrations() {
  try {
    calibrations_ = CalibrationStore(settings_.record.folder);
    if (!calibrations_->to_json().empty())
      log(Level::info, "functional calibrations of " + std::to_string(calibrations_->to_json().size()) +
                           " sensors are kept from earlier sessions; `grfctl calibrations` shows them, `grfctl "
                           "calibrations use` takes them");
  } catch (const std::exception& e) { log(Level::warning, e.what()); }
}

Control::Answer App::calibrate(const std::string& step, const std::string& side, const Json& seconds) {
  const auto known = calibration_step(step);
  if (!known) throw Refusal("\"step\" must be still, leg_raises, heel_raises, knee_bends, ankle_pumps, bows or finish");
  const auto places = calibrated_places(settings_);
  if (places.empty()) throw Refusal("a functional calibration needs an inertial sensor on the body");
  const bool pumps = *known == CalibrationStep::ankle_pumps, one_leg = pumps || *known == CalibrationStep::leg_raises;
  if (one_leg && side != "left" && side != "right") throw Refusal(step + " needs \"side\": left or right");
  if (pumps && std::none_of(places.begin(), places.end(),
                            [&](const auto& p) { return p.segment == Segment::foot && side == to_string(p.side); }))
    throw Refusal("no sensor is on the " + side + " foot");
  if (one_leg && std::none_of(places.begin(), places.end(),
                              [&](const auto& p) { return p.segment != Segment::pelvis && side == to_string(p.side); }))
    throw Refusal("no sensor is on the " + side + " leg");
  const double usual = *known == CalibrationStep::still ? 5 : *known == CalibrationStep::finish ? 3 : 15;
  const double length = seconds.is_null() ? usual : seconds.is_number() ? seconds.get<double>() : 0;
  if (!(length >= 2 && length <= 60)) throw Refusal("\"seconds\" must be a number from 2 to 60");
  if (clock_.now() < calibrating_until_) throw Refusal("another step of the calibration is running");
  Json detail{{"step", step}, {"seconds", length}};
  if (one_leg) detail["side"] = side;
  const std::uint64_t id = send_command("calibrate", detail);
  calibrating_until_ = clock_.now() + static_cast<TimeNs>((length + 5) * 1e9);  // should its sink have failed
  return {nullptr, id};
}

/// The sink has judged a step. What it says goes through the data, so that every recording shows it.
void App::on_calibration(Json detail) {
  calibrating_until_ = 0;
  if (detail["step"] == to_string(CalibrationStep::finish) && detail["accepted"] == true) {
    Json axes = Json::object(), with_pose = Json::object();
    for (const Json& f : detail["imus"]) {
      const std::string name = f["imu"];
      axes[name] = with_pose[name] = f["ml_axis_left"];
      for (const Json& v : f["up_m_s2"]) with_pose[name].push_back(v);
    }
    if (command_axes(with_pose)) {
      calibration_in_use_ = std::move(axes);
      keep_calibration(detail);
    } else {
      detail["accepted"] = false;
      detail["reason"] = "the pipeline does not take commands now; repeat finish";
    }
  }
  if (!assembly_.command(clock_.now(), "calibrate_result " + detail.dump()))
    log(Level::error, "the pipeline takes no commands: the result of the calibration is not recorded");
}

void App::keep_calibration(const Json& detail) {
  constexpr const char* kNotKept = "the calibration is in use but not kept: ";
  if (!calibrations_)
    return log(Level::warning, std::string(kNotKept) + "calibrations.json of earlier sessions cannot be read");
  int kept = 0;
  for (const Json& f : detail["imus"])
    for (const ImuSettings& imu : settings_.imus)
      if (const std::string serial = imu.name == f["imu"] ? serial_of(imu.name) : ""; !serial.empty()) {
        calibrations_->put(imu, serial, f, utc_text(), assembly_.session.id);
        ++kept;
      }
  try {
    calibrations_->write();
    log(Level::info, "kept the calibration of " + std::to_string(kept) + " sensors");
  } catch (const std::exception& e) { log(Level::warning, std::string(kNotKept) + e.what()); }
}

Control::Answer App::use_calibrations() {
  Json axes = Json::object();
  for (const ImuSettings& imu : settings_.imus)
    if (const std::string serial = serial_of(imu.name); calibrations_ && !serial.empty())
      if (const Json* found = calibrations_->find(imu, serial)) axes[imu.name] = (*found)["ml_axis_left"];
  if (axes.empty())
    throw Refusal(
        "no calibration is kept of a sensor that is plugged in and sits where it sat; make one with calibrate");
  const std::uint64_t id = send_command("calibration", {{"imus", axes}});
  calibration_in_use_ = std::move(axes);
  return {nullptr, id};
}

bool App::command_axes(const Json& imus) {
  const Json command{{"id", next_command_++}, {"imus", imus}};
  return assembly_.command(clock_.now(), "calibration " + command.dump());
}

/// A recording that begins later shows the axes in use, too.
void App::repeat_calibration() {
  if (!calibration_in_use_.empty() && !command_axes(calibration_in_use_))
    log(Level::error, "the pipeline takes no commands: the axes in use are not in the recording's commands");
}

}  // namespace grfd
