#include "daemon/devices.hpp"

#include <pthread.h>

#include <nlohmann/json.hpp>

#include "daemon/log.hpp"
#include "daemon/signals_blocked.hpp"

namespace grfd {
namespace {
constexpr TimeNs kRetry = 1'000'000'000, kRateWindow = 2'000'000'000;
constexpr int kDeficitLooks = 40;  // the pipeline, which also says how many, is quicker
constexpr TimeNs kSilentPacer = 2'000'000'000;
constexpr TimeNs kBlink = 500'000'000;
constexpr int kBlinks = 10;
}  // namespace

const char* to_string(Devices::State state) {
  constexpr const char* kNames[] = {"absent", "starting", "streaming", "lost"};
  return kNames[static_cast<std::size_t>(state)];
}

Devices::Devices(Assembly& assembly, Emulation& emulation, LinkFinder* finder, LabClock& clock,
                 std::function<void(const Status&)> on_change)
    : emulation_(emulation),
      finder_(finder),
      clock_(clock),
      on_change_(std::move(on_change)),
      order_(start_order(assembly.session.settings.devices)) {
  for (auto& port : assembly.ports) {
    Device device;
    device.port = port.get();
    device.status.name = port->settings().name;
    device.status.driver = port->settings().driver;
    device.status.serial = port->settings().serial;
    device.status.required = port->settings().required;
    device.status.rate_hz = assembly.session.streams[port->first_stream()].rate_hz;
    devices_.push_back(std::move(device));
  }
}

Devices::~Devices() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (auto i = order_.order.rbegin(); i != order_.order.rend(); ++i)  // what paces others stops before them
    if (Device& device = devices_[*i]; device.link) device.port->stop(*device.link);
}

void Devices::start() {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

void Devices::run() {
  pthread_setname_np(pthread_self(), "devices");
  std::unique_lock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    poll();
    lock.lock();
    wake_.wait_for(lock, std::chrono::nanoseconds(kPoll), [this] { return stop_; });
  }
}

void Devices::poll() {
  if (const std::uint64_t changes = finder_ ? finder_->changes() : 0; changes != changes_) {
    changes_ = changes;  // something was plugged in or out: whoever is missed looks at once
    for (std::size_t i = 0; i < devices_.size(); ++i)
      if (!emulation_.link(i)) devices_[i].retry_at = 0;
  }
  for (const std::size_t i : order_.order) step(i);
}

void Devices::blink(const std::string& name, std::function<void(const std::string&)> done) {
  const std::lock_guard lock(mutex_);
  for (Device& device : devices_)
    if (device.status.name == name) return device.blink_done.push_back(std::move(done));
  done("there is no device '" + name + "'");
}

void Devices::blink(Device& device, TimeNs now) {
  decltype(device.blink_done) asked;
  {
    const std::lock_guard lock(mutex_);
    asked.swap(device.blink_done);
  }
  std::string trouble;
  if (device.status.state != State::streaming) {
    device.blinks_left = 0;
    trouble = device.status.name + " is " + to_string(device.status.state);
  } else if (!asked.empty() || (device.blinks_left > 0 && now >= device.next_blink)) {
    try {
      if (!device.port->blink(*device.link, now))
        trouble = "a " + device.status.model + " has no light that can be switched";
    } catch (const std::exception& e) { trouble = e.what(); }
    // Whoever asks again while it blinks makes it longer by an even number.
    device.blinks_left = trouble.empty() ? device.blinks_left - 1 + kBlinks * static_cast<int>(asked.size()) : 0;
    device.next_blink = now + kBlink;
  }
  for (const auto& done : asked) done(trouble);
}

void Devices::change(Device& device, State state, std::string trouble) {
  Status copy;
  {
    const std::lock_guard lock(mutex_);
    if (device.status.state == state && device.status.trouble == trouble) return;
    device.status.state = state;
    device.status.trouble = std::move(trouble);
    copy = device.status;
  }
  on_change_(copy);
}

void Devices::step(std::size_t index) {
  const TimeNs now = clock_.now();
  blink(devices_[index], now);
  if (runs(devices_[index]))
    watch(index, now);
  else if (now >= devices_[index].retry_at && !must_wait(index, now))
    open(index, now);
}

void Devices::halt(std::size_t index, const std::string& cause, TimeNs retry_at) {
  Device& device = devices_[index];
  device.port->stop(*device.link);
  device.link = nullptr;
  device.owned.reset();
  device.retry_at = retry_at;
  {
    const std::lock_guard lock(mutex_);
    device.status.measured_hz = 0;
    device.status.backlog = 0;
  }
  change(device, State::lost, cause);
  for (std::size_t i = 0; i < devices_.size(); ++i)
    if (order_.clock[i] == index && runs(devices_[i]))
      halt(i, "its clock, " + device.status.name + ", stopped: " + cause, clock_.now());
}

