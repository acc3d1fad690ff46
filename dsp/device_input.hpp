// What the pipeline keeps of one device: its clock, its numbering, its losses and what it said about itself.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "dsp/calibration.hpp"
#include "dsp/clock_map.hpp"
#include "dsp/device_facts.hpp"
#include "dsp/row_writer.hpp"
#include "dsp/shared_clock.hpp"
#include "dsp/stage.hpp"
#include "schemas/counter.hpp"
#include "schemas/settings.hpp"

namespace grfd {

class DeviceInput {
 public:
  /// @param main "scan" or "inertial": the stream raw/<device>/<main>. Adds clock/<device> to the table when the device
  /// has
  ///   a clock of its own.
  DeviceInput(const DeviceSettings& device, const std::string& main, StreamId stream, StreamTable& table, TimeNs start);

  /// This device counts by `master`'s clock: both then give scan k the same time. Before the first sample.
  void follow(DeviceInput& master);

  struct Accepted {
    std::uint64_t lost = 0;
    bool restarted = false;  ///< first sample of a new epoch: the driver's, or one that a step of the clock began
  };
  /// Gives the sample its lab time, epoch and flags, follows its numbering, and reports a hole that nobody announced
  /// and a step of the clock.
  Accepted accept(Sample& s, const TextWriter& gaps, std::uint64_t& gap_seq, SampleBatch& out) noexcept;
  /// A row of the driver's loss stream: passed on, and repeated in words in the gaps stream.
  void take_loss(const Sample& s, const TextWriter& gaps, std::uint64_t& gap_seq, SampleBatch& out) noexcept;
  /// The daemon says what became of the device; `cause` explains the hole that follows.
  void take_state(std::string_view device_state, std::string_view cause) noexcept;
  /// A trial begins: what comes late in it will be told.
  void begin_trial(TimeNs t) noexcept;
  /// The trial ends at `s`: a device that is away then has a hole that no sample will tell.
  void end_trial(const Sample& s, const TextWriter& gaps, std::uint64_t& gap_seq, SampleBatch& out) noexcept;
  /// An edge of a digital line: gets its lab time by the clock of the main stream and is repeated in words in `events`.
  /// Constant delays of the sensor's signal are not its own and are not taken off.
  void take_edge(const Sample& s, const TextWriter& events, std::uint64_t& event_seq, SampleBatch& out) noexcept;
  /// A sample of another sensor of the device, which counts time by the same counter but samples at its own pace: gets
  /// its lab time from `t_device`; a hole that nobody announced is reported.
  void take_side(const Sample& s, const TextWriter& gaps, std::uint64_t& gap_seq, SampleBatch& out) noexcept;
  /// What the device says about itself.
  void take_facts(const Sample& s, SampleBatch& out) noexcept;
  /// What the daemon says about the link that was opened: how long its frames are.
  void take_link(const Sample& s, SampleBatch& out) noexcept;
  /// A text of the device: gets its lab time, and is an event of the session, too.
  void take_message(const Sample& s, StreamId events, std::uint64_t& event_seq, SampleBatch& out) noexcept;
  /// Only ticks decide that a device is late. `wait`: patience in ns.
  void tick(const Sample& tick, TimeNs wait, const TextWriter& gaps, std::uint64_t& gap_seq, const TextWriter& events,
            std::uint64_t& event_seq, SampleBatch& out) noexcept;
  /// Bit i: analogue channel i of the scan is clipped.
  std::uint32_t clipped(std::span<const std::int32_t> codes) noexcept { return clip_.push(codes) & analogue_; }
  /// Scans with a channel, of the converter or of a plate's amplifier, at the end of its range. Inertial sensors: their
  /// drivers count.
  Counter& over_range() noexcept { return over_range_; }
  bool scans() const noexcept { return analogue_ != 0; }

  const std::string& name() const noexcept { return name_; }
  /// Constant delay of the sensor's signal, taken off the time of every sample. A new one is approached by a twentieth
  /// of an interval per sample, so that times go on rising.
  double delay_s() const noexcept { return state_.delay_target_s; }
  void set_delay(double delay_s) noexcept { state_.delay_target_s = delay_s; }
  bool settling() const noexcept { return clock_.settling(); }

  bool streaming() const noexcept { return state_.streaming; }
  /// Measured, from sample to sample.
  double interval_s() const noexcept { return clock().measured_interval_s() * (stamped_ ? units_per_interval() : 1); }
  double nominal_interval_s() const noexcept { return nominal_interval_s_; }
  StreamId facts() const noexcept { return facts_.stream(); }
  /// Once more what is known of device and link, for a recording that starts now.
  void repeat_facts(const Sample& cause, SampleBatch& out) noexcept {
    link_.repeat(cause, out);
    facts_.repeat(cause, out);
  }
  const ScanAdc& adc() const noexcept { return facts_.adc(); }
  StreamId stream() const noexcept { return stream_; }
  StreamId link() const noexcept { return link_.stream(); }
  StreamId loss() const noexcept { return loss_; }
  StreamId sync() const noexcept { return sync_; }
  StreamId side() const noexcept { return side_; }
  StreamId messages() const noexcept { return messages_; }
  void states(StatePieces& pieces);

