// Zeros of the plates: kept after each tare, offered after a restart, used when asked; said again in every recording.
#include <algorithm>

#include "daemon/app_impl.hpp"
#include "daemon/utc_text.hpp"

namespace grfd {

using Json = Control::Json;

namespace {
std::string device_of(const PlateSettings& plate) { return std::string(device_in(plate.stream)); }
}  // namespace

void App::load_zeros() {
  try {
    kept_zeros_ = ZeroStore(settings_.record.folder);
  } catch (const std::exception& e) { log(Level::warning, e.what()); }
}

/// The zero of an earlier session that this plate could take, or why there is none.
App::KeptZero App::kept_zero(const PlateSettings& plate) const {
  if (plate.calibration.drift_rezero) return {{}, "its zero drifts; zero it with tare"};
  if (!kept_zeros_) return {{}, "zeros.json of earlier sessions cannot be read"};
  if (zeros_.by(plate.name) == "tare") return {{}, "it was zeroed in this session, and that zero is in use"};
  for (const Devices::Status& d : devices_->status())
    if (d.name == device_of(plate)) {
      if (d.state != Devices::State::streaming) return {{}, d.name + " is " + to_string(d.state)};
      auto found = kept_zeros_->find(plate, d.serial);
      return {found, found ? "" : "no zero is kept of " + d.name + " " + d.serial + " and these channels"};
    }
  return {{}, "it has no device"};
}

/// Not where they are zeroed anew in a moment.
void App::offer_zeros(const std::string& device) {
  if (settings_.record.tare_at_start) return;
  for (const PlateSettings& plate : settings_.plates)
    if (device_of(plate) == device && zeros_.by(plate.name).empty())
      if (const KeptZero kept = kept_zero(plate); kept.zero)
        log(Level::info, "plate " + plate.name + " was zeroed last at " + kept.zero->measured_utc +
                             "; `grfctl tare` zeroes it anew, `grfctl zeros use` takes that zero");
}

void App::keep_zeros(const Json& tare_result) {
  const Json plates = tare_result.value("plates", Json::array());
  if (std::none_of(plates.begin(), plates.end(), [](const auto& p) { return p.value("accepted", false); })) return;
  if (!kept_zeros_)
    return log(Level::warning, "the zeros are in use but not kept: zeros.json of earlier sessions cannot be read");
  try {
    kept_zeros_->keep(tare_result, settings_.plates, utc_text(), assembly_.session.id,
                      [this](const PlateSettings& plate) { return serial_of(device_of(plate)); });
  } catch (const std::exception& e) {
    log(Level::warning, std::string("the zeros are in use but not kept: ") + e.what());
  }
}

Control::Answer App::use_zeros() {
  Json detail = Json::object(), left_out = Json::array();
  std::string reasons;
  for (const PlateSettings& plate : settings_.plates) {
    const auto [zero, reason] = kept_zero(plate);
    if (!zero) {
      left_out.push_back({{"plate", plate.name}, {"accepted", false}, {"reason", reason}, {"offset_fz_n", nullptr}});
      reasons += (reasons.empty() ? "plate " : "; plate ") + plate.name + ": " + reason;
      continue;
    }
    detail[plate.name + " codes"] = zero->codes;
    detail[plate.name + " volts"] = zero->volts;
    detail[plate.name + " measured_utc"] = zero->measured_utc;
  }
  if (detail.empty()) throw Refusal(reasons.empty() ? "no plate is configured" : reasons);
  const std::uint64_t id = send_command("zeros_use", detail);
  zeros_left_out_[id] = std::move(left_out);
  return {nullptr, id};
}

/// Whoever asked hears of the plates without such a zero, too.
void App::note_kept_zeros(Json& zeros_result, double t_s) {
  for (const Json& result : zeros_result.value("plates", Json::array()))
    for (const PlateSettings& plate : settings_.plates)
      if (result.value("accepted", false) && result.value("plate", "") == plate.name && kept_zeros_)
        if (const auto zero = kept_zeros_->find(plate, serial_of(device_of(plate))))
          zeros_.use_kept(plate.name, t_s, zero->measured_utc);
  const auto asked = zeros_left_out_.find(zeros_result.value("id", std::uint64_t{0}));
  if (asked == zeros_left_out_.end()) return;
  for (Json& plate : asked->second) zeros_result["plates"].push_back(std::move(plate));
  zeros_left_out_.erase(asked);
}

/// With what is kept of those that were never zeroed.
Json App::plates() const {
  Json all = zeros_.to_json();
  for (Json& p : all)
    for (const PlateSettings& plate : settings_.plates)
      if (p["plate"] == plate.name && p["zeroed_s"].is_null())
        if (const KeptZero kept = kept_zero(plate); kept.zero) p["kept_utc"] = kept.zero->measured_utc;
  return all;
}

/// Every recording says when its plates were zeroed, also long before it began.
void App::repeat_zeros() {
  if (settings_.plates.empty()) return;
  if (!assembly_.command(clock_.now(), "zeros " + Json{{"plates", zeros_.to_json()}}.dump()))
    log(Level::error, "the pipeline takes no commands: when the plates were zeroed is not in the recording");
}

void App::warn_of_zeros() {
  const bool to_come = settings_.record.tare_at_start &&
                       seconds(clock_.now() - assembly_.session.start) < settings_.record.tare_at_start_s;
  if (to_come) return;
  for (const std::string& name : zeros_.never())
    log(Level::warning, "recording with plate " + name + ", which was never zeroed: step off and give `grfctl tare`");
}

}  // namespace grfd
