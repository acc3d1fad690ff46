// Takes samples from the devices' rings, numbers them, runs the pipeline and hands everything to the sinks.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "daemon/doorbell.hpp"
#include "daemon/outlet.hpp"
#include "daemon/ring.hpp"
#include "dsp/pipeline.hpp"
#include "schemas/counter.hpp"

namespace grfd {

using SampleRing = SpscRing<Sample>;

/// All calls but the rings' pushes come from one thread (the dsp thread, or the simulation).
class Engine {
 public:
  /// @param counters_stream text stream that carries changed counters of trouble once a second
  Engine(Pipeline& pipeline, StreamId commands_stream, StreamId ticks_stream, StreamId counters_stream,
         TimeNs session_start);

  // Set-up, before the first poll.
  SampleRing& add_source(std::size_t capacity);
  /// Whoever has pushed into a source may ring.
  Doorbell& doorbell() { return doorbell_; }
  void add_outlet(Outlet& outlet) { outlets_.push_back(&outlet); }
  /// `owner` is put before the counter's name: "u6.bad_checksum".
  void add_counter(std::string owner, const Counter& counter);

  /// Everything that has arrived until `now`, in order of arrival, and the ticks that are due. `batch` bounds how many
  /// samples are handed to the outlets at once; results do not depend on it.
  void poll(TimeNs now, std::size_t batch = 256) noexcept;

  /// Sleeps until somebody rings or the next tick is due. In real time, on the thread that polls.
  void wait(TimeNs now) noexcept;
  /// When the next tick is due; a poll at or after this gives it.
  TimeNs next_tick() const { return next_tick_; }

  /// Latest tick's snapshot of all counters.
  struct CounterLine {
    std::string name;
    const Counter* counter;
    std::uint64_t last = 0;
  };
  const std::vector<CounterLine>& counters() const { return counters_; }

 private:
  void take(Sample sample) noexcept;
  void tick(TimeNs t) noexcept;
  static void hand_on(void* self, std::span<const Sample> samples) noexcept;

  Pipeline& pipeline_;
  StreamId commands_, ticks_, counters_stream_;
  std::vector<std::unique_ptr<SampleRing>> sources_;
  std::vector<Outlet*> outlets_;
  std::vector<CounterLine> counters_;
  std::vector<Sample> storage_;
  SampleBatch out_;
  TimeNs next_tick_;
  std::uint64_t order_ = 0, tick_seq_ = 0, command_seq_ = 0, counter_seq_ = 0;
  std::size_t batch_ = 256, in_batch_ = 0;
  Doorbell doorbell_;
};

inline constexpr TimeNs kTick = 10'000'000;  ///< 10 ms

}  // namespace grfd
