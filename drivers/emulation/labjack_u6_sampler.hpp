// The converter of the emulated U6: its crystal, its FIFO with auto-recovery, and the packets that leave it.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "drivers/emulation/labjack_u6_options.hpp"
#include "drivers/emulation/stimulus.hpp"
#include "drivers/labjack_u6_protocol.hpp"

namespace grfd {

/// What StreamConfig asked for.
struct U6ScanList {
  struct Entry {
    std::uint8_t channel = 0, options = 0;
  };
  std::vector<Entry> entries;
  int samples_per_packet = 25, resolution_index = 1, settling_factor = 0;
  std::uint32_t clock_hz = 4'000'000;
  std::uint16_t interval = 4000;
};

/// Crystal: device seconds = lab seconds * (1 + drift_ppm * 1e-6), so a positive drift is a fast crystal and scan k is
/// taken at start + k * (interval / clock) / (1 + drift_ppm * 1e-6) of lab time. In the clock model t = t0 + T (1 + e)
/// n this is e = -drift_ppm * 1e-6. Channel i of a scan is converted i sample times after the scan's instant and can
/// leave in a packet one sample time later. The first scan is taken at the next whole millisecond of lab time plus 1
/// ms.
///
/// FIFO: 984 samples with 25 per packet. A scan that does not fit starts recovery: scans are left out and counted,
/// packets carry code 59; when a packet leaves less than one packet behind, the next scan due (with `dummy_late` one
/// that many scans later) is stored as 0xFFFF and counted, and the first packet filled after the recovery reports the
/// count with code 60 (63 above 65535). After an overlap of scans every packet carries code 55 until the stream is
/// stopped (what the real device sends after the first is not documented).
class U6Sampler {
 public:
  U6Sampler(const EmulationSettings& settings, AnalogSource& source, const SyncLine& sync);

  void start(TimeNs now, const U6ScanList& list, const u6::Calibration& calibration);
  /// Full packets stay for the host to fetch, the rest is lost.
  void stop(TimeNs now);
  void clear_wire() { wire_.clear(); }
  bool running() const { return running_; }
  void advance(TimeNs now);

  /// The host has a transfer of `packets` packets waiting: moves what is full onto the wire.
  void pump(TimeNs now, std::size_t packets);
  /// That transfer is full, or a short packet ends it.
  bool complete(std::size_t packets) const;
  /// When that many packets will be on the wire, after pump. With more than the FIFO can hold: when to pump again.
  TimeNs ready(TimeNs now, std::size_t packets) const;
  /// What is on the wire for one transfer. @return bytes
  std::size_t take(std::span<std::byte> data);
  int samples_per_packet() const { return list_.samples_per_packet; }

  void set_digital(std::uint16_t fio_eio, std::uint16_t cio_mio) { digital_ = fio_eio, digital_high_ = cio_mio; }
  /// Level of FIO and EIO at a time in ns; the sync line, when it has pulses, is FIO0.
  std::uint16_t digital(double t_ns) const {
    if (!(sync_.period_s > 0)) return digital_;
    return static_cast<std::uint16_t>((digital_ & ~1u) | (sync_.level(t_ns * 1e-9) ? 1u : 0u));
  }
  std::uint16_t digital_high() const { return digital_high_; }
  void set_system_timers(std::uint8_t mask) { system_timers_ = mask; }

  void drop_packets(std::uint64_t n) { drop_until_ = packet_number_ + n; }
  void corrupt_packets(std::uint64_t n) { corrupt_until_ = packet_number_ + n; }
  void overlap() { overlap_ = true; }

 private:
  struct Input {  // an entry of the list, ready to be converted
    enum class Kind : std::uint8_t {
      analog,
      differential,
      digital,
      digital_high,
      timer,
      captured,
      none
    } kind = Kind::none;
    int channel = 0;
    double per_positive_volt = 0, per_negative_volt = 0, zero = 0, offset_volts = 0, noise_counts = 0;
  };

  struct Packet {
    std::array<std::uint8_t, u6::kPacket> bytes{};
    std::size_t size = 0;  ///< less than 64 ends its transfer
  };

  double scan_time(std::uint64_t k) const { return start_ns_ + static_cast<double>(k) * period_ns_; }
  TimeNs available_at(std::uint64_t scan, std::size_t channel) const;
  std::size_t available(TimeNs now) const;
  void store(std::uint64_t scan, bool dummy);
  std::uint16_t convert(const Input& input, double t_ns);
  double gaussian();
  void send();
  bool dropped(std::uint64_t packet) const { return packet < drop_until_ || chance(packet, 1) < options_.drop_packet; }
  bool in_two(std::uint64_t packet) const { return chance(packet, 4) < options_.short_read; }
  double chance(std::uint64_t packet, std::uint64_t kind) const;

  const EmulationSettings settings_;
  const U6Options options_;
  AnalogSource& source_;
  const SyncLine sync_;
  const double crystal_;  ///< device seconds per lab second

  U6ScanList list_;
  std::vector<Input> inputs_;
  double start_ns_ = 0, period_ns_ = 1e6, sample_ns_ = 20e3;
  bool running_ = false;
  std::uint64_t next_scan_ = 0, last_stored_ = 0;

  std::array<std::uint16_t, 1024> fifo_{};
  std::size_t head_ = 0, fill_ = 0, capacity_ = 984;
  bool recovering_ = false, dummy_due_ = false, overlap_ = false;
  std::uint64_t lost_ = 0, to_report_ = 0;
  int ahead_ = 0;  // scans of new data since the recovery, while the dummy is due

  std::deque<Packet> wire_;
  std::uint8_t counter_ = 0;
  std::uint64_t packet_number_ = 0, drop_until_ = 0, corrupt_until_ = 0;

  std::uint16_t digital_ = 0xffff, digital_high_ = 0x000f, captured_ = 0;
  std::uint8_t system_timers_ = 0;
  std::uint64_t random_;
};

}  // namespace grfd
