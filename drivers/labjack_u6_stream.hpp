// StreamData packets of the LabJack U6 -> scans, with an exact account of what was lost.
#pragma once
#include <array>
#include <atomic>
#include <span>

#include "drivers/labjack_u6_protocol.hpp"
#include "schemas/counter.hpp"
#include "schemas/sample_batch.hpp"

namespace grfd {

/// Why scans are missing: column `cause` of the loss stream.
enum class U6Loss : std::int64_t {
  packet_lost = 1,             ///< jump of the packet counter
  bad_packet = 2,              ///< packets with a wrong header or checksum
  auto_recovery = 3,           ///< the device's FIFO was full; it reported how many scans it left out
  auto_recovery_unplaced = 4,  ///< as before, but its mark was not found: the place is uncertain by one packet
  restart = 5,                 ///< the stream was stopped and started
  fatal_code = 6,              ///< restart after an error code in a packet
  auto_recovery_overflow = 7,  ///< restart because the device could not count the scans it left out
  counter_ambiguous = 8,       ///< restart because the hole may be longer than the packet counter
  report_lost = 9,             ///< restart because the packet that counts the left-out scans is missing
  starved = 10,                ///< restart because nothing came any more
};
inline constexpr const char* kU6LossLabels =
    "1 packet_lost, 2 bad_packet, 3 auto_recovery, 4 auto_recovery_unplaced (place uncertain by one packet), 5 "
    "restart, "
    "6 fatal_code, 7 auto_recovery_overflow, 8 counter_ambiguous, 9 report_lost, 10 starved";

/// The decoder behind Driver::decode. `restart` and `decode` are called from different threads, never at the same time;
/// `fault`, `last_packet` and `counters` from any thread at any time.
class U6Stream {
 public:
  static constexpr std::size_t kMaxChannels = 16;
  /// @param channels 1..16  @param rate_hz of the scans, to judge how long a hole can be
  U6Stream(std::size_t channels, double rate_hz, StreamId scan, StreamId loss) noexcept;
  /// The last channel is the digital port; changes of these bits become rows of `sync`.
  void watch(std::uint16_t bits, StreamId sync) noexcept { sync_bits_ = bits, sync_stream_ = sync; }

  /// Forgets the device's state before a StreamStart; `seq` goes on, `epoch` rises. The hole before the first scan is
  /// told with `cause`, unless a fault of the stream itself is the reason.
  void restart(U6Loss cause = U6Loss::restart) noexcept;
  void decode(std::span<const std::byte> bytes, TimeNs arrival, SampleBatch& out) noexcept;

  /// @return why the stream must be restarted, or null. A literal.
  const char* fault() const noexcept { return fault_.load(std::memory_order_acquire); }
  /// Arrival of the last good packet since the restart; kNever before the first.
  static constexpr TimeNs kNever = std::numeric_limits<TimeNs>::min();
  TimeNs last_packet() const noexcept { return last_packet_.load(std::memory_order_relaxed); }
  std::uint16_t epoch() const noexcept { return static_cast<std::uint16_t>(epoch_); }
  std::span<const Counter* const> counters() const noexcept { return counters_; }

 private:
  bool packet(const std::uint8_t* p, TimeNs arrival, SampleBatch& out) noexcept;
  void jump(unsigned packets, U6Loss cause) noexcept;
  void put(std::uint16_t code, TimeNs arrival, SampleBatch& out) noexcept;
  void emit(TimeNs arrival, SampleBatch& out) noexcept;
  void lose(std::uint64_t first, std::int64_t count, U6Loss cause, TimeNs arrival, SampleBatch& out) noexcept;
  void edges(const Sample& scan, SampleBatch& out) noexcept;
  void hole(U6Loss cause) noexcept {
    if (hole_ == U6Loss{}) hole_ = cause;
  }
  void unplaced() noexcept;
  void halt(U6Loss cause, const char* why) noexcept;

  const std::size_t channels_;
  const TimeNs ambiguous_after_;
  const StreamId scan_stream_, loss_stream_;

  std::array<std::uint8_t, u6::kPacket> carry_{};
  std::size_t carried_ = 0;
  std::uint64_t skipped_ = 0;  // bytes since the last good packet
  bool await_origin_ = true;   // nothing of this stream seen yet
  std::uint8_t expected_ = 0;  // packet counter
  bool halted_ = false;

  std::uint64_t scan_ = 0;   // index since StreamStart of the scan being collected
  std::size_t channel_ = 0;  // its next channel
  std::array<std::int32_t, kMaxChannels> codes_{};
  bool partial_ = false;   // the scan being collected began in a hole
  bool all_ones_ = false;  // every code of it so far is 0xFFFF

  bool recovering_ = false;                     // code 59 seen, its report not yet
  bool seeking_ = false, last_chance_ = false;  // the dummy scan of a report; only the scan being collected can be it
  std::uint64_t left_out_ = 0;                  // scans the report counts, the dummy included
  std::size_t late_codes_ = 0;                  // codes in which the dummy of an unplaced report may still come

  std::uint16_t sync_bits_ = 0;  // bits of the digital port that are watched
  StreamId sync_stream_ = kNoStream;
  std::uint64_t sync_seq_ = 0;
  std::int32_t levels_ = 0;
  bool levels_known_ = false;

  std::uint64_t base_seq_ = 0, next_seq_ = 0, loss_seq_ = 0;
  bool first_of_epoch_ = true;
  U6Loss hole_{}, restart_cause_ = U6Loss::restart;
  unsigned epoch_ = 0;
  bool started_ = false;

  std::atomic<const char*> fault_{nullptr};
  std::atomic<TimeNs> last_packet_{kNever};

  Counter packets_{"packets", Counter::Kind::activity}, bad_header_{"bad_header"}, bad_checksum_{"bad_checksum"},
      resync_bytes_{"resync_bytes"}, packet_lost_{"packet_lost"}, scans_lost_{"scans_lost"},
      recovery_packets_{"auto_recovery_packets"}, recovery_reports_{"auto_recovery_reports"},
      recovery_unplaced_{"auto_recovery_unplaced"}, recovery_late_{"auto_recovery_late_mark"},
      recovery_overflow_{"auto_recovery_overflow"}, report_lost_{"auto_recovery_report_lost"},
      ambiguous_{"counter_ambiguous"}, fatal_code_{"fatal_code"}, after_fault_{"packet_after_fault"},
      stale_packet_{"stale_packet"}, backlog_high_{"backlog_high"};
  const std::array<const Counter*, 17> counters_{
      &packets_,          &bad_header_,       &bad_checksum_,      &resync_bytes_,  &packet_lost_,       &scans_lost_,
      &recovery_packets_, &recovery_reports_, &recovery_unplaced_, &recovery_late_, &recovery_overflow_, &report_lost_,
      &ambiguous_,        &fatal_code_,       &after_fault_,       &stale_packet_,  &backlog_high_};
};

}  // namespace grfd
