// What the emulated x-IMU3 measures, the messages it makes of that, and their faults; the SA-Sync box.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "drivers/emulation/xio_ximu3_device.hpp"
#include "schemas/gravity.hpp"

namespace grfd {

namespace {

constexpr double kGyroRange = 2000, kAccelRange = 24, kHighGRange = 200;       // deg/s, g, g
constexpr double kGyroStep = 0.061, kAccelStep = 732e-6, kHighGStep = 6.1e-3;  // of the converters
constexpr double kGyroDensity = 0.007, kGyroBandHz = 47, kAccelDensity = 160e-6, kAccelBandHz = 145;
constexpr double kCharacterS = 10 / 115200.0;  // start bit, eight data bits, stop bit
constexpr std::size_t kCut = 5;                // so that no remainder with the next message has the length of a message

unsigned bit(Ximu3Fault f) { return 1U << static_cast<unsigned>(f); }

void stuff(std::vector<std::byte>& to, std::uint8_t b) {
  if (b != 0x0A && b != 0xDB) return to.push_back(std::byte{b});
  to.push_back(std::byte{0xDB});
  to.push_back(b == 0x0A ? std::byte{0xDC} : std::byte{0xDD});
}

}  // namespace

std::vector<std::byte> XioXimu3Device::message(char letter, std::uint64_t t_us, std::span<const float> values,
                                               std::string_view text) const {
  std::vector<std::byte> bytes;
  if (server_.active().binary) {
    stuff(bytes, static_cast<std::uint8_t>(0x80 + letter));
    for (int i = 0; i < 8; ++i) stuff(bytes, static_cast<std::uint8_t>(t_us >> 8 * i));
    for (const float v : values)
      for (int i = 0; i < 4; ++i) stuff(bytes, static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(v) >> 8 * i));
    for (const char c : text) stuff(bytes, static_cast<std::uint8_t>(c));
  } else {
    std::string line = letter + ("," + std::to_string(t_us));
    for (const float v : values) {
      char number[64];
      std::snprintf(number, sizeof number, ",%.4f", static_cast<double>(v));
      line += number;
    }
    if (values.empty()) line += ',';
    for (const char c : text) line += c < 0x20 || c > 0x7E ? '?' : c;
    for (const char c : line) bytes.push_back(static_cast<std::byte>(c));
  }
  bytes.push_back(std::byte{'\n'});
  return bytes;
}

bool XioXimu3Device::send(char letter, std::uint64_t t_us, std::span<const float> values, std::string_view text) {
  glued_ = false;  // whatever came before without an end is lost with this one
  return push(message(letter, t_us, values, text));
}

bool XioXimu3Device::push(std::span<const std::byte> bytes) {
  if (needs_dtr_ && !dtr_) return false;
  if (fifo_.size() - head_ + bytes.size() + 64 > fifo_limit_) {
    overflowed_ = true;
    return false;
  }
  if (head_ > 4096) {
    fifo_.erase(fifo_.begin(), fifo_.begin() + static_cast<std::ptrdiff_t>(head_));
    committed_ -= head_;
    head_ = 0;
  }
  fifo_.insert(fifo_.end(), bytes.begin(), bytes.end());
  return true;
}

unsigned XioXimu3Device::draw_faults() {
  unsigned faults = 0;
  for (std::size_t i = 0; i < kXimu3Faults; ++i) {
    bool hit = rates_[i] > 0 && chance_.uniform() < rates_[i];
    if (injected_[i] > 0) {
      --injected_[i];
      hit = true;
    }
    if (hit) faults |= 1U << i;
  }
  return faults;
}

