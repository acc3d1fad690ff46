#include "drivers/emulation/labjack_u6_sampler.hpp"

#include <algorithm>
#include <cmath>

#include "drivers/emulation/emulated_device.hpp"

namespace grfd {
using namespace u6;
namespace {

std::uint64_t mix(std::uint64_t z) {  // splitmix64's finaliser
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}
double unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

/// 4096 normal deviates with mean 0 and SD 1: a look-up is far cheaper than a logarithm for each sample.
const std::array<float, 4096>& deviates() {
  static const auto table = [] {
    std::array<double, 4096> x{};
    std::uint64_t state = 1;
    for (std::size_t i = 0; i < x.size(); i += 2) {  // Box-Muller
      const double r = std::sqrt(-2 * std::log1p(-unit(mix(state += 0x9e3779b97f4a7c15ull))));
      const double a = 2 * 3.14159265358979323846 * unit(mix(state += 0x9e3779b97f4a7c15ull));
      x[i] = r * std::cos(a);
      x[i + 1] = r * std::sin(a);
    }
    double mean = 0, square = 0;
    for (double v : x) mean += v / 4096;
    for (double v : x) square += (v - mean) * (v - mean) / 4096;
    std::array<float, 4096> out{};
    for (std::size_t i = 0; i < x.size(); ++i) out[i] = static_cast<float>((x[i] - mean) / std::sqrt(square));
    return out;
  }();
  return table;
}
}  // namespace

U6Sampler::U6Sampler(const EmulationSettings& settings, AnalogSource& source, const SyncLine& sync)
    : settings_(settings),
      options_(u6_options(settings)),
      source_(source),
      sync_(sync),
      crystal_(1 + settings.drift_ppm * 1e-6),
      random_(mix(settings.seed + 0x5851f42d4c957f2dull)) {}

void U6Sampler::start(TimeNs now, const U6ScanList& list, const Calibration& calibration) {
  constexpr TimeNs kMs = 1'000'000;
  list_ = list;
  const std::size_t n = list.entries.size();
  start_ns_ = static_cast<double>((now / kMs + 2) * kMs);
  period_ns_ = 1e9 * list.interval / list.clock_hz / crystal_;
  sample_ns_ =
      1e9 *
      sample_time_s(settings_.skew_us * 1e-6, list.resolution_index, list.settling_factor, options_.resolution_factor) /
      crystal_;
  capacity_ = static_cast<std::size_t>(512 + (984 - 512) * (list.samples_per_packet - 1) / 24);
  if (options_.fifo_samples > 0)
    capacity_ = std::max(static_cast<std::size_t>(options_.fifo_samples),
                         n + static_cast<std::size_t>(list.samples_per_packet));
  next_scan_ = last_stored_ = 0;
  head_ = fill_ = 0;
  recovering_ = dummy_due_ = false;
  ahead_ = 0;
  lost_ = to_report_ = 0;
  counter_ = 0;
  running_ = true;
  // A scan that is not finished when the next is due is the device's fatal error 55.
  overlap_ = static_cast<double>(n) * sample_ns_ > period_ns_ * (1 + 1e-9);
  if (overlap_) sample_ns_ = period_ns_ / static_cast<double>(n);

  inputs_.clear();
  for (const auto& [channel, options] : list.entries) {
    Input in;
    in.channel = channel;
    if (channel <= 15) {
      const std::size_t gain = options >> 4 & 3, block = gain / 2, at = 2 * (gain % 2);
      in.kind = channel >= 14 ? Input::Kind::none : options & 0x80 ? Input::Kind::differential : Input::Kind::analog;
      in.per_positive_volt = 1 / calibration[block][at];
      in.per_negative_volt = -1 / calibration[block + 2][at];
      in.zero = calibration[block + 2][at + 1];
      in.noise_counts = converter_noise_counts(settings_, channel);
      if (channel <
          14) {  // of the amplifier before the converter: below the centre the converter's other slope applies
        const double counts = channel % 2 == 0 ? settings_.zero_offset_counts : -settings_.zero_offset_counts;
        in.offset_volts = counts / (counts < 0 ? in.per_negative_volt : in.per_positive_volt);
      }
    } else if (channel == kDigitalPort) {
      in.kind = Input::Kind::digital;
    } else if (channel == kDigitalPort + 1) {
      in.kind = Input::Kind::digital_high;
    } else if (channel >= 200 && channel <= 203) {
      in.kind = Input::Kind::timer;
    } else if (channel == 224) {
      in.kind = Input::Kind::captured;
    }
    inputs_.push_back(in);
  }
}

void U6Sampler::stop(TimeNs now) {
  if (!running_) return;
  advance(now);
  while (available(now) >= static_cast<std::size_t>(list_.samples_per_packet)) send();
  running_ = false;
  fill_ = 0;
}

void U6Sampler::advance(TimeNs now) {
  if (!running_) return;
  const std::size_t n = inputs_.size();
  for (; scan_time(next_scan_) <= static_cast<double>(now); ++next_scan_) {
    if (dummy_due_) {
      if (recovering_) to_report_ = lost_ + 1;  // the dummy's own instant is one without data
      recovering_ = false;
      dummy_due_ = ahead_ < options_.dummy_late;
      store(next_scan_, !dummy_due_);
      ahead_ = dummy_due_ ? ahead_ + 1 : 0;
    } else if (recovering_) {
      ++lost_;
    } else if (fill_ + n > capacity_) {
      recovering_ = true;
      lost_ = 1;
    } else {
      store(next_scan_, false);
    }
  }
}

void U6Sampler::store(std::uint64_t scan, bool dummy) {
  double t = scan_time(scan);
  std::size_t at = head_ + fill_;
  for (const Input& input : inputs_) {
    fifo_[at++ % fifo_.size()] = dummy ? std::uint16_t{0xffff} : convert(input, t);
    t += sample_ns_;
  }
  fill_ += inputs_.size();
  last_stored_ = scan;
}

std::uint16_t U6Sampler::convert(const Input& input, double t_ns) {
  double volts = 0;
  switch (input.kind) {
    case Input::Kind::analog:
      volts = source_.volts(input.channel, t_ns / 1e9);
      break;
    case Input::Kind::differential:
      volts = source_.volts(input.channel, t_ns / 1e9) - source_.volts(input.channel + 1, t_ns / 1e9);
      break;
    case Input::Kind::digital:
      return digital(t_ns);
    case Input::Kind::digital_high:
      return digital_high_;
    case Input::Kind::timer: {
      if (!(system_timers_ >> (input.channel - 200) & 1)) return 0;
      const auto tick = static_cast<std::uint64_t>(t_ns * crystal_ * 4e-3);  // 4 MHz of the device's own time
      captured_ = static_cast<std::uint16_t>(tick >> 16);
      return static_cast<std::uint16_t>(tick);
    }
    case Input::Kind::captured:
      return captured_;
    case Input::Kind::none:
      if (input.channel > 15) return 0;
  }
  volts += input.offset_volts;
  double code = input.zero + volts * (volts < 0 ? input.per_negative_volt : input.per_positive_volt);
  if (input.noise_counts > 0) code += input.noise_counts * gaussian();
  if (!(code > 0)) return 0;  // also not-a-number
  return static_cast<std::uint16_t>(std::min(code, 65535.0) + 0.5);
}

double U6Sampler::gaussian() {
  const std::uint64_t bits = mix(random_ += 0x9e3779b97f4a7c15ull);
  // Two deviates make steps and tails finer than the table's.
  return (static_cast<double>(deviates()[bits & 4095]) + static_cast<double>(deviates()[bits >> 12 & 4095])) *
         0.70710678118654752;
}

TimeNs U6Sampler::available_at(std::uint64_t scan, std::size_t channel) const {
  return static_cast<TimeNs>(std::ceil(scan_time(scan) + static_cast<double>(channel + 1) * sample_ns_));
}

/// Samples in the FIFO whose conversion has ended: only the last scan stored can be under way.
std::size_t U6Sampler::available(TimeNs now) const {
  const std::size_t n = inputs_.size();
  std::size_t pending = 0;
  while (pending < std::min(n, fill_) && available_at(last_stored_, n - 1 - pending) > now) ++pending;
  return fill_ - pending;
}

double U6Sampler::chance(std::uint64_t packet, std::uint64_t kind) const {
  return unit(mix(mix(settings_.seed + kind * 0x9e3779b97f4a7c15ull) + packet));
}

void U6Sampler::send() {
  const auto spp = static_cast<std::size_t>(list_.samples_per_packet);
  const std::uint64_t number = packet_number_++;
  Bytes data(8 + 2 * spp);
  data[4] = counter_++;
  if (options_.code_55 > 0 && chance(number, 3) < options_.code_55) overlap_ = true;
  if (overlap_) {
    data[5] = kScanOverlap;
  } else if (to_report_ > 0) {
    data[5] = to_report_ > 65535 ? kRecoverOverflow : kRecoverReport;
    const std::uint64_t count = std::min<std::uint64_t>(to_report_, 65535);
    data[0] = static_cast<std::uint8_t>(count);
    data[1] = static_cast<std::uint8_t>(count >> 8);
    to_report_ = 0;
  } else if (recovering_) {
    data[5] = kRecoverActive;
  }
  for (std::size_t i = 0; i < std::min(spp, fill_); ++i) {
    const std::uint16_t code = fifo_[(head_ + i) % fifo_.size()];
    data[6 + 2 * i] = static_cast<std::uint8_t>(code);
    data[7 + 2 * i] = static_cast<std::uint8_t>(code >> 8);
  }
  const std::size_t taken = std::min(spp, fill_);
  head_ = (head_ + taken) % fifo_.size();
  fill_ -= taken;
  if (recovering_ && fill_ < spp) dummy_due_ = true;
  data[6 + 2 * spp] = static_cast<std::uint8_t>(std::min<std::size_t>(255, fill_ * 256 / capacity_));

  if (dropped(number)) return;
  const Bytes frame = extended_frame(0xc0, data, kStreamData);
  Packet packet;
  packet.size = frame.size();
  std::copy(frame.begin(), frame.end(), packet.bytes.begin());
  if (number < corrupt_until_ || chance(number, 2) < options_.corrupt_checksum)
    packet.bytes[12 + number % (2 * spp)] ^= 0x5a;
  if (in_two(number)) {
    Packet first = packet;
    first.size = 1 + mix(number + settings_.seed) % (packet.size - 1);
    wire_.push_back(first);
    packet.size -= first.size;
    std::copy_n(packet.bytes.begin() + static_cast<std::ptrdiff_t>(first.size), packet.size, packet.bytes.begin());
  }
  wire_.push_back(packet);
}

bool U6Sampler::complete(std::size_t packets) const {
  const auto end = wire_.begin() + static_cast<std::ptrdiff_t>(std::min(packets, wire_.size()));
  return wire_.size() >= packets || std::any_of(wire_.begin(), end, [](const Packet& p) { return p.size < kPacket; });
}

std::size_t U6Sampler::take(std::span<std::byte> data) {
  std::size_t moved = 0;
  for (bool last = false; !last && !wire_.empty() && moved < data.size(); wire_.pop_front()) {
    const Packet& p = wire_.front();
    const std::size_t n = std::min(p.size, data.size() - moved);
    std::copy_n(reinterpret_cast<const std::byte*>(p.bytes.data()), n,
                data.begin() + static_cast<std::ptrdiff_t>(moved));
    moved += n;
    last = p.size < kPacket;
  }
  return moved;
}

void U6Sampler::pump(TimeNs now, std::size_t packets) {
  while (running_ && !complete(packets) && available(now) >= static_cast<std::size_t>(list_.samples_per_packet)) send();
}

TimeNs U6Sampler::ready(TimeNs now, std::size_t packets) const {
  if (complete(packets)) return now;
  if (!running_) return EmulatedDevice::kNever;
  const auto spp = static_cast<std::size_t>(list_.samples_per_packet);
  const std::size_t n = inputs_.size();
  const std::size_t most = (capacity_ - n) / spp * spp;
  std::size_t need = 0;
  std::uint64_t number = packet_number_;
  for (std::size_t missing = packets - wire_.size(); missing > 0 && need < most; ++number) {
    need += spp;
    if (dropped(number)) continue;
    if (in_two(number)) break;  // its first piece ends the transfer
    --missing;
  }
  if (need <= fill_) return available_at(last_stored_, n - 1 - (fill_ - need));
  const std::size_t scans = (need - fill_ + n - 1) / n, in_scan = need - fill_ - (scans - 1) * n;
  return available_at(next_scan_ + scans - 1, in_scan - 1);
}

}  // namespace grfd
