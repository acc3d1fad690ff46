// From messages of an x-IMU3 to samples: numbering by time stamps, losses, restarts, edges, texts.
#pragma once
#include <atomic>
#include <string>

#include "drivers/xio_ximu3_message.hpp"
#include "drivers/xio_ximu3_steps.hpp"
#include "schemas/sample_batch.hpp"

namespace grfd::ximu3 {

/// Order of the streams in the table, from the first one.
enum StreamIndex : StreamId {
  kInertial = 0,
  kFacts = 1,
  kLoss = 2,
  kSync = 3,
  kMessages = 4,
  kSettings = 5,
  kHighG = 6
};
enum class Cause : std::int64_t { missing = 0, buffer_full = 1, corrupt = 2, restart = 3, driver = 4, clock_jump = 5 };
inline constexpr const char* kCauseLabels =
    "0 missing from the stream, 1 the device's buffer was full, 2 damaged bytes, 3 the device restarted, 4 the driver "
    "restarted, 5 the device's clock was set";
inline constexpr const char* kLossStreamLabels = "0 inertial, 1 highg, 2 sync";
inline constexpr int kBoxLine = 0, kOwnLine = 1;
inline constexpr std::size_t kLongestName = 64;  ///< of the device, in texts

/// Runs in decode: no heap, no lock. A pure function of the bytes and their arrivals.
class Stream {
 public:
  /// @param name of the device, for texts
  Stream(std::string name, StreamId first, double rate_hz, double highg_rate_hz);
  /// Data count only after the acknowledgement of `apply` that will be in the stream.
  void expect_start() noexcept;
  void take(Bytes bytes, TimeNs arrival, SampleBatch& out) noexcept;

  bool started() const noexcept { return !awaits_apply_.load(std::memory_order_relaxed); }
  /// The device lost its settings: it restarted and streams something else now.
  bool stranded() const noexcept { return stranded_.load(std::memory_order_relaxed); }
  TimeNs newest_inertial() const noexcept { return newest_inertial_.load(std::memory_order_relaxed); }
  TimeNs newest_highg() const noexcept { return newest_highg_.load(std::memory_order_relaxed); }
  std::span<const Counter* const> counters() const noexcept { return all_; }

 private:
  /// One kind of message that a sensor sends at its own pace.
  struct Track {
    StreamId stream;
    std::int64_t code;  ///< in the loss stream
    double nominal_us;
    bool nominal_is_true;
    StepMeter steps;
    std::uint64_t seq = 0, last_us = 0, damage = 0, full = 0;
    TimeNs last_arrival = 0;
    std::uint16_t epoch = 0;
    bool any = false, suspect = false;
    bool resumed = false;  ///< the driver was started anew since the last sample, and the device's clock ran on
    bool uses(std::uint16_t e) const noexcept { return any && epoch == e; }
  };
  void take_command(std::string_view json, TimeNs arrival) noexcept;
  void take_data(const Message& m, TimeNs arrival, SampleBatch& out) noexcept;
  void take_sample(Track& track, const Message& m, TimeNs arrival, SampleBatch& out) noexcept;
  void take_line(const Message& m, TimeNs arrival, SampleBatch& out) noexcept;
  void take_edge(const Message& m, int line, bool level, std::int32_t count, TimeNs arrival, SampleBatch& out) noexcept;
  void take_text(const Message& m, TimeNs arrival, SampleBatch& out) noexcept;
  bool still_our_settings(Track& track, std::uint64_t t_us) noexcept;
  void new_epoch(Cause cause) noexcept;
  void resume(std::uint64_t t_us, TimeNs arrival) noexcept;
  void join_epoch(Track& track, const Message& m, TimeNs arrival, SampleBatch& out) noexcept;
  void lose(std::int64_t stream, std::uint64_t first, std::int64_t count, Cause cause, std::uint64_t t_us,
            TimeNs arrival, SampleBatch& out) noexcept;
  void fill(Sample& s, const Track& track, const Message& m) noexcept;

  std::string name_;
  StreamId first_;
  Parser parser_;
  Track inertial_, highg_;
  bool has_highg_;
  std::uint64_t loss_seq_ = 0, edge_seq_ = 0, text_seq_ = 0;
  std::uint64_t greeting_us_ = 0, edge_damage_ = 0, full_ = 0;
  Cause last_cause_ = Cause::driver;   ///< of the newest epoch
  std::int64_t next_edge_count_ = -1;  ///< of the box; -1: not known
  std::uint16_t epoch_ = 0;
  bool greeted_ = false, ignoring_ = false;
  bool resuming_ = false;       ///< started anew: the next stamp tells whether the clock ran on
  bool went_back_ = false;      ///< a stamp did since the epoch began: the clock is another one
  bool edges_resumed_ = false;  ///< no edge since the driver was started anew
  TimeNs ignore_until_ = 0;
  std::atomic<bool> awaits_apply_{false}, stranded_{false};
  std::atomic<TimeNs> newest_inertial_{0}, newest_highg_{0};

  Counter reply_{"reply_in_stream", Counter::Kind::activity}, refused_{"command_refused"},
      ignored_{"ignored_after_start", Counter::Kind::activity}, after_restart_{"other_settings_after_restart"},
      other_{"other_message", Counter::Kind::activity}, unwanted_highg_{"highg_not_asked_for", Counter::Kind::activity},
      same_time_{"duplicate_time"}, samples_lost_{"samples_lost"}, losses_unknown_{"losses_unknown"},
      edges_lost_{"edges_lost"}, edge_without_sample_{"edge_without_sample"},
      level_at_power_up_{"sync_box_level_at_power_up", Counter::Kind::activity}, box_restart_{"sync_box_restarted"},
      serial_text_{"serial_text", Counter::Kind::activity}, notification_{"notification", Counter::Kind::activity},
      error_{"device_error"}, buffer_full_{"device_buffer_full"}, nan_{"nan_value"}, over_range_{"over_range"};
  std::array<const Counter*, 26> all_{&parser_.bad_escape,
                                      &parser_.wrong_length,
                                      &parser_.unknown_message,
                                      &parser_.bad_text,
                                      &parser_.too_long,
                                      &parser_.wrapped_message,
                                      &parser_.first_piece,
                                      &reply_,
                                      &refused_,
                                      &ignored_,
                                      &after_restart_,
                                      &other_,
                                      &unwanted_highg_,
                                      &same_time_,
                                      &samples_lost_,
                                      &losses_unknown_,
                                      &edges_lost_,
                                      &edge_without_sample_,
                                      &level_at_power_up_,
                                      &box_restart_,
                                      &serial_text_,
                                      &notification_,
                                      &error_,
                                      &buffer_full_,
                                      &nan_,
                                      &over_range_};
};

}  // namespace grfd::ximu3