void XioXimu3Device::send_sensor(TimeNs t, char letter, std::span<const float> values, unsigned faults) {
  const auto t_us = static_cast<std::uint64_t>(counter_us(t) + 1e-3);
  const auto has = [faults](Ximu3Fault f) { return (faults & bit(f)) != 0; };
  const bool inertial = letter == 'I';
  ++(inertial ? truth_.inertial : truth_.highg);
  const auto lose = [&](bool lost_inertial) { ++(lost_inertial ? truth_.inertial_lost : truth_.highg_lost); };
  if (has(Ximu3Fault::error)) send('F', t_us, {}, "Emulated error");
  if (overflowed_ && fifo_.size() - head_ < fifo_limit_ / 2) {
    overflowed_ = false;
    send('F', t_us, {}, "Transmit buffer full");
  }
  if (has(Ximu3Fault::buffer_full)) send('F', t_us, {}, "Transmit buffer full");
  if (has(Ximu3Fault::drop_message) || has(Ximu3Fault::buffer_full)) return lose(inertial);
  std::vector<std::byte> bytes = message(letter, t_us, values, {});
  if (has(Ximu3Fault::wrong_length)) bytes.insert(bytes.end() - 1, std::byte{0x41});
  if (has(Ximu3Fault::bad_escape)) {
    bytes[1] = std::byte{0xDB};
    bytes[2] = std::byte{0x41};
  }
  const bool cut = has(Ximu3Fault::truncate);
  if (cut) bytes.resize(bytes.size() - kCut);
  const bool sent = push(bytes);
  const bool lost = !sent || cut || glued_ || has(Ximu3Fault::wrong_length) || has(Ximu3Fault::bad_escape);
  if (lost) lose(inertial);
  if (sent) glued_ = cut;
}

void XioXimu3Device::sample_inertial(TimeNs t) {
  Sensor& s = inertial_;
  const std::uint64_t k = s.next++;
  const int divisor = server_.active().inertial, ahrs_divisor = server_.active().ahrs;
  if (ahrs_divisor > 0 && k % static_cast<std::uint64_t>(ahrs_divisor) == 0)
    ahrs(static_cast<std::uint64_t>(counter_us(t) + 1e-3), server_.active().ahrs_type);
  if (divisor == 0) return;
  Vec3 rate{}, force{0, 0, kStandardGravity_m_s2};
  if (source_) source_->read(seconds(t), rate, force);
  const auto add = [&](std::size_t i, double value, double sd, double step, double range) {
    if (settings_.noise > 0) value = std::round((value + settings_.noise * sd * noise_()) / step) * step;
    s.sum[i] += std::clamp(value, -range, range);
  };
  for (std::size_t i = 0; i < 3; ++i)
    add(i, rate[i] * 180 / M_PI + settings_.gyro_bias_deg_s[i], kGyroDensity * std::sqrt(kGyroBandHz), kGyroStep,
        kGyroRange);
  for (std::size_t i = 0; i < 3; ++i)
    add(3 + i, (force[i] + settings_.accel_bias_m_s2[i]) / kStandardGravity_m_s2,
        kAccelDensity * std::sqrt(kAccelBandHz), kAccelStep, kAccelRange);
  ++s.summed;
  if (k % static_cast<std::uint64_t>(divisor) != 0) return;
  std::array<float, 6> values;
  for (std::size_t i = 0; i < 6; ++i) values[i] = static_cast<float>(s.sum[i] / s.summed);
  s.sum = {};
  s.summed = 0;
  const unsigned faults = draw_faults();
  if (faults & bit(Ximu3Fault::nan)) values[0] = std::nanf("");
  if (faults & bit(Ximu3Fault::over_range)) values[1] = static_cast<float>(kGyroRange);
  if (faults & bit(Ximu3Fault::dtr_drop)) dtr_ = false;
  if (faults & bit(Ximu3Fault::reboot)) return reboot(t);
  send_sensor(t, 'I', values, faults);
}

void XioXimu3Device::sample_highg(TimeNs t) {
  Sensor& s = highg_;
  const std::uint64_t k = s.next++;
  Vec3 rate{}, force{0, 0, kStandardGravity_m_s2};
  if (source_) source_->read(seconds(t), rate, force);
  for (std::size_t i = 0; i < 3; ++i) {
    double g = force[i] / kStandardGravity_m_s2;
    if (settings_.noise > 0) g = std::round((g + settings_.noise * kHighGStep * noise_()) / kHighGStep) * kHighGStep;
    s.sum[i] += std::clamp(g, -kHighGRange, kHighGRange);
  }
  ++s.summed;
  if (k % static_cast<std::uint64_t>(server_.active().highg) != 0) return;
  std::array<float, 3> values;
  for (std::size_t i = 0; i < 3; ++i) values[i] = static_cast<float>(s.sum[i] / s.summed);
  s.sum = {};
  s.summed = 0;
  const unsigned faults = draw_faults();
  if (faults & bit(Ximu3Fault::nan)) values[0] = std::nanf("");
  if (faults & bit(Ximu3Fault::over_range)) values[1] = static_cast<float>(kHighGRange);
  if (faults & bit(Ximu3Fault::dtr_drop)) dtr_ = false;
  if (faults & bit(Ximu3Fault::reboot)) return reboot(t);
  send_sensor(t, 'H', values, faults);
}

