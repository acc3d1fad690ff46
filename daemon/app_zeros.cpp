// Zeros of the plates: kept after each tare, offered after a restart, used when asked; said again in every recording.
#include "daemon/app_impl.hpp"
#include "daemon/utc_text.hpp"

namespace grfd {

namespace {
std::string device_of(const PlateSettings& plate) { return std::string(device_in(plate.stream)); }
}  // namespace

void App::load_zeros() {
  try {
    kept_zeros_ = ZeroStore(settings_.record.folder);
  } catch (const std::exception& e) { return log(Level::warning, e.what()); }
  if (settings_.record.tare_at_start) return;  // they are zeroed anew in a moment
  for (const PlateSettings& plate : settings_.plates)
    for (const ZeroStore::Zero& z : kept_zeros_->all())
      if (z.plate == plate.name && z.columns == plate.columns && !plate.calibration.drift_rezero)
        log(Level::info, "plate " + plate.name + " was zeroed last at " + z.measured_utc + " (device " + z.serial +
                             "); `grfctl tare` zeroes it anew, `grfctl zeros use` takes that zero");
}

void App::keep_zeros(const Control::Json& tare_result) {
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
  Control::Json detail = Control::Json::object();
  std::vector<std::string> tared;
  for (const PlateSettings& plate : settings_.plates) {
    const std::string serial = serial_of(device_of(plate));
    if (!kept_zeros_ || serial.empty() || plate.calibration.drift_rezero) continue;
    if (zeros_.by(plate.name) == "tare") {  // that zero is in use, or was given up for a newer one
      tared.push_back(plate.name);
      continue;
    }
    const auto found = kept_zeros_->find(plate, serial);
    if (!found) continue;
    detail[plate.name + " codes"] = found->codes;
    detail[plate.name + " volts"] = found->volts;
    detail[plate.name + " measured_utc"] = found->measured_utc;
  }
  if (detail.empty() && !tared.empty())
    throw Refusal("plate " + tared.front() + " was zeroed in this session, and that zero is in use");
  if (detail.empty())
    throw Refusal(
        "no zero is kept of a plate whose device is plugged in, with this serial number and these channels; "
        "zero it with tare");
  return {nullptr, send_command("zeros_use", detail)};
}

void App::note_kept_zeros(const Control::Json& zeros_result, double t_s) {
  for (const Control::Json& result : zeros_result.value("plates", Control::Json::array()))
    for (const PlateSettings& plate : settings_.plates)
      if (result.value("accepted", false) && result.value("plate", "") == plate.name && kept_zeros_)
        if (const auto zero = kept_zeros_->find(plate, serial_of(device_of(plate))))
          zeros_.use_kept(plate.name, t_s, zero->measured_utc);
}

/// With what is kept of those that were never zeroed.
Control::Json App::plates() const {
  Control::Json all = zeros_.to_json();
  for (Control::Json& p : all)
    for (const PlateSettings& plate : settings_.plates)
      if (p["plate"] == plate.name && p["zeroed_s"].is_null() && kept_zeros_ && !plate.calibration.drift_rezero)
        if (const auto zero = kept_zeros_->find(plate, serial_of(device_of(plate)))) p["kept_utc"] = zero->measured_utc;
  return all;
}

/// Every recording says when its plates were zeroed, also long before it began.
void App::repeat_zeros() {
  if (settings_.plates.empty()) return;
  if (!assembly_.command(clock_.now(), "zeros " + Control::Json{{"plates", zeros_.to_json()}}.dump()))
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
