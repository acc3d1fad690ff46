#include "drivers/emulation/xio_ximu3_device.hpp"

#include <algorithm>
#include <cmath>

#include "drivers/emulation/fault_names.hpp"

namespace grfd {

namespace {

constexpr std::uint8_t kIn = 0x82, kOut = 0x02;
constexpr TimeNs kMs = 1'000'000, kApplyDelay = 2'000 * kMs, kResetDelay = 2'000 * kMs;
constexpr std::size_t kLongestCommand = 1024;
constexpr std::array<const char*, kXimu3Faults> kFaultNames{"drop_message", "truncate",    "wrong_length", "bad_escape",
                                                            "error",        "buffer_full", "nan",          "over_range",
                                                            "dtr_drop",     "reboot"};
constexpr FaultName kOptions[] = {{"drop_edge"},
                                  {"sync_lf"},
                                  {"sync_input"},
                                  {"needs_dtr"},
                                  {"ascii"},
                                  {"foreign", 0, 3},
                                  {"inertial_ppm", -50'000, 50'000},
                                  {"highg_ppm", -50'000, 50'000},
                                  {"reply_ms", 0, 10'000},
                                  {"flush_ms", 0, 1000},
                                  {"fifo_bytes", 64, 1'000'000}};

constexpr std::uint8_t kConfiguration[] = {
    0x09, 0x02, 0x62, 0x00, 0x03, 0x01, 0x00, 0xC0, 0x32,  // configuration: 3 interfaces, self-powered
    0x09, 0x04, 0x02, 0x00, 0x02, 0x08, 0x06, 0x50, 0x00,  // mass storage
    0x07, 0x05, 0x83, 0x02, 0x00, 0x02, 0x00, 0x07, 0x05, 0x03, 0x02, 0x00, 0x02, 0x00, 0x08, 0x0B, 0x00, 0x02, 0x02,
    0x02, 0x01, 0x00,                                      // CDC: interfaces 0 and 1 belong together
    0x09, 0x04, 0x00, 0x00, 0x01, 0x02, 0x02, 0x01, 0x00,  // control interface
    0x05, 0x24, 0x00, 0x20, 0x01, 0x04, 0x24, 0x02, 0x02, 0x05, 0x24, 0x06, 0x00, 0x01, 0x05, 0x24, 0x01, 0x00, 0x01,
    0x07, 0x05, 0x81, 0x03, 0x10, 0x00, 0x02, 0x09, 0x04, 0x01, 0x00, 0x02, 0x0A, 0x00, 0x00, 0x00,  // data
                                                                                                     // interface
    0x07, 0x05, 0x02, 0x02, 0x00, 0x02, 0x00, 0x07, 0x05, 0x82, 0x02, 0x00, 0x02, 0x00};

}  // namespace

std::string ximu3_fault_names() { return fault_names(kOptions, kFaultNames); }

std::vector<std::string> ximu3_fault_errors(const EmulationSettings& emulation) {
  return fault_errors(emulation, kOptions, kFaultNames);
}

XioXimu3Device::XioXimu3Device(const EmulationSettings& settings, InertialSource* source, const SyncLine& sync)
    : settings_(settings),
      source_(source),
      sync_(sync),
      server_(settings.serial.empty() ? "01234567" : settings.serial),
      noise_(settings.seed),
      chance_(~settings.seed),
      drop_edge_(fault_value(settings, "drop_edge", 0)),
      needs_dtr_(fault_value(settings, "needs_dtr", 1) > 0),
      sync_lf_(fault_value(settings, "sync_lf", 0) > 0),
      sync_input_(fault_value(settings, "sync_input", 0) > 0),
      foreign_(static_cast<int>(fault_value(settings, "foreign", 0))),
      reply_delay_(std::llround(fault_value(settings, "reply_ms", 2) * 1e6)),
      flush_(std::llround(fault_value(settings, "flush_ms", 1) * 1e6)),
      fifo_limit_(static_cast<std::size_t>(fault_value(settings, "fifo_bytes", 65536))),
      inertial_{2500 / (1 + fault_value(settings, "inertial_ppm", -1200) * 1e-6)},
      highg_{312.5 / (1 + fault_value(settings, "highg_ppm", 21000) * 1e-6)},
      slow_{{{'T', &Ximu3Server::Active::temperature, 5},
             {'B', &Ximu3Server::Active::battery, 5},
             {'W', &Ximu3Server::Active::rssi, 1},
             {'M', &Ximu3Server::Active::magnetometer, 20}}},
      next_edge_(sync.next(-1)) {
  for (std::size_t i = 0; i < kXimu3Faults; ++i) rates_[i] = fault_value(settings, kFaultNames[i], 0);
  info_.vendor_id = 0x04D8;
  info_.product_id = 0x0057;
  info_.manufacturer = foreign_ == 1 ? "Microchip Technology Inc." : "x-io Technologies";
  info_.product = foreign_ == 1 ? "CDC + MSD Demo" : "x-IMU3";
  info_.configuration.assign(std::begin(kConfiguration), std::end(kConfiguration));
  info_.speed = LinkSpeed::high;
  if (fault_value(settings, "ascii", 0) > 0) {
    server_.take(R"({"binary_mode_enabled":false})");
    server_.take(R"({"save":null})");
    server_.apply();
  }
}

std::vector<std::uint8_t> XioXimu3Device::device_descriptor() const {
  return {0x12, 0x01, 0x00, 0x02, 0xEF, 0x02, 0x01, 0x40, 0xD8, 0x04, 0x57, 0x00, 0x00, 0x01, 0x01, 0x02, 0x00, 0x01};
}

int XioXimu3Device::control(TimeNs now, std::uint8_t type, std::uint8_t request, std::uint16_t value,
                            std::uint16_t index, std::span<std::byte> data) {
  if (unplugged_) return -1;
  advance(now);
  if (type == 0x21 && request == 0x20 && index == 0 && data.size() == line_coding_.size()) {
    std::copy(data.begin(), data.end(), line_coding_.begin());
    return static_cast<int>(data.size());
  }
  if (type == 0x21 && request == 0x22 && index == 0) {
    dtr_ = value & 1;
    skip_to(now);
    return 0;
  }
  if (type == 0xA1 && request == 0x21 && index == 0) {
    const std::size_t n = std::min(data.size(), line_coding_.size());
    std::copy_n(line_coding_.begin(), n, data.begin());
    return static_cast<int>(n);
  }
  const bool set_configuration = type == 0x00 && request == 0x09, clear_halt = type == 0x02 && request == 0x01,
             set_interface = type == 0x01 && request == 0x0B;
  return set_configuration || clear_halt || set_interface ? 0 : -1;
}

void XioXimu3Device::out(TimeNs now, std::uint8_t endpoint, std::span<const std::byte> data) {
  advance(now);
  if (unplugged_ || endpoint != kOut) return;
  for (const std::byte b : data) {
    if (b != std::byte{'\n'}) {
      line_too_long_ |= line_.size() >= kLongestCommand;
      if (!line_too_long_) line_ += std::to_integer<char>(b);
      continue;
    }
    commands_.push_back({now + reply_delay_, line_too_long_ ? std::string("\n") : line_});
    line_.clear();
    line_too_long_ = false;
  }
}

bool XioXimu3Device::streams() const { return server_.active().stream && (dtr_ || !needs_dtr_); }

void XioXimu3Device::advance(TimeNs now) {
  while (!unplugged_) {
    const TimeNs command = commands_.empty() ? kNever : commands_.front().due;
    const TimeNs inertial = due(inertial_), highg = due(highg_), box = box_due();
    const TimeNs release = fifo_.size() > committed_ ? last_commit_ + flush_ : kNever;
    Slow* slow = &slow_[0];
    for (Slow& s : slow_)
      if (due(s) < due(*slow)) slow = &s;
    const TimeNs other = due(*slow);
    const TimeNs first = std::min({command, inertial, highg, box, release, other, apply_at_, reset_at_});
    if (first > now) break;
    if (first == reset_at_) {
      reboot(first);
    } else if (first == apply_at_) {
      apply_at_ = kNever;
      server_.apply();
      skip_to(first);
    } else if (first == box) {
      look_at_line(first);
    } else if (first == inertial) {
      sample_inertial(first);
    } else if (first == highg) {
      sample_highg(first);
    } else if (first == other) {
      send_slow(*slow);
    } else if (first == command) {
      const Command c = std::move(commands_.front());
      commands_.pop_front();
      execute(c);
    } else {
      commit(first);
    }
    if (fifo_.size() > committed_ && first >= last_commit_ + flush_) commit(first);
  }
}

TimeNs XioXimu3Device::ready(TimeNs now, std::uint8_t endpoint, std::size_t) {
  advance(now);
  if (unplugged_ || endpoint != kIn) return kNever;
  if (committed_ > head_) return now;
  if (fifo_.size() > committed_) return last_commit_ + flush_;
  TimeNs first = std::min({commands_.empty() ? kNever : commands_.front().due, due(inertial_), due(highg_), box_due(),
                           apply_at_, reset_at_});
  for (const Slow& s : slow_) first = std::min(first, due(s));
  return first == kNever ? kNever : std::max(first, last_commit_ + flush_);
}

int XioXimu3Device::in(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) {
  advance(now);
  if (unplugged_ || endpoint != kIn || committed_ == head_) return -1;
  const std::size_t n = std::min(data.size(), committed_ - head_);
  std::copy_n(fifo_.begin() + static_cast<std::ptrdiff_t>(head_), n, data.begin());
  head_ += n;
  if (head_ == fifo_.size()) forget_output();
  return static_cast<int>(n);
}

int XioXimu3Device::partial(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) {
  advance(now);
  if (unplugged_ || endpoint != kIn) return -1;
  committed_ = fifo_.size();
  return committed_ == head_ ? 0 : in(now, endpoint, data);
}

void XioXimu3Device::reboot(TimeNs now) {
  server_.power_up();
  commands_.clear();
  line_.clear();
  line_too_long_ = false;
  apply_at_ = reset_at_ = kNever;
  boot_ = now;
  glued_ = false;
  box_level_ = box_busy_ = false;
  box_count_ = 0;
  box_line_ = "x-IMU3-SA-Sync v1.0.4";
  if (sync_.period_s > 0) {
    box_busy_ = true;
    box_free_at_ = now + 2 * kMs;
  }
  skip_to(now);
}

void XioXimu3Device::power_cycle(TimeNs now) {
  unplugged_ = dtr_ = false;
  forget_output();
  reboot(now);
  last_commit_ = now;
}

void XioXimu3Device::unplug(TimeNs now) {
  advance(now);
  unplugged_ = true;
  forget_output();
}

void XioXimu3Device::forget_output() {
  fifo_.clear();
  head_ = committed_ = 0;
}

void XioXimu3Device::commit(TimeNs t) {
  committed_ = fifo_.size();
  last_commit_ = t;
}

TimeNs XioXimu3Device::lab_time(double counter_us) const {
  return boot_ + std::llround(counter_us * 1e3 / (1 + settings_.drift_ppm * 1e-6));
}

double XioXimu3Device::counter_us(TimeNs lab) const {
  return static_cast<double>(std::max<TimeNs>(0, lab - boot_)) * 1e-3 * (1 + settings_.drift_ppm * 1e-6);
}

/// Samples that passed while nothing was due are not made up for.
void XioXimu3Device::skip_to(TimeNs now) {
  const double us = counter_us(now);
  for (Sensor* s : {&inertial_, &highg_}) {
    s->next = static_cast<std::uint64_t>(us / s->period_us) + 1;
    s->sum = {};
    s->summed = 0;
  }
  for (Slow& s : slow_) s.next = static_cast<std::uint64_t>(us * 1e-6 * s.base_hz) + 1;
}

TimeNs XioXimu3Device::due(const Sensor& sensor) const {
  const auto& active = server_.active();
  const bool wanted = &sensor == &highg_ ? active.highg > 0 : active.inertial > 0 || active.ahrs > 0;
  return streams() && wanted ? lab_time(static_cast<double>(sensor.next) * sensor.period_us) : kNever;
}

TimeNs XioXimu3Device::due(const Slow& slow) const {
  return streams() && server_.active().*slow.divisor > 0 ? lab_time(static_cast<double>(slow.next) * 1e6 / slow.base_hz)
                                                         : kNever;
}

void XioXimu3Device::execute(const Command& command) {
  if (foreign_ == 2) return;
  if (foreign_ == 3) {
    constexpr std::string_view kHello = "{\"ping\":{\"interface\":\"USB\"}}\n";
    push(std::as_bytes(std::span(kHello)));
    return;
  }
  const std::uint64_t t_us = static_cast<std::uint64_t>(counter_us(command.due));
  if (command.line == "\n") {
    send('F', t_us, {}, "USB receive error. Buffer overrun.");
    return;
  }
  const Ximu3Server::Result r = server_.take(command.line);
  if (!r.error.empty()) send('F', t_us, {}, r.error);
  if (!r.answer.empty()) {
    const std::string line = r.answer + "\n";
    push(std::as_bytes(std::span(line)));
    glued_ = false;
  }
  if (!r.note.empty()) send('N', t_us, {}, r.note);
  if (r.wrote) apply_at_ = command.due + kApplyDelay;
  if (r.reset) reset_at_ = command.due + kResetDelay;
  if (!r.applied) return;
  apply_at_ = kNever;
  skip_to(command.due);
}

void XioXimu3Device::say(TimeNs now, char letter, std::string_view text) {
  advance(now);
  if (!unplugged_) send(letter, static_cast<std::uint64_t>(counter_us(now)), {}, text);
}

}  // namespace grfd