void XioXimu3Device::ahrs(std::uint64_t t_us, int type) {
  constexpr char kLetters[] = "QRALE";
  constexpr float kMatrix[] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, kEuler[] = {0, 0, 0},
                  kQuaternionAndAccel[] = {1, 0, 0, 0, 0, 0, 0};
  const std::span<const float> values = type == 0   ? std::span(kQuaternionAndAccel).first(4)
                                        : type == 1 ? std::span<const float>(kMatrix)
                                        : type == 2 ? std::span<const float>(kEuler)
                                                    : std::span<const float>(kQuaternionAndAccel);
  send(kLetters[std::clamp(type, 0, 4)], t_us, values);
}

void XioXimu3Device::send_slow(Slow& slow) {
  const std::uint64_t k = slow.next++;
  if (k % static_cast<std::uint64_t>(server_.active().*slow.divisor) != 0) return;
  const auto t_us = static_cast<std::uint64_t>(std::llround(static_cast<double>(k) * 1e6 / slow.base_hz));
  constexpr float kTemperature[] = {25}, kBattery[] = {87.5F, 4.05F, 1}, kRssi[] = {100, -50},
                  kField[] = {0.4F, 0, -0.9F};
  if (slow.letter == 'T') send('T', t_us, kTemperature);
  if (slow.letter == 'B') send('B', t_us, kBattery);
  if (slow.letter == 'W') send('W', t_us, kRssi);
  if (slow.letter == 'M') send('M', t_us, kField);
}

/// The box looks at the line when it is not busy sending.
TimeNs XioXimu3Device::box_due() const {
  if (box_busy_) return box_free_at_;
  return next_edge_.t_s < 9e9 ? std::llround(next_edge_.t_s * 1e9) : kNever;
}

void XioXimu3Device::look_at_line(TimeNs t) {
  while (next_edge_.t_s < 9e9 && std::llround(next_edge_.t_s * 1e9) <= t) {
    level_ = next_edge_.rising;
    level_since_s_ = next_edge_.t_s;
    if (sync_input_ && streams()) {
      const float value[] = {level_ ? 1.0F : 0.0F};
      send('Y', static_cast<std::uint64_t>(counter_us(std::llround(next_edge_.t_s * 1e9))), value);
    }
    next_edge_ = sync_.next(next_edge_.t_s + 1e-9);
  }
  if (box_busy_) {  // the last character has been sent
    box_busy_ = false;
    if (server_.active().serial_mode == 2 && streams() && !box_line_.empty())
      send('S', static_cast<std::uint64_t>(counter_us(t)), {}, sync_lf_ ? box_line_ + "\n" : box_line_);
  }
  if (level_ != box_level_) begin_line(t);
}

void XioXimu3Device::begin_line(TimeNs t) {
  box_level_ = level_;
  char text[16];
  std::snprintf(text, sizeof text, "%c,%09u", level_ ? '1' : '0', box_count_);
  box_count_ = (box_count_ + 1) % 1'000'000'000;
  const bool dropped = drop_edge_ > 0 && chance_.uniform() < drop_edge_;
  box_line_ = dropped ? "" : text;
  box_busy_ = true;
  box_free_at_ = t + std::llround(12 * kCharacterS * 1e9);
  if (server_.active().serial_mode != 2 || !streams()) return;
  ++truth_.edges;
  if (dropped) ++truth_.edges_lost;
  truth_.edge_s.push_back(level_since_s_);
}

}  // namespace grfd
