#include "drivers/emulation/microstrain_mip_device.hpp"

#include <algorithm>

namespace grfd {

using namespace mip;

namespace {

constexpr std::uint8_t kIn = 0x81, kOut = 0x01;
constexpr double kStandardGravity = 9.80665;
constexpr double kBandwidthHz = 500, kGyroDensityDegS = 0.01, kAccelDensityG = 150e-6;
constexpr TimeNs kMs = 1'000'000, kResetTime = 10 * kMs;
constexpr std::size_t kDroppedBytes = 7;
constexpr std::array<const char*, kMipFaults> kFaultNames{"drop_packet", "drop_bytes", "corrupt_checksum", "nan",
                                                           "nmea",        "over_range", "burst"};
constexpr std::array<const char*, 7> kOptions{"gen5", "needs_dtr", "streaming", "group", "reply_ms", "burst_ms", "fifo_bytes"};
// The letters "ue" are 75 65: a false header inside the text.
constexpr char kText[] = "$PGRFD,value,7*41\r\n";

constexpr std::uint8_t kConfiguration[] = {
    0x09, 0x02, 0x43, 0x00, 0x02, 0x01, 0x00, 0x80, 0xFA,                                            // configuration
    0x09, 0x04, 0x00, 0x00, 0x01, 0x02, 0x02, 0x01, 0x00, 0x05, 0x24, 0x00, 0x10, 0x01, 0x05, 0x24,  // control interface
    0x01, 0x00, 0x01, 0x04, 0x24, 0x02, 0x02, 0x05, 0x24, 0x06, 0x00, 0x01, 0x07, 0x05, 0x82, 0x03, 0x08, 0x00, 0x10,
    0x09, 0x04, 0x01, 0x00, 0x02, 0x0A, 0x00, 0x00, 0x00, 0x07, 0x05, 0x01, 0x02, 0x40, 0x00, 0x00,  // data interface
    0x07, 0x05, 0x81, 0x02, 0x40, 0x00, 0x00};

double option(const EmulationSettings& s, const char* name, double otherwise) {
  const auto it = s.faults.find(name);
  return it == s.faults.end() ? otherwise : it->second;
}
unsigned bit(MipFault f) { return 1U << static_cast<unsigned>(f); }
bool due(const MipSettings::FormatField& f, std::uint64_t tick) { return tick % f.decimation == 0; }

MipServer::Options server_options(const EmulationSettings& s) {
  MipServer::Options o;
  if (!s.serial.empty()) o.serial = s.serial;
  o.generation5 = option(s, "gen5", 0) > 0;
  o.over_range_field = option(s, "over_range", -1) >= 0;
  return o;
}

}  // namespace

std::string mip_fault_names() {
  std::string names;
  for (const char* n : kFaultNames) names += std::string(n) + " ";
  for (const char* n : kOptions) names += std::string(n) + " ";
  names.pop_back();
  return names;
}

std::vector<std::string> unknown_mip_faults(const EmulationSettings& emulation) {
  std::vector<std::string> unknown;
  for (const auto& [name, rate] : emulation.faults) {
    const auto is = [&n = name](const char* known) { return n == known; };
    if (std::none_of(kFaultNames.begin(), kFaultNames.end(), is) && std::none_of(kOptions.begin(), kOptions.end(), is))
      unknown.push_back(name);
  }
  return unknown;
}

MicrostrainMipDevice::MicrostrainMipDevice(const EmulationSettings& settings, InertialSource* source)
    : settings_(settings),
      source_(source),
      server_(server_options(settings)),
      noise_(settings.seed),
      chance_(~settings.seed),
      needs_dtr_(option(settings, "needs_dtr", 0) > 0),
      group_(std::max(1, static_cast<int>(option(settings, "group", 4)))),
      reply_delay_(std::llround(option(settings, "reply_ms", 2) * 1e6)),
      burst_(std::llround(option(settings, "burst_ms", 50) * 1e6)),
      fifo_limit_(static_cast<std::size_t>(option(settings, "fifo_bytes", 65536))) {
  for (std::size_t i = 0; i < kMipFaults; ++i) rates_[i] = option(settings, kFaultNames[i], 0);
  info_.vendor_id = 0x199B;
  info_.product_id = 0x3065;
  info_.manufacturer = "Lord Microstrain";
  info_.product = "Lord Inertial Sensor";
  info_.serial_string = "0000__" + server_options(settings).serial;
  info_.configuration.assign(std::begin(kConfiguration), std::end(kConfiguration));
  if (option(settings, "streaming", 0) > 0)
    server_.save_format(option(settings, "gen5", 0) > 0 ? MipSettings::Format{{0x04, 1}, {0x05, 1}, {0x12, 1}}
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
    const TimeNs first = std::min({data, command, release, reset_at_});
    if (first > now) break;
    if (first == data) {
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
  TimeNs first = commands_.empty() ? kNever : commands_.front().due;
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

TimeNs MicrostrainMipDevice::lab_time(Ticks tick) const {
  return boot_ + std::llround(static_cast<double>(tick * kPeriodNs) / (1 + settings_.drift_ppm * 1e-6));
}

std::uint64_t MicrostrainMipDevice::device_time(TimeNs lab) const {
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(lab - boot_) * (1 + settings_.drift_ppm * 1e-6)));
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

void MicrostrainMipDevice::edge(TimeNs now, int pin, bool rising) {
  advance(now);
  const MipSettings& s = server_.settings();
  if (unplugged_ || pin < 1 || pin > 4) return;
  const auto& config = s.pins[static_cast<std::size_t>(pin - 1)];
  if (config.feature != 4 || !(config.behaviour & (rising ? 1 : 2))) return;
  for (std::size_t i = 0; i < s.triggers.size(); ++i)
    if (s.event_control[i] == 1 && s.triggers[i].type == 1 && s.triggers[i].pin == pin && s.triggers[i].mode == 4)
      send_event(now, i);
}

void MicrostrainMipDevice::send_event(TimeNs t, std::size_t trigger) {
  const MipSettings& s = server_.settings();
  if (server_.idle || !s.system_enabled) return;
  for (const auto& action : s.actions) {
    if (action.type != 2 || action.trigger != trigger + 1 || action.decimation != 0) continue;
    Writer packet(kSystem);
    for (const std::uint8_t f : action.fields) {
      if (f == 0xD0) packet.field(f).u8(action.trigger);
      if (f == 0xD5) packet.field(f).u64(device_time(t));
      if (f == 0x02) packet.field(f).u8(0).u8(255);
    }
    push(packet.finish());
    commit(t);
  }
}

void MicrostrainMipDevice::generate(Ticks tick) {
  const MipSettings& s = server_.settings();
  const auto any_due = [tick](const MipSettings::Format& format) {
    return std::any_of(format.begin(), format.end(), [tick](const auto& f) { return due(f, tick); });
  };
  if (s.sensor_enabled && any_due(s.sensor_format)) {
    const unsigned faults = draw_faults();
    Writer packet(kSensor);
    add_fields(packet, kSensor, s.sensor_format, tick, faults);
    ++truth_.packets;
    if (faults & bit(MipFault::burst)) hold_until_ = lab_time(tick) + burst_;
    push_data(packet.finish(), faults);
  }
  if (s.system_enabled && any_due(s.system_format)) {
    Writer packet(kSystem);
    add_fields(packet, kSystem, s.system_format, tick, 0);
    push(packet.finish());
  }
  if (++held_ >= group_) commit(lab_time(tick));
}

void MicrostrainMipDevice::add_fields(Writer& packet, std::uint8_t set, const MipSettings::Format& format, Ticks tick,
                                      unsigned faults) {
  if (set == kSensor) {
    sense(tick);
    if (faults & bit(MipFault::nan)) values_[0] = std::nanf("");
    if (faults & bit(MipFault::over_range)) clipped_ |= 1;
  }
  const auto vector = [&](std::uint8_t field, std::size_t at) {
    packet.field(field).f32(values_[at]).f32(values_[at + 1]).f32(values_[at + 2]);
  };
  for (const auto& f : format) {
    if (!due(f, tick)) continue;
    switch (f.descriptor) {
      case 0x02: packet.field(f.descriptor).u8(0).u8(255); break;  // no PPS seen
      case 0x04: vector(0x04, 0); break;
      case 0x05: vector(0x05, 3); break;
      case 0x12: packet.field(0x12).f64(static_cast<double>(tick * kPeriodNs) * 1e-9).u16(0).u16(0); break;
      case 0x18: packet.field(0x18).u16(clipped_); break;
      case 0xD0: packet.field(0xD0).u8(0); break;
      case 0xD2:
        packet.field(0xD2).u32(static_cast<std::uint32_t>(tick - last_sensor_output_));
        last_sensor_output_ = tick;
        break;
      case 0xD5: packet.field(0xD5).u64(tick * kPeriodNs); break;
      default: break;
    }
  }
}

void MicrostrainMipDevice::sense(Ticks tick) {
  Vec3 rate{}, force{0, 0, -kStandardGravity};
  if (source_) source_->read(seconds(lab_time(tick)), rate, force);
  const double accel_sd = settings_.noise * kAccelDensityG * std::sqrt(kBandwidthHz);
  const double gyro_sd = settings_.noise * kGyroDensityDegS * std::sqrt(kBandwidthHz) * M_PI / 180;
  const double accel_limit = server_.accel_range_g(), gyro_limit = server_.gyro_range_deg_s() * M_PI / 180;
  clipped_ = 0;
  const auto sample = [&](std::size_t at, double value, double sd, double limit, unsigned flag) {
    if (settings_.noise > 0) value += sd * noise_();
    if (std::fabs(value) > limit) clipped_ = static_cast<std::uint16_t>(clipped_ | 1U << flag);
    values_[at] = static_cast<float>(std::clamp(value, -limit, limit));
  };
  for (std::size_t i = 0; i < 3; ++i) {
    sample(i, (force[i] + settings_.accel_bias_m_s2[i]) / kStandardGravity, accel_sd, accel_limit, static_cast<unsigned>(i));
    sample(3 + i, rate[i] + settings_.gyro_bias_deg_s[i] * M_PI / 180, gyro_sd, gyro_limit, static_cast<unsigned>(4 + i));
  }
}

unsigned MicrostrainMipDevice::draw_faults() {
  unsigned faults = 0;
  for (std::size_t i = 0; i < kMipFaults; ++i) {
    bool hit = rates_[i] > 0 && chance_.uniform() < rates_[i];
    if (injected_[i] > 0) {
      --injected_[i];
      hit = true;
    }
    if (hit) faults |= 1U << i;
  }
  return faults;
}

void MicrostrainMipDevice::push_data(Bytes packet, unsigned faults) {
  if (faults & bit(MipFault::nmea)) push(std::as_bytes(std::span(kText, sizeof kText - 1)));
  if (faults & (bit(MipFault::drop_packet) | bit(MipFault::drop_bytes) | bit(MipFault::corrupt_checksum))) ++truth_.lost;
  if (faults & bit(MipFault::drop_packet)) return;
  std::array<std::byte, kMaxPacket> copy;
  std::copy(packet.begin(), packet.end(), copy.begin());
  std::size_t size = packet.size();
  if (faults & bit(MipFault::corrupt_checksum)) copy[size - 1] ^= static_cast<std::byte>(1U << chance_.bits() % 8);
  if (faults & bit(MipFault::drop_bytes)) {
    const std::size_t n = 1 + chance_.bits() % kDroppedBytes, at = chance_.bits() % (size - n + 1);
    std::copy(copy.begin() + static_cast<std::ptrdiff_t>(at + n), copy.begin() + static_cast<std::ptrdiff_t>(size),
              copy.begin() + static_cast<std::ptrdiff_t>(at));
    size -= n;
  }
  if (!push(Bytes(copy.data(), size))) ++truth_.overflow;
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
