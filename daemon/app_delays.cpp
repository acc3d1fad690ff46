// Delays between plates and inertial sensors: measured by a tap test, kept, offered, used when asked.
#include "daemon/app_impl.hpp"
#include "daemon/utc_text.hpp"

namespace grfd {
std::string App::serial_of(const std::string& device) const {
  for (const Devices::Status& d : devices_->status())
    if (d.name == device) return d.serial;
  return "";
}

void App::load_delays() {
  try {
    delays_ = DelayStore(settings_.record.folder);
    if (!delays_->all().empty())
      log(Level::info,
          "measured delays of " + std::to_string(delays_->all().size()) +
              " sensors are kept from earlier sessions; `grfctl delays` shows them, `grfctl delays use` takes them");
  } catch (const std::exception& e) { log(Level::warning, e.what()); }
}

void App::keep_delays(const Control::Json& tap_result) {
  if (!tap_result.value("accepted", false)) return;
  if (!delays_)
    return log(Level::warning,
               "the measured delays are in use but not kept: delays.json of earlier sessions cannot be read");
  try {
    const int kept = delays_->keep(tap_result, utc_text(), assembly_.session.id,
                                   [this](const std::string& name) { return serial_of(name); });
    log(Level::info, "kept the delays of " + std::to_string(kept) + " sensors");
  } catch (const std::exception& e) {
    log(Level::warning, std::string("the measured delays are in use but not kept: ") + e.what());
  }
}

Control::Answer App::use_delays() {
  Control::Json chosen = Control::Json::object();
  for (const ImuSettings& imu : settings_.imus)
    if (const std::string serial = serial_of(imu.name); delays_ && !serial.empty())
      if (const auto found = delays_->find(serial)) chosen[imu.name] = found->delay_s;
  if (chosen.empty()) throw Refusal("no measured delay of a sensor that is plugged in is kept; make one with tap");
  return {nullptr, send_command("delays", {{"delays", chosen}})};
}

}  // namespace grfd
