#include "drivers/emulation/mcc_usb1608fs_plus_scanner.hpp"

#include <algorithm>
#include <cmath>

#include "drivers/emulation/emulated_device.hpp"

namespace grfd {
using namespace mcc;
namespace {

constexpr double kTtlVolts = 5;

std::uint64_t mix(std::uint64_t z) {  // splitmix64's finaliser
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}
double unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

}  // namespace

MccScanner::MccScanner(const DeviceSettings& settings, const Senses& senses)
    : settings_(settings.emulation),
      options_(mcc_options(settings.emulation)),
      sync_input_(settings.sync_input),
      senses_(senses),
      crystal_(1 + settings_.drift_ppm * 1e-6),
      fifo_(kFifoSamples),
      random_(mix(settings_.seed + 0x2545f4914f6cdd1dull)) {}

void MccScanner::start(TimeNs now, const ScanStart& start, std::span<const std::byte> memory) {
  constexpr TimeNs kMs = 1'000'000;
  start_ = start;
  memory_.assign(memory.begin(), memory.end());
  channels_.clear();
  for (std::size_t i = 0; i < kChannels; ++i)
    if (start.mask >> i & 1) channels_.push_back(i);
  running_ = true;
  flushing_ = ended_by_overrun_ = overrun_ = ended_ = triggered_ = force_overrun_ = half_sent_ = false;
  scans_ = edge_ = 0;
  head_ = fill_ = 0;
  wire_.clear();
  armed_ns_ = static_cast<double>(now);
  start_ns_ = static_cast<double>((now / kMs + 2) * kMs);
  period_ns_ = 1e9 / pacer_rate_hz(start.pacer_period) / crystal_;
  if (start.pacer_period != 0) {
    if (senses_.pacer && start.options & kPacerOut && (start.options >> 2 & 7) == 0)
      senses_.pacer->begin(start_ns_ + (options_.skip_first_pulse ? period_ns_ : 0), period_ns_);
    return;
  }
  run_ = senses_.pacer ? senses_.pacer->runs() : 0;
  if (run_ == 0) return;
  const PacerWire::Run last = senses_.pacer->run(run_ - 1);
  if (last.edges != PacerWire::kOpen) return;
  --run_;  // the pacer runs already: from its next edge on
  edge_ = static_cast<std::uint64_t>(std::max(0.0, std::ceil((armed_ns_ - last.first_ns) / last.period_ns)));
}

void MccScanner::stop(TimeNs now) {
  advance(now);
  if (!running_ && !ended_by_overrun_) return;
  if (running_ && start_.pacer_period != 0 && senses_.pacer && start_.options & kPacerOut)
    senses_.pacer->end(scans_ - std::min<std::uint64_t>(scans_, options_.skip_first_pulse ? 1 : 0));
  running_ = ended_by_overrun_ = false;
  flushing_ = options_.stop_flushes && !halted_;
}

void MccScanner::reset(TimeNs now) {
  stop(now);
  flushing_ = false;
  clear();
  clear_halt();
}

void MccScanner::clear() {
  head_ = fill_ = 0;
  half_sent_ = flushing_ = false;
  wire_.clear();
  overrun_ = false;
}

bool MccScanner::overflow() {
  force_overrun_ = false;
  overrun_ = true;
  if (options_.overrun_discards) head_ = fill_ = 0, half_sent_ = false;
  if (options_.overrun_resumes) return true;
  running_ = false;
  ended_by_overrun_ = options_.overrun_keeps_running;
  halted_ = halted_ || !(start_.options & kNoStall);
  if (start_.pacer_period != 0 && senses_.pacer && start_.options & kPacerOut) senses_.pacer->end(scans_);
  return false;
}

bool MccScanner::next_scan(double& t_ns) {
  if (!running_ || ended_) return false;
  if (start_.pacer_period != 0) {
    if ((start_.options >> 2 & 7) != 0 && !triggered_) return false;
    t_ns = start_ns_ + static_cast<double>(scans_) * period_ns_;
    return true;
  }
  if (!senses_.pacer) return false;
  for (; run_ < senses_.pacer->runs(); ++run_, edge_ = 0) {
    const PacerWire::Run run = senses_.pacer->run(run_);
    if (edge_ >= run.edges) continue;
    t_ns = run.at(edge_);
    return true;
  }
  return false;
}

void MccScanner::advance(TimeNs now) {
  if (running_ && !triggered_)
    start_ns_ = std::max(start_ns_, (start_.options >> 2 & 7) != 0 ? static_cast<double>(now) : 0.0);
  for (double t; next_scan(t) && t <= static_cast<double>(now); ++edge_) {
    if (force_overrun_ || fill_ + channels_.size() > fifo_.size()) {
      if (!overflow()) return;
      ++scans_;  // one that nobody will see
      continue;
    }
    for (const std::size_t channel : channels_) {
      const std::uint16_t code = start_.options & kDebug ? debug_++ : convert(channel, ranges_[channel], t, memory_);
      fifo_[(head_ + fill_++) % fifo_.size()] = code;
    }
    ++scans_;
    ended_ = start_.scan_count != 0 && scans_ >= start_.scan_count;
    if (ended_) running_ = false;
  }
}

std::uint16_t MccScanner::convert(std::size_t channel, std::uint8_t range, double t_ns,
                                  std::span<const std::byte> memory) {
  const double t_s = t_ns * 1e-9;
  const int input = static_cast<int>(channel), fs = full_scale_v(range);
  double volts = input == sync_input_ ? (senses_.sync.level(t_s) ? kTtlVolts : 0.0) : senses_.analog->volts(input, t_s);
  double code = read_calibration(memory, range, channel).code(volts, fs);
  if (input != sync_input_) code += channel % 2 == 0 ? settings_.zero_offset_counts : -settings_.zero_offset_counts;
  if (const double noise_counts = converter_noise_counts(settings_, channel); noise_counts > 0) {
    const double r = std::sqrt(-2 * std::log1p(-unit(mix(random_ += 0x9e3779b97f4a7c15ull))));
    code += noise_counts * r * std::cos(2 * 3.14159265358979323846 * unit(mix(random_ += 0x9e3779b97f4a7c15ull)));
  }
  if (!(code > 0)) return 0;
  return static_cast<std::uint16_t>(std::min(code, 65535.0) + 0.5);
}

double MccScanner::chance(std::uint64_t kind) const {
  return unit(mix(mix(settings_.seed + kind * 0x9e3779b97f4a7c15ull) + packet_number_));
}

bool MccScanner::can_send() const {
  if (start_.options & kImmediate) return fill_ >= channels_.size() && !channels_.empty();
  return 2 * fill_ - (half_sent_ ? 1 : 0) >= kPacket || flushing_ || (ended_ && start_.scan_count != 0);
}

void MccScanner::send() {
  std::size_t bytes =
      std::min(2 * fill_ - (half_sent_ ? 1 : 0), start_.options & kImmediate ? 2 * channels_.size() : kPacket);
  if (bytes < kPacket && !(start_.options & kImmediate)) {
    start_.scan_count = 0;  // the short packet that ends a finite scan
    flushing_ = false;
  }
  if (!(start_.options & kImmediate) && bytes == kPacket &&
      (packet_number_ < short_until_ || chance(2) < options_.short_packet))
    bytes = 1 + mix(packet_number_ + settings_.seed) % (kPacket - 1);
  Packet packet;
  for (; packet.size < bytes; ++packet.size) {
    const std::uint16_t code = fifo_[head_];
    packet.bytes[packet.size] = static_cast<std::byte>(half_sent_ ? code >> 8 : code & 0xff);
    if (half_sent_) {
      head_ = (head_ + 1) % fifo_.size();
      --fill_;
    }
    half_sent_ = !half_sent_;
  }
  const bool dropped = chance(1) < options_.drop_packet;
  if (options_.overrun > 0 && chance(3) < options_.overrun) force_overrun_ = true;
  if (chance(4) < options_.drop_bytes) drop_bytes_ += 1 + mix(packet_number_ + settings_.seed) % (kPacket - 1);
  ++packet_number_;
  if (drop_bytes_ > 0) {
    const std::size_t n = std::min(drop_bytes_, packet.size);
    std::copy(packet.bytes.begin() + static_cast<std::ptrdiff_t>(n), packet.bytes.end(), packet.bytes.begin());
    packet.size -= n;
    drop_bytes_ -= n;
    if (packet.size == 0) return;
  }
  if (!dropped) wire_.push_back(packet);
}

bool MccScanner::complete(std::size_t bytes) const {
  std::size_t sum = 0;
  for (const Packet& p : wire_) {
    sum += p.size;
    if (p.size < kPacket || sum >= bytes) return true;
  }
  return false;
}

void MccScanner::pump(std::size_t bytes) {
  while (!halted_ && !complete(bytes) && can_send()) send();
}

std::size_t MccScanner::take(std::span<std::byte> data) {
  std::size_t moved = 0;
  while (!wire_.empty() && moved + wire_.front().size <= data.size()) {
    const Packet& p = wire_.front();
    std::copy_n(p.bytes.begin(), p.size, data.begin() + static_cast<std::ptrdiff_t>(moved));
    moved += p.size;
    const bool last = p.size < kPacket;
    wire_.pop_front();
    if (last || moved == data.size()) break;
  }
  return moved;
}

int MccScanner::in(TimeNs now, std::span<std::byte> data) {
  advance(now);
  pump(data.size());
  return halted_ || !complete(data.size()) ? -1 : static_cast<int>(take(data));
}

int MccScanner::partial(TimeNs now, std::span<std::byte> data) {
  advance(now);
  pump(data.size());
  return halted_ ? 0 : static_cast<int>(take(data));
}

TimeNs MccScanner::ready(TimeNs now, std::size_t bytes) {
  advance(now);
  pump(bytes);
  if (halted_) return EmulatedDevice::kNever;
  if (complete(bytes)) return now;
  double t = 0;
  if (channels_.empty() || !next_scan(t)) return EmulatedDevice::kNever;
  std::size_t on_wire = 0;
  for (const Packet& p : wire_) on_wire += p.size;
  const std::size_t n = channels_.size();
  std::size_t scans = 1;
  if (!(start_.options & kImmediate)) {
    const std::size_t samples = (std::min(bytes, 2 * (fifo_.size() - n)) - on_wire + 1) / 2 + 1 - (half_sent_ ? 0 : 1);
    scans = samples > fill_ ? (samples - fill_ + n - 1) / n : 1;
  }
  if (start_.scan_count != 0) scans = std::min<std::size_t>(scans, start_.scan_count - scans_);
  const double period = start_.pacer_period != 0 ? period_ns_ : senses_.pacer->run(run_).period_ns;
  return std::max(now + 1, static_cast<TimeNs>(std::ceil(t + static_cast<double>(scans - 1) * period)));
}

}  // namespace grfd
