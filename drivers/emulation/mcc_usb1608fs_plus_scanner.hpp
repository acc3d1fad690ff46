// The converters of the emulated USB-1608FS-Plus: its crystal, its FIFO, and the packets that leave it.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "drivers/emulation/mcc_usb1608fs_plus_options.hpp"
#include "drivers/emulation/stimulus.hpp"
#include "drivers/mcc_usb1608fs_plus_protocol.hpp"

namespace grfd {

/// Crystal: device seconds = lab seconds * (1 + drift_ppm * 1e-6). With the internal pacer scan k is taken at
/// start + k * (period + 1) / 40 MHz / (1 + drift) of lab time, the first at the next whole millisecond plus 1 ms; with
/// the external clock scan k is edge k on the wire after arming, so the other unit's crystal counts. Nothing is skewed.
///
/// A scan that does not fit the FIFO of 32768 samples ends the scan: what is stored is still delivered, then nothing
/// comes; the running bit falls, the overrun bit rises. Without option 80 the pipe halts at once. A stop discards what
/// does not fill a packet. What of this is not documented can be turned round: MccOptions. A finite scan ends with a
/// short packet, of length 0 after a full one.
class MccScanner {
 public:
  MccScanner(const DeviceSettings& settings, const Senses& senses);

  void set_ranges(const std::array<std::uint8_t, mcc::kChannels>& ranges) { ranges_ = ranges; }
  const std::array<std::uint8_t, mcc::kChannels>& ranges() const { return ranges_; }
  void start(TimeNs now, const mcc::ScanStart& start, std::span<const std::byte> memory);
  void stop(TimeNs now);
  void clear();            ///< empties the FIFO; the overrun bit falls
  void reset(TimeNs now);  ///< as after power-up; nothing is flushed
  void advance(TimeNs now);
  bool running() const { return running_ || ended_by_overrun_; }  ///< what the status says
  bool overrun() const { return overrun_; }
  void clear_overrun() { overrun_ = false; }
  bool halted() const { return halted_; }
  void clear_halt() { halted_ = false; }

  TimeNs ready(TimeNs now, std::size_t bytes);
  int in(TimeNs now, std::span<std::byte> data);
  int partial(TimeNs now, std::span<std::byte> data);

  std::uint16_t convert(std::size_t channel, std::uint8_t range, double t_ns, std::span<const std::byte> memory);
  void trigger() { triggered_ = true; }  ///< an edge on TRIG_IN, or the level that a scan waits for
  void force_overrun() { force_overrun_ = true; }
  void drop_bytes(std::size_t n) { drop_bytes_ += n; }  ///< lost on the way to the host
  void short_packets(std::uint64_t n) { short_until_ = packet_number_ + n; }
  std::uint64_t scans() const { return scans_; }  ///< taken since the start

 private:
  struct Packet {
    std::array<std::byte, mcc::kPacket> bytes{};
    std::size_t size = 0;
  };
  /// A scan has no room. @return whether the scans go on
  bool overflow();
  bool next_scan(double& t_ns);  ///< when the next scan is due; false: nobody knows
  bool can_send() const;
  void send();
  void pump(std::size_t bytes);
  bool complete(std::size_t bytes) const;
  std::size_t take(std::span<std::byte> data);
  double chance(std::uint64_t kind) const;

  const EmulationSettings settings_;
  const MccOptions options_;
  const int sync_input_;
  const Senses senses_;
  const double crystal_;
  std::array<std::uint8_t, mcc::kChannels> ranges_{};
  std::vector<std::byte> memory_;

  mcc::ScanStart start_;
  std::vector<std::size_t> channels_;
  bool running_ = false, overrun_ = false, halted_ = false, triggered_ = false, ended_ = false, force_overrun_ = false;
  bool ended_by_overrun_ = false;  // but says that it runs
  bool flushing_ = false;          // what does not fill a packet may leave
  double start_ns_ = 0, period_ns_ = 1e6;
  std::size_t run_ = 0;  // external clock: run on the wire, and its next edge
  std::uint64_t edge_ = 0, scans_ = 0;
  double armed_ns_ = 0;
  std::uint16_t debug_ = 0;

  std::vector<std::uint16_t> fifo_;
  std::size_t head_ = 0, fill_ = 0;  // samples
  bool half_sent_ = false;           // the low byte of the first sample has left in a short packet
  std::deque<Packet> wire_;          // what the host has asked for
  std::uint64_t packet_number_ = 0, short_until_ = 0;
  std::size_t drop_bytes_ = 0;
  std::uint64_t random_;
};

}  // namespace grfd
