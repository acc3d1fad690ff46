// The emulated rig: the emulated devices of a configuration, what they sense, and the truth about it.
#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "daemon/engine.hpp"
#include "drivers/driver.hpp"
#include "drivers/emulation/emulated_link.hpp"
#include "drivers/emulation/stimulus.hpp"

namespace grfd {

class Emulation {
 public:
  /// @param stimulus null: unloaded plates and still sensors, no truth
  Emulation(const Settings& settings, Stimulus* stimulus, LabClock& clock, TimeNs session_start, SampleRing& truth_ring,
            StreamId first_truth_stream);
  ~Emulation();

  /// The link of settings.devices[i]; null when that device is not emulated.
  EmulatedLink* link(std::size_t device) { return links_[device].get(); }
  /// Lab time of the next thing to happen.
  TimeNs next();
  /// Does all that is due until `now`, in order of time.
  void run_until(TimeNs now);
  /// Truth rows of one millisecond beyond what a batch holds. A full ring costs none: they wait for room.
  const Counter& truth_dropped() const { return truth_dropped_; }

 private:
  struct Unplugging {
    EmulatedLink* link;
    TimeNs out, in;  ///< kNever when done
    TimeNs next() const { return std::min(out, in); }
  };
  std::vector<Unplugging> unpluggings_;
  std::vector<std::unique_ptr<AnalogSource>> analog_;
  std::vector<std::unique_ptr<InertialSource>> inertial_;
  std::vector<std::unique_ptr<PacerWire>> wires_;  // by the device that drives it
  std::vector<std::unique_ptr<EmulatedLink>> links_;
  Stimulus* stimulus_;
  std::mutex stimulus_mutex_;  // the devices thread, restarting one device, asks for it as well
  SampleRing& truth_ring_;
  StreamId first_truth_;
  static constexpr TimeNs kGrid = 1'000'000;  ///< truth is told for each millisecond
  void tell_truth(TimeNs now);
  TimeNs start_, next_truth_, try_truth_;  ///< the millisecond whose truth is next, and when to tell it
  Counter truth_dropped_{"truth_dropped"};
  FixedBatch<128> truth_batch_;
  std::size_t told_ = 0;  ///< of the batch; the rest waits for room in the ring
  std::uint64_t overflow_ = 0;
};

}  // namespace grfd
