// The bare samples of the MCC USB-1608FS-Plus -> scans, and edges of a TTL line on one of its inputs.
#pragma once
#include <array>
#include <atomic>
#include <limits>
#include <span>

#include "drivers/mcc_usb1608fs_plus_protocol.hpp"
#include "drivers/scan_lateness.hpp"
#include "schemas/counter.hpp"
#include "schemas/sample_batch.hpp"

namespace grfd {

/// Why scans are missing: column `cause` of the loss stream.
enum class MccLoss : std::int64_t {
  restart = 1,        ///< the scan was stopped and started
  fifo_overrun = 2,   ///< restart because the device's FIFO was full
  starved = 3,        ///< restart because nothing came any more
  scans_missing = 4,  ///< restart because fewer scans came than time passed
  link_error = 5,     ///< restart because a transfer failed or overflowed
};
inline constexpr const char* kMccLossLabels = "1 restart, 2 fifo_overrun, 3 starved, 4 scans_missing, 5 link_error";

/// The decoder behind Driver::decode. Samples follow each other without header or counter, so nothing in the bytes can
/// tell of a loss; what can is time (ScanLateness), or the link. A packet holds whole scans (mcc::padded), so that a
/// lost one moves no column. `restart` and `decode` are called from different threads, never at the same time,
/// `bytes_lost` where `decode` is; the others from any thread.
class MccStream {
 public:
  static constexpr TimeNs kNever = std::numeric_limits<TimeNs>::min();
  struct Streams {
    StreamId scan, loss, sync;
  };
  /// @param asked bit n: input n is a column; at least one  @param sync_column column with the TTL line, -1: none
  /// @param drift_ppm by which scans may come too slowly and none is missing
  MccStream(std::uint8_t asked, double rate_hz, double drift_ppm, const Streams& streams, int sync_column,
            int sync_input) noexcept;

  /// Before a scan starts: seq goes on, epoch rises. The hole before its first scan is told with `cause`.
  void restart(MccLoss cause) noexcept;
  /// Codes at which the TTL line counts as high (from below) and low (from above).
  void set_sync_codes(double high, double low) noexcept { high_ = high, low_ = low; }
  void decode(std::span<const std::byte> bytes, TimeNs arrival, SampleBatch& out) noexcept;

  /// The link lost bytes here, nobody knows how many: no row is made until the restart. @param why lives as long as the
  /// stream
  void bytes_lost(const char* why) noexcept;

  const char* fault() const noexcept { return fault_.load(std::memory_order_acquire); }
  MccLoss fault_cause() const noexcept { return fault_cause_.load(std::memory_order_relaxed); }
  /// Arrival of the last bytes since the restart; kNever before the first.
  TimeNs last_bytes() const noexcept { return last_bytes_.load(std::memory_order_relaxed); }
  std::uint16_t epoch() const noexcept { return static_cast<std::uint16_t>(epoch_); }
  std::span<const Counter* const> counters() const noexcept { return counters_; }

 private:
  void put(std::uint16_t code, TimeNs arrival, SampleBatch& out) noexcept;
  void emit(TimeNs arrival, SampleBatch& out) noexcept;
  void fail(MccLoss cause, const char* name) noexcept;

  const std::uint8_t asked_;
  std::array<std::uint8_t, mcc::kChannels> inputs_{};  // what is scanned
  std::size_t channels_ = 0;
  const double interval_ns_;
  const Streams streams_;
  const int sync_column_, sync_input_;
  double high_ = 0, low_ = 0;

  bool half_ = false;  // a sample's low byte waits for its high byte
  std::uint8_t low_byte_ = 0;
  std::size_t channel_ = 0;
  std::array<std::int32_t, mcc::kChannels> codes_{};
  std::uint64_t scan_ = 0, base_seq_ = 0, next_seq_ = 0, loss_seq_ = 0, edge_seq_ = 0;
  bool started_ = false, first_of_epoch_ = true, level_known_ = false, level_ = false;
  bool cut_ = false;  // bytes_lost, since the restart
  unsigned epoch_ = 0;
  MccLoss restart_cause_ = MccLoss::restart;

  ScanLateness lateness_;

  std::atomic<const char*> fault_{nullptr};
  std::atomic<MccLoss> fault_cause_{MccLoss::restart};
  std::atomic<TimeNs> last_bytes_{kNever};
  Counter bytes_{"bytes", Counter::Kind::activity}, incomplete_scans_{"incomplete_scans"},
      scans_missing_{"scans_missing"};
  const std::array<const Counter*, 3> counters_{&bytes_, &incomplete_scans_, &scans_missing_};
};

}  // namespace grfd
