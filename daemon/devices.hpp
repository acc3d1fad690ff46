// The devices thread: everything that waits for a device's answer. Opens, identifies, starts, watches, restarts, stops.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "daemon/assembly.hpp"
#include "daemon/start_order.hpp"
#include "dsp/shared_clock.hpp"

namespace grfd {

/// Finds links to real devices. Called on the devices thread.
struct LinkFinder {
  virtual ~LinkFinder() = default;
  /// Opens the device whose own serial is settings.serial (any, when empty) and that nobody has open.
  /// @return null when there is none (yet). @throws LinkError
  virtual std::unique_ptr<Link> open(const DeviceSettings& settings, Driver& driver) = 0;
  virtual std::uint64_t changes() const = 0;  ///< rises when a device comes or goes
};

/// Devices that share a clock are started as a group: the paced ones are armed (`starting`, until their first scan),
/// then the one that paces them starts. When that one stops, for whatever reason, the others are armed anew; when a
/// paced one comes back, or when a unit has counted fewer scans than the other for some seconds, all are. So scan k is
/// the same instant for each of them.
class Devices {
 public:
  enum class State : std::uint8_t { absent, starting, streaming, lost };
  struct Status {
    std::string name, driver, model, serial, firmware, trouble;
    State state = State::absent;
    bool required = true;
    double rate_hz = 0, measured_hz = 0;  ///< of its main stream; measured: over 2 s, 0 while it is not there
    std::uint64_t samples = 0, restarts = 0;
    std::size_t backlog = 0;
  };

  /// @param finder null: only emulated devices can be opened
  /// @param on_change called on the devices thread with a device's name and new state
  Devices(Assembly& assembly, Emulation& emulation, LinkFinder* finder, LabClock& clock,
          std::function<void(const Status&)> on_change);
  ~Devices();                                   ///< stops all devices, joins
  void start();                                 ///< a thread that polls
  void poll();                                  ///< one look at every device; for whoever has no thread (virtual time)
  static constexpr TimeNs kPoll = 100'000'000;  ///< how often

  /// The device of this name blinks for some seconds. `done` is called on the devices thread with an empty text or with
  /// the reason why not.
  void blink(const std::string& name, std::function<void(const std::string& trouble)> done);
  std::vector<Status> status() const;  ///< any thread
  bool all_required_streaming() const;

 private:
  struct Device {
    DevicePort* port;
    std::unique_ptr<Link> owned;
    Link* link = nullptr;
    Status status;
    TimeNs retry_at = 0, rate_since = 0, started_at = 0;
    std::uint64_t rate_rows = 0, start_rows = 0;
    std::optional<ScanDeficit> behind, ahead;                         ///< scans against the device that paces this one
    std::vector<std::function<void(const std::string&)>> blink_done;  ///< who asked
    int blinks_left = 0;
    TimeNs next_blink = 0;
  };
  void run();
  void blink(Device& device, TimeNs now);
  void step(std::size_t index);
  void watch(std::size_t index, TimeNs now);
  void open(std::size_t index, TimeNs now);
  void halt(std::size_t index, const std::string& cause, TimeNs retry_at);
  bool counts_differ(std::size_t index);
  bool must_wait(std::size_t index, TimeNs now);
  static bool runs(const Device& device) {
    return device.status.state == State::starting || device.status.state == State::streaming;
  }
  void change(Device& device, State state, std::string trouble = {});

  Emulation& emulation_;
  LinkFinder* finder_;
  LabClock& clock_;
  std::function<void(const Status&)> on_change_;
  std::vector<Device> devices_;
  const StartOrder order_;
  std::uint64_t changes_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses everything above
};

const char* to_string(Devices::State state);
/// A row of `commands` that tells the pipeline, and so the file and the feed, what became of a device.
std::string device_command(const Devices::Status& status);

}  // namespace grfd
