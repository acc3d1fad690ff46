#include "drivers/emulation/microstrain_mip_device.hpp"

#include <algorithm>

#include "drivers/emulation/fault_names.hpp"

namespace grfd {

using namespace mip;

namespace {

constexpr std::uint8_t kIn = 0x81, kOut = 0x01;
constexpr TimeNs kMs = 1'000'000, kResetTime = 10 * kMs;
constexpr std::array<const char*, kMipFaults> kFaultNames{
    "drop_packet", "drop_bytes", "corrupt_checksum", "nan", "nmea", "over_range", "burst"};
constexpr FaultName kOptions[] = {{"gen5"},
                                  {"needs_dtr"},
                                  {"streaming"},
                                  {"gpio_levels"},
                                  {"aux_port"},
                                  {"group", 1, 50},
                                  {"reply_ms", 0, 10'000},
                                  {"burst_ms", 0, 10'000},
                                  {"fifo_bytes", 64, 1'000'000},
                                  {"timestamp_pins", 0, 15},
                                  {"event_query"},
                                  {"gpio_triggers", 0, 12},
                                  {"message_actions", 0, 12}};

constexpr std::uint8_t
    kConfiguration[] = {0x09, 0x02, 0x43, 0x00, 0x02, 0x01, 0x00, 0x80, 0xFA,  // configuration
                        0x09, 0x04, 0x00, 0x00, 0x01, 0x02, 0x02, 0x01, 0x00, 0x05, 0x24, 0x00,
                        0x10, 0x01, 0x05, 0x24,  // control interface
                        0x01, 0x00, 0x01, 0x04, 0x24, 0x02, 0x02, 0x05, 0x24, 0x06, 0x00, 0x01,
                        0x07, 0x05, 0x82, 0x03, 0x08, 0x00, 0x10, 0x09, 0x04, 0x01, 0x00, 0x02,
                        0x0A, 0x00, 0x00, 0x00, 0x07, 0x05, 0x01, 0x02, 0x40, 0x00, 0x00,  // data interface
                        0x07, 0x05, 0x81, 0x02, 0x40, 0x00, 0x00};

MipServer::Options server_options(const EmulationSettings& s) {
  MipServer::Options o;
  if (!s.serial.empty()) o.serial = s.serial;
  o.generation5 = fault_value(s, "gen5", 0) > 0;
  o.over_range_field = fault_value(s, "over_range", -1) >= 0;
  o.gpio_levels = fault_value(s, "gpio_levels", 0) > 0;
  o.timestamp_pins = static_cast<unsigned>(std::clamp(fault_value(s, "timestamp_pins", 15), 0.0, 15.0));
  o.event_query = fault_value(s, "event_query", 1) > 0;
  o.gpio_triggers = static_cast<std::uint8_t>(std::clamp(fault_value(s, "gpio_triggers", 4), 0.0, 12.0));
  o.message_actions = static_cast<std::uint8_t>(std::clamp(fault_value(s, "message_actions", 12), 0.0, 12.0));
  return o;
}

}  // namespace

std::string mip_fault_names() { return fault_names(kOptions, kFaultNames); }

std::vector<std::string> mip_fault_errors(const EmulationSettings& emulation) {
  return fault_errors(emulation, kOptions, kFaultNames);
}

int mip_group(const EmulationSettings& emulation) {
  return std::max(1, static_cast<int>(fault_value(emulation, "group", emulation.group > 0 ? emulation.group : 4)));
}

MicrostrainMipDevice::MicrostrainMipDevice(const EmulationSettings& settings, InertialSource* source,
                                           const SyncLine& sync)
    : settings_(settings),
      source_(source),
      sync_(sync),
      server_(server_options(settings)),
      noise_(settings.seed),
      chance_(~settings.seed),
      needs_dtr_(fault_value(settings, "needs_dtr", 0) > 0),
      group_(mip_group(settings)),
      reply_delay_(std::llround(fault_value(settings, "reply_ms", 2) * 1e6)),
      burst_(std::llround(fault_value(settings, "burst_ms", 50) * 1e6)),
      fifo_limit_(static_cast<std::size_t>(fault_value(settings, "fifo_bytes", 65536))) {
  for (std::size_t i = 0; i < kMipFaults; ++i) rates_[i] = fault_value(settings, kFaultNames[i], 0);
  info_.vendor_id = 0x199B;
  info_.product_id = 0x3065;
  info_.manufacturer = "Lord Microstrain";
  info_.product = "Lord Inertial Sensor";
  info_.serial_string =
      (fault_value(settings, "aux_port", 0) > 0 ? "2-00__" : "0000__") + server_options(settings).serial;
  info_.configuration.assign(std::begin(kConfiguration), std::end(kConfiguration));
  info_.speed = LinkSpeed::full;
  if (fault_value(settings, "streaming", 0) > 0)
    server_.save_format(fault_value(settings, "gen5", 0) > 0 ? MipSettings::Format{{0x04, 1}, {0x05, 1}, {0x12, 1}}
                                                             : MipSettings::Format{{0x04, 2}, {0x05, 2}, {0xD5, 2}});
}

std::vector<std::uint8_t> MicrostrainMipDevice::device_descriptor() const {
  return {0x12, 0x01, 0x00, 0x02, 0x02, 0x00, 0x00, 0x40, 0x9B, 0x19, 0x65, 0x30, 0x00, 0x01, 0x01, 0x02, 0x03, 0x01};
}

int MicrostrainMipDevice::control(TimeNs now, std::uint8_t type, std::uint8_t request, std::uint16_t value,
                                  std::uint16_t index, std::span<std::byte> data) {
  if (unplugged_) return -1;
  advance(now);
  const auto size = static_cast<int>(data.size());
  if (type == 0x21 && request == 0x20 && index == 0 && data.size() == line_coding_.size()) {
    std::copy(data.begin(), data.end(), line_coding_.begin());
    return size;
  }
  if (type == 0x21 && request == 0x22 && index == 0) {
    dtr_ = value & 1;
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

void MicrostrainMipDevice::out(TimeNs now, std::uint8_t endpoint, std::span<const std::byte> data) {
  advance(now);
  if (unplugged_ || endpoint != kOut) return;
  while (!data.empty()) {
    data = parser_.take(data, now);
    for (Packet p; parser_.next(p);)
      commands_.push_back({now + reply_delay_, p.set, std::vector<std::byte>(p.payload.begin(), p.payload.end())});
  }
}

void MicrostrainMipDevice::advance(TimeNs now) {
  while (!unplugged_) {
    const Ticks tick = next_due(next_tick_);
    const TimeNs data = tick == kNoTick ? kNever : lab_time(tick);
    const TimeNs command = commands_.empty() ? kNever : commands_.front().due;
    const TimeNs release = want_commit_ ? hold_until_ : kNever;
    const TimeNs edge = edge_time();
    const TimeNs first = std::min({data, command, release, reset_at_, edge});
    if (first > now) break;
    if (first == edge) {
      for (int pin = 1; pin <= 4; ++pin) change_pin(edge, pin, next_edge_.rising);
      next_edge_ = sync_.next(next_edge_.t_s + 1e-9);
    } else if (first == data) {
      generate(tick);
      next_tick_ = tick + 1;
    } else if (first == command) {
      const Command c = std::move(commands_.front());
      commands_.pop_front();
      execute(c);
    } else if (first == release) {
      commit(release);
    } else {
      power_cycle(reset_at_);
    }
  }
  now_ = std::max(now_, now);
}

TimeNs MicrostrainMipDevice::ready(TimeNs now, std::uint8_t endpoint, std::size_t) {
  advance(now);
  if (unplugged_ || endpoint != kIn) return kNever;
  if (committed_ > head_) return now;
  if (needs_dtr_ && !dtr_) return kNever;
  if (want_commit_) return hold_until_;
  TimeNs first = std::min(commands_.empty() ? kNever : commands_.front().due, server_.idle ? kNever : edge_time());
  Ticks tick = next_due(next_tick_);
  for (int more = group_ - held_ - 1; more > 0 && tick != kNoTick; --more) tick = next_due(tick + 1);
  if (tick != kNoTick) first = std::min(first, lab_time(tick));
  return first == kNever ? kNever : std::max(first, hold_until_);
}

int MicrostrainMipDevice::in(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) {
  advance(now);
  if (unplugged_ || endpoint != kIn || committed_ == head_) return -1;
  const std::size_t n = std::min(data.size(), committed_ - head_);
  std::copy_n(fifo_.begin() + static_cast<std::ptrdiff_t>(head_), n, data.begin());
  head_ += n;
  if (head_ == fifo_.size()) forget_output();
  return static_cast<int>(n);
}

int MicrostrainMipDevice::partial(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) {
  advance(now);
  if (unplugged_ || endpoint != kIn) return -1;
  committed_ = fifo_.size();
  held_ = 0;
  want_commit_ = false;
  return committed_ == head_ ? 0 : in(now, endpoint, data);
}

void MicrostrainMipDevice::power_cycle(TimeNs now) {
  unplugged_ = dtr_ = false;
  server_.power_up();
  parser_.reset();
  commands_.clear();
  forget_output();
  hold_until_ = 0;
  reset_at_ = kNever;
  boot_ = (now + kMs - 1) / kMs * kMs;
  next_tick_ = last_sensor_output_ = 0;
}

void MicrostrainMipDevice::unplug(TimeNs now) {
  advance(now);
  unplugged_ = true;
  forget_output();
}

void MicrostrainMipDevice::forget_output() {
  fifo_.clear();
  head_ = committed_ = 0;
  held_ = 0;
  want_commit_ = false;
}

TimeNs MicrostrainMipDevice::edge_time() const {
  return next_edge_.t_s < 9e9 ? std::llround(next_edge_.t_s * 1e9) : kNever;
}

TimeNs MicrostrainMipDevice::lab_time(Ticks tick) const {
  return boot_ + std::llround(static_cast<double>(tick * kPeriodNs) / (1 + settings_.drift_ppm * 1e-6));
}

std::uint64_t MicrostrainMipDevice::device_time(TimeNs lab) const {
  return static_cast<std::uint64_t>(
      std::llround(static_cast<double>(std::max<TimeNs>(0, lab - boot_)) * (1 + settings_.drift_ppm * 1e-6)));
}

MicrostrainMipDevice::Ticks MicrostrainMipDevice::next_due(Ticks from) const {
  Ticks first = kNoTick;
  if (server_.idle) return first;
  const MipSettings& s = server_.settings();
  const auto consider = [&](const MipSettings::Format& format, bool enabled) {
    if (enabled)
      for (const auto& f : format) first = std::min(first, (from + f.decimation - 1) / f.decimation * f.decimation);
  };
  consider(s.sensor_format, s.sensor_enabled);
  consider(s.system_format, s.system_enabled);
  return first;
}

void MicrostrainMipDevice::execute(const Command& command) {
  Writer reply(command.set);
  server_.answer({command.set, command.payload}, reply);
  if (reply.payload_size() > 0) push(reply.finish());
  commit(command.due);
  // Ticks that passed while nothing was due are not made up for.
  next_tick_ = std::max(next_tick_, device_time(command.due) / kPeriodNs + 1);
  for (const std::uint8_t trigger : server_.test_events) send_event(command.due, trigger - 1U);
  server_.test_events.clear();
  if (server_.reset_requested) reset_at_ = command.due + kResetTime;
  server_.reset_requested = false;
}

bool MicrostrainMipDevice::push(Bytes bytes) {
  if (needs_dtr_ && !dtr_) return true;
  if (fifo_.size() - head_ + bytes.size() > fifo_limit_) return false;
  if (head_ > 4096) {
    fifo_.erase(fifo_.begin(), fifo_.begin() + static_cast<std::ptrdiff_t>(head_));
    committed_ -= head_;
    head_ = 0;
  }
  fifo_.insert(fifo_.end(), bytes.begin(), bytes.end());
  return true;
}

void MicrostrainMipDevice::commit(TimeNs t) {
  want_commit_ = t < hold_until_;
  if (want_commit_) return;
  committed_ = fifo_.size();
  held_ = 0;
}

}  // namespace grfd
