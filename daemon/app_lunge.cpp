// The knee-to-wall test: measured by the pipeline, kept for the participant, used again when asked.
#include "daemon/app_impl.hpp"
#include "daemon/utc_text.hpp"

namespace grfd {

using Json = Control::Json;

void App::load_lunges() {
  try {
    lunges_ = LungeStore(settings_.record.folder);
    const std::string& code = settings_.participant.code;
    if (!code.empty() && (lunges_->find(code, "left") || lunges_->find(code, "right")))
      log(Level::info, "a knee-to-wall test of participant " + code +
                           " is kept from an earlier session; `grfctl lunges` shows it, `grfctl lunges use` takes it");
  } catch (const std::exception& e) { log(Level::warning, e.what()); }
}

Control::Answer App::lunge(const std::string& side, const Json& seconds) {
  if (side != "left" && side != "right") throw Refusal("lunge needs \"side\": left or right");
  for (const Segment segment : {Segment::shank, Segment::foot}) {
    bool there = false;
    for (const ImuSettings& imu : settings_.imus) there |= imu.segment == segment && side == to_string(imu.side);
    if (!there)
      throw Refusal("no sensor is on the " + side + " " + to_string(segment) +
                    ": a knee-to-wall test needs one on shank and foot");
  }
  const double length = seconds.is_null() ? 10 : seconds.is_number() ? seconds.get<double>() : 0;
  if (!(length >= 3 && length <= 60)) throw Refusal("\"seconds\" must be a number from 3 to 60");
  return {nullptr, send_command("lunge", {{"side", side}, {"seconds", length}})};
}

Control::Answer App::use_lunges() {
  const std::string& code = settings_.participant.code;
  if (code.empty()) throw Refusal("participant.code is empty: nobody knows whose knee-to-wall test would be used");
  Json chosen = Json::object();
  for (const char* side : {"left", "right"})
    if (const Json* found = lunges_ ? lunges_->find(code, side) : nullptr) chosen[side] = (*found)["available_deg"];
  if (chosen.empty()) throw Refusal("no knee-to-wall test of participant " + code + " is kept; make one with lunge");
  return {nullptr, send_command("lunges", chosen)};
}

/// An event of the pipeline: what is in use, since when, and what is worth keeping.
void App::on_lunge(const std::string& event, const Json& detail) {
  if (!detail.is_object()) return;
  const bool accepted = detail.value("accepted", false);
  if ((event == "pose_result" || event == "calibration_result" || event == "axis_result") && accepted)
    zero_utc_ = utc_text();
  if (event == "lunge_cleared") rooms_in_use_.erase(detail.value("side", ""));
  if (event == "lunges_result" && accepted)
    for (const char* side : {"left", "right"})
      if (const Json* kept = lunges_ ? lunges_->find(settings_.participant.code, side) : nullptr;
          kept && detail.value(std::string(side) + "_deg", Json()).is_number())
        rooms_in_use_[side] = *kept;
  if (event == "lunge_result" && accepted) keep_lunge(detail);
}

void App::keep_lunge(const Json& detail) {
  const std::string code = settings_.participant.code, now = utc_text();
  rooms_in_use_[detail["side"]] = {
      {"participant", code},        {"side", detail["side"]},         {"available_deg", detail["best_deg"]},
      {"sd_deg", detail["sd_deg"]}, {"trials", detail["trials"]},     {"zero_utc", zero_utc_},
      {"measured_utc", now},        {"session", assembly_.session.id}};
  constexpr const char* kNotKept = "the knee-to-wall test is in use but not kept: ";
  if (code.empty()) return log(Level::info, std::string(kNotKept) + "participant.code is empty");
  if (!lunges_) return log(Level::warning, std::string(kNotKept) + "lunges.json of earlier sessions cannot be read");
  try {
    lunges_->keep(rooms_in_use_[detail["side"]]);
  } catch (const std::exception& e) { log(Level::warning, kNotKept + std::string(e.what())); }
}

Json App::rooms() const {
  Json all = Json::array();
  for (const auto& [side, room] : rooms_in_use_) all.push_back(room);
  return all;
}

/// A recording that begins later shows the room in use, too.
void App::repeat_rooms() {
  if (!rooms_in_use_.empty() && !assembly_.command(clock_.now(), "rooms " + Json{{"rooms", rooms()}}.dump()))
    log(Level::error, "the pipeline takes no commands: the room of the ankles is not in the recording's commands");
}

}  // namespace grfd
