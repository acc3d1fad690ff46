// What clients can ask the daemon for; schemas/control.md is the contract.
#include <algorithm>
#include <cmath>

#include "daemon/app_impl.hpp"
#include "daemon/plate_named.hpp"

namespace grfd {

using Json = Control::Json;

namespace {
constexpr std::size_t kLongestMark = 2000;  ///< bytes; with every one of them escaped it fits a command of 4096

/// JSON writes these as six bytes.
bool unfit_for_mark(char c) {
  return static_cast<unsigned char>(c) < 0x20 && std::string_view("\b\f\n\r\t").find(c) == std::string_view::npos;
}
}  // namespace

std::uint64_t App::send_command(const std::string& verb, Json detail) {
  const std::uint64_t id = next_command_++;
  Json all{{"id", id}};
  all.update(detail);
  if (!assembly_.command(clock_.now(), verb + " " + all.dump()))
    throw Refusal("the pipeline does not take commands now; try again");
  return id;
}

Control::Answer App::handle(const Json& request) {
  const std::string command = request["command"];
  auto text = [&](const char* key) -> std::string {
    if (!request.contains(key)) return "";
    if (!request[key].is_string()) throw Refusal(std::string("\"") + key + "\" must be a string");
    return request[key];
  };
  if (command == "ping") return {{{"session", assembly_.session.id}}};
  if (command == "status") return {status()};
  if (command == "devices") return {devices()};
  if (command == "mark") {
    const std::string note = text("text");
    if (note.empty()) throw Refusal("a mark needs \"text\"");
    if (note.size() > kLongestMark)
      throw Refusal("a mark has at most " + std::to_string(kLongestMark) + " bytes, this one " +
                    std::to_string(note.size()));
    if (std::any_of(note.begin(), note.end(), unfit_for_mark))
      throw Refusal("a mark may hold line breaks and tabs, but no other control characters");
    const std::uint64_t id = send_command("mark", {{"text", note}});
    if (trial_ != Trial::starting && trial_ != Trial::running) unrecorded_marks_.insert(id);
    return {nullptr, id};
  }
  if (command == "tare") {
    const std::string plate = text("plate");
    const bool all = plate.empty() || plate == "all";
    if (!all || settings_.plates.empty()) plate_named(settings_.plates, plate);
    return {nullptr, send_command("tare", {{"plate", all ? "all" : plate}})};
  }
  if (command == "tap") {
    if (settings_.plates.empty() || settings_.imus.empty())
      throw Refusal("a tap test needs a plate and an inertial sensor");
    std::string plate = text("plate");
    if (plate.empty()) plate = settings_.plates.front().name;
    plate_named(settings_.plates, plate);
    const Json length = request.value("seconds", Json(15));
    if (!length.is_number() || !(length.get<double>() >= 3 && length.get<double>() <= 120))
      throw Refusal("\"seconds\" must be a number from 3 to 120");
    return {nullptr, send_command("tap", {{"plate", plate}, {"seconds", length}})};
  }
  if (command == "delays") return {{{"delays", delays_ ? delays_->to_json() : Json::array()}}};
  if (command == "zeros") return {{{"zeros", kept_zeros_ ? kept_zeros_->to_json() : Json::array()}}};
  if (command == "zeros_use") return use_zeros();
  if (command == "delays_use") return use_delays();
  if (command == "calibrate") return calibrate(text("step"), text("side"), request.value("seconds", Json()));
  if (command == "calibrations") return {{{"calibrations", calibrations_ ? calibrations_->to_json() : Json::array()}}};
  if (command == "calibrations_use") return use_calibrations();
  if (command == "lunge") return lunge(text("side"), request.value("seconds", Json()));
  if (command == "lunges") return {{{"lunges", lunges_ ? lunges_->to_json() : Json::array()}}};
  if (command == "lunges_use") return use_lunges();
  if (command == "mass")
    return weigh_mass(text("plate"), request.value("kg", Json()), request.value("x_m", Json()),
                      request.value("y_m", Json()));
  if (command == "mass_fit") return fit_masses(text("plate"), request.value("by_place", Json()));
  if (command == "mass_forget") return forget_masses(text("plate"));
  if (command == "pose") return {nullptr, send_command("pose", Json::object())};
  if (command == "record_start") {
    if (trial_ == Trial::starting) throw Refusal("a recording is just starting");
    if (trial_ != Trial::none) throw Refusal("a recording is running already (" + journal_ + "); stop it first");
    if (recorder_failed_) throw Refusal("the recorder has failed; see the log, then restart grfd");
    for (const Devices::Status& d : devices_->status())
      if (d.required && d.state != Devices::State::streaming)
        throw Refusal("required device " + d.name + " is " + to_string(d.state) +
                      (d.trouble.empty() ? "" : " (" + d.trouble + ")"));
    const std::string name = text("name");
    const auto bad = [](unsigned char ch) { return ch < 0x20 || ch == 0x7f || ch == '/'; };
    if (name.size() > 200 || name.starts_with('.') || std::any_of(name.begin(), name.end(), bad))
      throw Refusal("\"name\" must be part of a file name: no /, no leading dot, at most 200 bytes");
    return {nullptr, start_recording(name)};
  }
  if (command == "record_stop") {
    if (trial_ == Trial::starting)
      throw Refusal("the recording is just starting; stop it when record start has answered");
    if (trial_ != Trial::running) throw Refusal("nothing is being recorded");
    trial_ = Trial::stopping;
    return {nullptr, stop_command_ = send_command("record_stop", {{"reason", "command"}})};
  }
  if (command == "blink") {
    const std::string name = text("device");
    if (name.empty()) throw Refusal("blink needs \"device\", a name as in the configuration");
    if (std::none_of(settings_.devices.begin(), settings_.devices.end(),
                     [&](const DeviceSettings& d) { return d.name == name; }))
      throw Refusal("there is no device '" + name + "'");
    const std::uint64_t id = next_command_++;
    devices_->blink(name, [this, id, name](const std::string& trouble) {
      boost::asio::post(io_, [this, id, name, trouble] {
        Json detail{{"id", id}, {"device", name}, {"accepted", trouble.empty()}};
        if (!trouble.empty()) detail["reason"] = trouble;
        control_.finish(id, {{"event", "blink_result"}, {"detail", detail}});
      });
    });
    return {nullptr, id};
  }
  throw Refusal(
      "unknown command '" + command +
      "'; there are ping, status, devices, tare, zeros, zeros_use, tap, delays, delays_use, calibrate, calibrations, "
      "calibrations_use, pose, lunge, lunges, lunges_use, mass, mass_fit, mass_forget, record_start, record_stop, "
      "mark, "
      "blink");
}

Json App::devices() {
  Json all = Json::array();
  const auto streams = status_sink_->snapshot();  // empty until its thread has opened it
  for (const Devices::Status& d : devices_->status()) {
    Json one{{"name", d.name},         {"driver", d.driver},     {"state", to_string(d.state)},
             {"model", d.model},       {"serial", d.serial},     {"firmware", d.firmware},
             {"required", d.required}, {"rate_hz", d.rate_hz},   {"measured_hz", d.measured_hz},
             {"samples", d.samples},   {"restarts", d.restarts}, {"backlog", d.backlog},
             {"trouble", d.trouble}};
    Json losses = Json::object();
    for (const auto& line : assembly_.engine->counters())
      if (line.name.rfind(d.name + ".", 0) == 0 && line.counter->kind == Counter::Kind::trouble &&
          line.counter->get() > 0)
        losses[line.name.substr(d.name.size() + 1)] = line.counter->get();
    one["counters"] = losses;
    one["losses"] = losses_.of(d.name);
    if (const auto clock = assembly_.session.streams.find("clock/" + d.name);
        d.state == Devices::State::streaming && clock && *clock < streams.size() &&
        streams[*clock].newest.size() >= 5 && std::isfinite(streams[*clock].newest[2])) {
      const auto& newest = streams[*clock].newest;  // offset, drift_ppm, residual, interval, state
      constexpr const char* kState[] = {"settling", "sync", "full"};
      one["clock"] = {{"drift_ppm", newest[1]},
                      {"residual_us", newest[2] * 1e6},
                      {"state", kState[std::clamp(static_cast<int>(newest[4]), 0, 2)]}};
    }
    all.push_back(std::move(one));
  }
  return all;
}

/// From the arrival of the newest sample of a message to its sending, in the last 10 to 20 s.
Json App::feed_age() {
  if (!feed_) return Json::object();
  const auto one = [](const AgeStatistics::Summary& s) {
    return Json{{"messages", s.count}, {"p50", s.p50_ms}, {"p99", s.p99_ms}, {"worst", s.worst_ms}};
  };
  return {{"fast", one(feed_->fast_age())}, {"batched", one(feed_->batched_age())}};
}

Json App::status() {
  constexpr const char* kTrial[] = {"none", "starting", "running", "stopping"};
  const auto streams = status_sink_->snapshot();
  Json table = Json::object();
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const StreamInfo& info = assembly_.session.streams[static_cast<StreamId>(i)];
    Json one{{"rows", streams[i].rows}, {"missing", streams[i].missing}, {"t_s", streams[i].t_s}};
    Json values = Json::object();
    for (std::size_t c = 0; c < streams[i].newest.size(); ++c)
      values[info.columns[c].name] = std::isfinite(streams[i].newest[c]) ? Json(streams[i].newest[c]) : Json(nullptr);
    one["newest"] = values;
    table[info.name] = one;
  }
  Json counters = Json::object();
  for (const auto& line : assembly_.engine->counters())
    if (line.counter->kind == Counter::Kind::trouble) counters[line.name] = line.counter->get();
  const double now_s = seconds(clock_.now() - assembly_.session.start);
  return {{"session", assembly_.session.id},
          {"software", std::string(software_version()) + " " + software_build()},
          {"uptime_s", now_s},
          {"participant", settings_.participant.code},
          {"dominant", to_string(settings_.participant.dominant)},
          {"dominance_method", settings_.participant.dominance_method},
          {"recording",
           {{"state", kTrial[static_cast<int>(trial_)]},
            {"journal", trial_ == Trial::none ? "" : journal_},
            {"seconds", trial_ == Trial::none ? 0.0 : now_s - trial_since_s_},
            {"last_file", last_file_},
            {"not_writing", not_writing_},
            {"lost_samples", trial_ == Trial::none ? 0 : recorder_->lost_samples.get() - lost_before_}}},
          {"feed", settings_.feed.enabled ? settings_.feed.endpoint : ""},
          {"feed_age_ms", feed_age()},
          {"plates", plates()},
          {"rooms", rooms()},
          {"devices", devices()},
          {"counters", counters},
          {"streams", table}};
}

}  // namespace grfd
