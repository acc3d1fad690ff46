#include "drivers/emulation/labjack_u6_device.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace grfd {
using namespace u6;
namespace {

// Constructed: the real descriptors are not published.
const std::vector<std::uint8_t> kU6Descriptor = {0x12, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x40, 0xd5,
                                                 0x0c, 0x06, 0x00, 0x45, 0x01, 0x01, 0x02, 0x00, 0x01};
const std::vector<std::uint8_t> kU6Configuration = {0x09, 0x02, 0x27, 0x00, 0x01, 0x01, 0x00, 0x80, 0xfa, 0x09,
                                                    0x04, 0x00, 0x00, 0x03, 0xff, 0xff, 0xff, 0x00, 0x07, 0x05,
                                                    0x01, 0x02, 0x40, 0x00, 0x00, 0x07, 0x05, 0x82, 0x02, 0x40,
                                                    0x00, 0x00, 0x07, 0x05, 0x83, 0x02, 0x40, 0x00, 0x00};

Bytes string_descriptor(const std::string& text) {
  Bytes d{static_cast<std::uint8_t>(2 + 2 * text.size()), 0x03};
  for (char c : text) d.insert(d.end(), {static_cast<std::uint8_t>(c), 0});
  return d;
}

int copy_out(View from, std::span<std::byte> to) {
  const std::size_t n = std::min(from.size(), to.size());
  std::copy_n(reinterpret_cast<const std::byte*>(from.data()), n, to.begin());
  return static_cast<int>(n);
}

Bytes refusal() { return {0xb8, 0xb8}; }

/// Every unit has its own constants; they pass through the fixed-point form so that both sides know exactly the same.
Calibration own_calibration(std::uint64_t seed) {
  Calibration c = nominal_calibration();
  std::uint64_t state = seed ^ 0x94d049bb133111ebull;
  const auto deviation = [&state] {  // -1 .. 1
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<double>(state >> 33) * 0x1p-30 - 1;
  };
  for (std::size_t block : {0u, 1u, 2u, 3u, 6u, 7u, 8u, 9u})
    for (std::size_t i = 0; i < 4; ++i) {
      const bool centre = i % 2 == 1 && (block == 2 || block == 3 || block >= 8);
      c[block][i] = centre ? c[block][i] + 20 * deviation() : c[block][i] * (1 + 2e-3 * deviation());
      std::array<std::uint8_t, 8> stored;
      write_fixed(stored.data(), c[block][i]);
      c[block][i] = read_fixed(stored.data());
    }
  return c;
}
}  // namespace

LabjackU6Device::LabjackU6Device(const DeviceSettings& settings, AnalogSource& source, const SyncLine& sync)
    : options_(u6_options(settings.emulation)),
      descriptor_(kU6Descriptor),
      calibration_(own_calibration(settings.emulation.seed)),
      sampler_(settings.emulation, source, sync) {
  info_ = {kVendor, kProduct, "LabJack", "U6", "", kU6Configuration, LinkSpeed::full};
  info_.configuration[14] = static_cast<std::uint8_t>(options_.interface_class);
  const std::string& serial = settings.emulation.serial.empty() ? settings.serial : settings.emulation.serial;
  if (!serial.empty()) {
    const auto [end, error] = std::from_chars(serial.data(), serial.data() + serial.size(), serial_);
    if (error != std::errc{} || end != serial.data() + serial.size())
      throw std::invalid_argument("the serial of an emulated U6 must be a 32-bit number, not '" + serial + "'");
  }
  if (options_.no_strings) {
    info_.manufacturer = info_.product = "";
    descriptor_[14] = descriptor_[15] = 0;
  }
  if (options_.serial_string) {
    info_.serial_string = std::to_string(serial_);
    descriptor_[16] = 3;
  }
}

int LabjackU6Device::control(TimeNs, std::uint8_t request_type, std::uint8_t request, std::uint16_t value,
                             std::uint16_t, std::span<std::byte> data) {
  constexpr std::uint8_t kGetStatus = 0, kClearFeature = 1, kGetDescriptor = 6, kGetConfiguration = 8,
                         kSetConfiguration = 9, kGetInterface = 10, kSetInterface = 11;
  if ((request_type & 0x60) != 0) return -1;  // nothing of a class or vendor
  if (!(request_type & 0x80))
    return request == kClearFeature || request == kSetConfiguration || request == kSetInterface ? 0 : -1;
  switch (request) {
    case kGetStatus:
      return copy_out(Bytes{0, 0}, data);
    case kGetConfiguration:
      return copy_out(Bytes{1}, data);
    case kGetInterface:
      return copy_out(Bytes{0}, data);
    case kGetDescriptor:
      break;
    default:
      return -1;
  }
  switch (value) {
    case 0x0100:
      return copy_out(descriptor_, data);
    case 0x0200:
      return copy_out(info_.configuration, data);
    case 0x0300:
      return copy_out(Bytes{4, 3, 0x09, 0x04}, data);
    case 0x0301:
      return options_.no_strings ? -1 : copy_out(string_descriptor(info_.manufacturer), data);
    case 0x0302:
      return options_.no_strings ? -1 : copy_out(string_descriptor(info_.product), data);
    case 0x0303:
      return options_.serial_string ? copy_out(string_descriptor(info_.serial_string), data) : -1;
    default:
      return -1;
  }
}