 private:
  const ClockMap& clock() const noexcept { return master_ ? master_->clock_ : clock_; }
  SharedClock* shared() noexcept { return master_ ? master_->shared_.get() : shared_.get(); }
  double stamp_shared(SharedClock& clock, const Sample& s, bool begins) noexcept;
  void compare_counts(SharedClock& clock, const Sample& tick, const TextWriter& gaps, std::uint64_t& gap_seq,
                      SampleBatch& out) noexcept;
  bool clock_stepped() noexcept;  ///< before this sample, and this device has not followed yet
  /// Begins, in `stream`, the epoch that the driver knows nothing of.
  void follow_step(Sample& s, const char* stream, const TextWriter& gaps, std::uint64_t& gap_seq,
                   SampleBatch& out) const noexcept;
  /// The driver's epoch and those of the clock's steps. Inside, epochs are the driver's.
  std::uint16_t told_epoch(const Sample& s) const noexcept {
    return static_cast<std::uint16_t>(s.epoch + state_.epochs_by_step);
  }
  bool explains(std::int64_t which, const Sample& loss) noexcept;
  /// A hole of unknown length in the main stream and in that of the edges.
  void tell_away(const Sample& cause, const char* why, std::uint64_t first_seq, double seconds, bool open,
                 const TextWriter& gaps, std::uint64_t& gap_seq, SampleBatch& out) const noexcept;
  void tell_edges_away(const Sample& cause, const char* why, double seconds, bool open, const TextWriter& gaps,
                       std::uint64_t& gap_seq, SampleBatch& out) const noexcept;
  bool driver_tells_edges() const noexcept;  ///< when its clock ran on
  /// The first sample of a trial: when it comes late, what is missing before it is told.
  void tell_late_start(const Sample& s, const TextWriter& gaps, std::uint64_t& gap_seq, SampleBatch& out) noexcept;
  static ClockParams clock_params(double interval_s, double max_drift_ppm);
  /// Lab time that has passed since the newest sample of the main stream, by the device's counter.
  double since_newest_s(std::uint64_t t_device) const noexcept;
  /// Of the device's counter: measured, because a sensor's sample clock need not be the counter's.
  double units_per_interval() const noexcept;

  struct State {
    std::uint64_t next_seq = 0, first_seq = 0, clock_seq = 0, loss_seq = 0;
    std::uint64_t seq_shift = 0;  ///< scans found missing so far by comparison with the clock's other devices
    TimeNs newest_t = 0, newest_arrival = 0;
    std::uint64_t lost_by_driver = 0;  ///< what the driver said is missing before the next sample; all ones: unknown
    std::uint64_t first_device = 0,
                  newest_device = 0;  ///< t_device of the epoch's first sample of the main stream, of the newest
    std::uint64_t side_next_seq = 0, side_lost_by_driver = 0;
    TimeNs side_newest_t = 0;
    std::uint64_t clock_told = 0;  ///< 1: that the clock is out of bounds, in this epoch
    double delay_s = 0, delay_target_s = 0;
    std::uint32_t edges_told = 0, edges_left_out = 0;  ///< in events, since the last whole second of ticks
    std::uint16_t epoch = 0;                           ///< the driver's
    bool started = false, streaming = false;
    std::uint32_t outage_told = 0;     ///< bit i: stream i of the loss rows has told its hole of the outage
    std::array<char, 64> outage{};     ///< why the device was lost last; empty: it never was
    double outage_s = 0;               ///< how long it was lost
    std::uint16_t outage_epoch = 0;    ///< of the start after it
    std::uint16_t reserved = 0;        // no padding: equal states are equal bytes
    std::uint32_t generation = 0;      ///< of the shared clock, when this device began to count by it
    std::uint32_t steps_followed = 0;  ///< of the clock's steps()
    std::uint16_t epochs_by_step = 0, side_epochs_by_step = 0;  ///< begun so far, by the main stream, by the side one
    std::int64_t shift = 0, last_n = 0;  ///< of them in this epoch; the clock's number of the last scan
    std::uint64_t sync_next_seq = 0;
    TimeNs trial_start = 0;  ///< of the trial at hand; 0: none, or the device has delivered in it
    std::uint64_t away = 0;  ///< 1: the daemon says that the device does not stream
  } state_;
  std::string name_, stream_name_, side_name_;
  StreamId stream_, loss_ = kNoStream, sync_ = kNoStream, side_ = kNoStream, messages_ = kNoStream;
  bool stamped_;  ///< the clock counts the microseconds that the device stamps its samples with, not samples
  double nominal_interval_s_;
  double nominal_units_ = 1, sync_skew_s_ = 0, sync_age_ = 0;  ///< age: of an edge when it is seen, in intervals
  TimeNs start_;
  DeviceFacts facts_, link_;
  ClockMap clock_;
  std::unique_ptr<SharedClock> shared_;  // when other devices count by this one's clock
  DeviceInput* master_ = nullptr;
  std::int64_t offset_scans_;
  ScanDeficit deficit_;
  ClipDetector clip_;
  std::uint32_t analogue_ = 0;  ///< bit i: column i counts volts
  Counter over_range_{"over_range"};
  RowWriter clock_row_;
  std::vector<std::string> causes_,
      loss_streams_;  ///< by code; loss_streams_ is empty where losses are of the main stream only
};

}  // namespace grfd