/// Scans that were lost without a trace also leave the codes in the wrong columns when they were no whole scans: only a
/// new start helps.
bool Devices::counts_differ(std::size_t index) {
  Device& device = devices_[index];
  const Device& pacer = devices_[order_.clock[index]];
  if (device.status.state != State::streaming || pacer.status.state != State::streaming) return false;
  const auto since_start = [](const Device& d) { return static_cast<std::int64_t>(d.port->rows() - d.start_rows); };
  const std::int64_t behind = since_start(pacer) - since_start(device) - device.port->settings().clock_offset_scans;
  return device.behind->look(behind) + device.ahead->look(-behind) != 0;
}

bool Devices::must_wait(std::size_t index, TimeNs now) {
  for (const std::size_t other : order_.before[index]) {
    const Device& first = devices_[other];
    if (runs(first) || !first.status.required) continue;
    Device& device = devices_[index];
    if (first.retry_at > now)  // else it is tried right away
      change(device, device.status.state,
             "waits for " + first.status.name + ", which is " + to_string(first.status.state));
    return true;
  }
  return false;
}

void Devices::watch(std::size_t index, TimeNs now) {
  Device& device = devices_[index];
  DevicePort& port = *device.port;
  const char* cause = port.lost_reason();
  const bool gone = cause != nullptr;
  if (!cause) cause = port.check(*device.link, now);
  if (cause) return halt(index, cause, gone ? now + kRetry : now);
  if (device.status.state == State::starting) {
    const Device& pacer = devices_[order_.clock[index]];
    if (port.rows() > device.start_rows)
      change(device, State::streaming);
    else if (pacer.status.state == State::streaming && now - pacer.started_at > kSilentPacer)
      change(device, State::starting,
             "no scan comes although " + pacer.status.name + " runs: is its SYNC terminal wired to this one's?");
  }
  if (const std::size_t pacer = order_.clock[index]; pacer != StartOrder::kOwn && counts_differ(index))
    return halt(pacer, "unequal_scan_counts", now);
  const std::lock_guard lock(mutex_);
  device.status.samples = port.samples();
  device.status.backlog = port.backlog();
  if (now - device.rate_since >= kRateWindow) {
    device.status.measured_hz = static_cast<double>(port.rows() - device.rate_rows) / seconds(now - device.rate_since);
    device.rate_since = now;
    device.rate_rows = port.rows();
  }
}

void Devices::open(std::size_t index, TimeNs now) {
  Device& device = devices_[index];
  DevicePort& port = *device.port;
  try {
    device.link = emulation_.link(index);
    if (!device.link) {
      device.owned = finder_ ? finder_->open(port.settings(), port.driver()) : nullptr;
      device.link = device.owned.get();
    }
    if (!device.link) {
      device.retry_at = now + kRetry;
      if (device.status.state != State::lost) change(device, State::absent, "not found on USB");
      return;
    }
    const std::size_t pacer = order_.clock[index];
    if (pacer != StartOrder::kOwn && runs(devices_[pacer])) {  // armed now, it would miss an unknown number of scans
      port.driver().identify(*device.link);                    // is it really there?
      halt(pacer, device.status.name + " joins its clock", now);
    }
    device.start_rows = port.rows();
    const DeviceIdentity identity = port.start(*device.link, now);
    device.started_at = now;
    if (device.link->info().speed == LinkSpeed::unknown)
      log(Level::info,
          device.status.name + ": the speed of its link is unknown; its clock reckons with frames of 1 ms");
    if (pacer != StartOrder::kOwn) {
      const double tolerance = ScanDeficit::tolerance_scans(
          std::min(port.settings().analog_inputs.size(), devices_[pacer].port->settings().analog_inputs.size()),
          1 / device.status.rate_hz);
      device.behind.emplace(tolerance, kDeficitLooks, 1);
      device.ahead.emplace(tolerance, kDeficitLooks, 1);
    }
    {
      const std::lock_guard lock(mutex_);
      device.status.model = identity.model;
      device.status.serial = identity.serial;
      device.status.firmware = identity.firmware;
      if (device.status.state == State::lost) ++device.status.restarts;
      device.rate_since = now;
      device.rate_rows = port.rows();
    }
    change(device, pacer == StartOrder::kOwn ? State::streaming : State::starting);
  } catch (const std::exception& e) {
    if (device.link) port.stop(*device.link);
    device.link = nullptr;
    device.owned.reset();
    device.retry_at = now + kRetry;
    change(device, device.status.state == State::lost ? State::lost : State::absent, e.what());
  }
}

std::vector<Devices::Status> Devices::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<Status> all;
  for (const Device& device : devices_) all.push_back(device.status);
  return all;
}

std::string device_command(const Devices::Status& s) {
  nlohmann::ordered_json detail{{"device", s.name}, {"state", to_string(s.state)}};
  if (!s.serial.empty()) detail["serial"] = s.serial;
  if (!s.model.empty()) detail["model"] = s.model;
  if (!s.firmware.empty()) detail["firmware"] = s.firmware;
  detail["restarts"] = s.restarts;
  if (!s.trouble.empty()) detail["trouble"] = s.trouble.substr(0, 500);
  return "device " + detail.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

bool Devices::all_required_streaming() const {
  const std::lock_guard lock(mutex_);
  for (const Device& device : devices_)
    if (device.status.required && device.status.state != State::streaming) return false;
  return true;
}

}  // namespace grfd