void LabjackU6Device::out(TimeNs now, std::uint8_t endpoint, std::span<const std::byte> data) {
  if (endpoint != kCommandPipe || data.empty()) return;
  sampler_.advance(now);
  answers_.push_back(answer(now, {reinterpret_cast<const std::uint8_t*>(data.data()), data.size()}));
}

std::size_t LabjackU6Device::packets_for(std::size_t bytes) const {
  return sampler_.samples_per_packet() < kSamplesPerPacket ? 1 : bytes / kPacket;  // a short packet ends its transfer
}

TimeNs LabjackU6Device::ready(TimeNs now, std::uint8_t endpoint, std::size_t bytes) {
  if (endpoint == kResponsePipe) return answers_.empty() ? kNever : now;
  const std::size_t packets = packets_for(bytes);
  if (endpoint != kStreamPipe || packets == 0) return kNever;
  sampler_.advance(now);
  sampler_.pump(now, packets);
  return sampler_.ready(now, packets);
}

int LabjackU6Device::in(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) {
  if (endpoint == kResponsePipe) {
    if (answers_.empty()) return -1;
    const int n = copy_out(answers_.front(), data);
    answers_.pop_front();
    return n;
  }
  const std::size_t packets = packets_for(data.size());
  if (endpoint != kStreamPipe || packets == 0) return -1;
  sampler_.advance(now);
  sampler_.pump(now, packets);
  return sampler_.complete(packets) ? static_cast<int>(sampler_.take(data)) : -1;
}

int LabjackU6Device::partial(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) {
  if (endpoint != kStreamPipe) return 0;
  sampler_.advance(now);
  sampler_.pump(now, packets_for(data.size()));
  return static_cast<int>(sampler_.take(data));
}

void LabjackU6Device::forget() {
  sampler_.clear_wire();
  configured_ = false;
  timers_ = counters_ = pin_offset_ = 0;
  timer_modes_ = {};
}

void LabjackU6Device::power_cycle(TimeNs now) {
  sampler_.stop(now);
  answers_.clear();
  forget();
}

Bytes LabjackU6Device::answer(TimeNs now, View c) {
  if (c.size() < 2) return refusal();
  if (c[1] != kExtended) {
    if (c[0] != checksum8(c.subspan(1))) return refusal();
    if (c[1] == kStreamStart && c.size() == 2) return stream_start(now);
    if (c[1] == kStreamStop && c.size() == 2) return stream_stop(now);
    if (c[1] == kReset && c.size() == 4) {
      sampler_.stop(now);
      forget();
      return normal_frame(Bytes{kReset, 0, 0});
    }
    return refusal();
  }
  if (c.size() < 6 || c.size() != 6u + 2u * c[2] || c[0] != checksum8(c.subspan(1, 5)) ||
      read16(&c[4]) != checksum16(c.subspan(6)))
    return refusal();
  const View data = c.subspan(6);
  const auto fixed = [&](std::size_t size, auto&& reply) {  // a command of the wrong length is none that exists
    return data.size() == size ? extended_frame(c[3], reply()) : extended_frame(c[3], Bytes{kFunctionInvalid, 0});
  };
  switch (c[3]) {
    case kConfigU6:
      return fixed(20, [&] { return config_u6(data); });
    case kReadCalMem:
      return fixed(2, [&] { return read_memory(data, false); });
    case kReadUserMem:
      return fixed(2, [&] { return read_memory(data, true); });
    case kConfigIo:
      return fixed(10, [&] { return config_io(data); });
    case kFeedback:
      return extended_frame(c[3], feedback(now, data));
    case kStreamConfig:
      return extended_frame(c[3], stream_config(data));
    default:
      return extended_frame(c[3], Bytes{kFunctionInvalid, 0});
  }
}

Bytes LabjackU6Device::config_u6(View data) {
  Bytes d(32);
  if (data[0] != 0 && sampler_.running())
    d[0] = kStreamIsActive;
  else if (data[0] & 8)
    local_id_ = data[2];
  d[3] = firmware_hundredths_;
  d[4] = firmware_major_;
  d[5] = 15, d[6] = 6;  // bootloader 6.15
  d[7] = 0, d[8] = 2;   // hardware 2.00
  for (std::size_t i = 0; i < 4; ++i) d[9 + i] = static_cast<std::uint8_t>(serial_ >> (8 * i));
  d[13] = 6;
  d[15] = local_id_;
  d[31] = 4;  // a U6 without the high-resolution converter
  return d;
}

Bytes LabjackU6Device::read_memory(View data, bool user) {
  Bytes d(34);
  const std::size_t block = data[1];
  if (sampler_.running())
    d[0] = kStreamIsActive;
  else if (user)
    std::fill(d.begin() + 2, d.end(), std::uint8_t{0xff});  // never written
  else if (block >= calibration_.size())
    d[0] = kFunctionInvalid;
  else if (unreadable_.count(static_cast<int>(block)))
    d[0] = kFlashError;
  else
    for (std::size_t i = 0; i < 4; ++i) write_fixed(&d[2 + 8 * i], calibration_[block][i]);
  return d;
}

Bytes LabjackU6Device::config_io(View data) {
  Bytes d(10);
  if (data[0] & 1) {
    if (sampler_.running())
      d[0] = kTimerStreamActive;
    else if (data[1] > 4 || data[2] > 3 || data[3] > 8)
      d[0] = kInvalidOffset;
    else
      timers_ = data[1], counters_ = data[2], pin_offset_ = data[3];
  }
  d[2] = timers_, d[3] = counters_, d[4] = pin_offset_;
  return d;
}

Bytes LabjackU6Device::feedback(TimeNs now, View data) {
  Bytes d{0, 0, data.empty() ? std::uint8_t{0} : data[0]};
  std::uint8_t frame = 0;
  for (std::size_t i = 1; i < data.size();) {
    const std::uint8_t type = data[i];
    const std::size_t left = data.size() - i;
    if (type == 0 && left == 1) break;  // padding
    ++frame;
    std::uint8_t error = 0;
    std::size_t used = 1;
    if (type == 26) {
      const std::uint16_t lines = sampler_.digital(static_cast<double>(now));
      d.insert(d.end(), {static_cast<std::uint8_t>(lines), static_cast<std::uint8_t>(lines >> 8),
                         static_cast<std::uint8_t>(sampler_.digital_high())});
    } else if (type == 29 && left >= 7) {
      used = 7;  // what the lines are driven to is not emulated: they are inputs
    } else if (type == 9 && left >= 2) {
      used = 2;
      light_changes_ += light_ != (data[i + 1] != 0);
      light_ = data[i + 1] != 0;
    } else if (type >= 43 && type <= 49 && type % 2 == 1 && left >= 4) {
      used = 4;
      if (sampler_.running())
        error = kTimerStreamActive;
      else
        timer_modes_[(type - 43u) / 2] = data[i + 1];
    } else {
      error = kIoTypeInvalid;
    }
    if (error) {
      d[0] = error, d[1] = frame;
      break;
    }
    i += used;
  }
  if (d.size() % 2) d.push_back(0);
  return d;
}

Bytes LabjackU6Device::stream_config(View data) {
  const auto reply = [this](std::uint8_t error) {
    return Bytes{error && options_.config_error ? static_cast<std::uint8_t>(options_.config_error) : error, 0};
  };
  if (sampler_.running()) return reply(kStreamIsActive);
  if (data.size() < 8) return reply(kStreamConfigInvalid);
  const std::size_t n = data[0];
  const int spp = data[2];
  if (n < 1 || n > 25 || spp < 1 || spp > 25 || data[1] > 8 || data.size() != 8 + 2 * n)
    return reply(kStreamConfigInvalid);
  const std::uint16_t interval = read16(&data[6]);
  if (interval == 0) return reply(kScanRateInvalid);
  U6ScanList list;
  bool analog = false;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint8_t channel = data[8 + 2 * i];
    const bool special = channel == 193 || channel == 194 || (channel >= 200 && channel <= 203) || channel == 210 ||
                         channel == 211 || channel == 224 || (channel >= 230 && channel <= 233) || channel == 240 ||
                         channel == 241;
    if ((channel > 15 && !special) || (channel > 13 && channel < 16 && options_.no_internal_inputs))
      return reply(kStreamTableInvalid);
    analog = analog || channel <= 15;
    list.entries.push_back({channel, data[9 + 2 * i]});
  }
  if (!analog) return reply(kStreamTableInvalid);
  list.samples_per_packet = spp;
  list.resolution_index = data[1];
  list.settling_factor = data[4];
  list.clock_hz = clock_of(data[5]);
  list.interval = interval;
  list_ = list;
  configured_ = true;
  return reply(0);
}

Bytes LabjackU6Device::stream_start(TimeNs now) {
  const auto reply = [](std::uint8_t error) { return normal_frame(Bytes{kStreamStart + 1, error, 0}); };
  if (sampler_.running()) return reply(kStreamIsActive);
  if (!configured_) return reply(kStreamConfigInvalid);
  if (firmware_major_ > 0 || firmware_hundredths_ >= 94) sampler_.clear_wire();
  std::uint8_t system_timers = 0;
  for (std::size_t i = 0; i < timers_; ++i)
    if (timer_modes_[i] == 10) system_timers = static_cast<std::uint8_t>(system_timers | 1u << i);
  sampler_.set_system_timers(system_timers);
  sampler_.start(now, list_, calibration_);
  return reply(0);
}

Bytes LabjackU6Device::stream_stop(TimeNs now) {
  const bool ran = sampler_.running();
  sampler_.stop(now);
  configured_ = configured_ && !(ran && options_.stop_forgets);
  return normal_frame(Bytes{kStreamStop + 1, ran ? std::uint8_t{0} : std::uint8_t{kStreamNotRunning}, 0});
}

}  // namespace grfd
