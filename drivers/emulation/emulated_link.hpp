// A Link whose other end is an emulated device in the same process.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <random>

#include "drivers/emulation/emulated_device.hpp"
#include "drivers/link.hpp"
#include "schemas/settings.hpp"

namespace grfd {

/// The clock an emulated link lives by: lab time now. Real (CLOCK_MONOTONIC) or virtual.
struct LabClock {
  virtual ~LabClock() = default;
  virtual TimeNs now() const = 0;
  /// Waits until `t` in real time; in virtual time waiting for an answer costs nothing and this returns at once.
  virtual void sleep_until(TimeNs t) = 0;
};

/// Completes transfers with the latency, jitter, stalls and bus frames of EmulationSettings. Whoever owns it calls
/// `next` and `complete`: a thread in real time, the simulation in virtual time. Deterministic for a seed.
class EmulatedLink final : public Link {
 public:
  /// @param session_start lab time at which the device's own time (seconds since the session's start) is 0
  EmulatedLink(std::unique_ptr<EmulatedDevice> device, const EmulationSettings& settings, LabClock& clock,
               TimeNs session_start);
  ~EmulatedLink() override;

  const LinkInfo& info() const override { return device_->info(); }
  /// For another host than this link: nobody may use the link meanwhile.
  EmulatedDevice& device() { return *device_; }
  void claim(std::span<const int>) override {}
  std::size_t control(std::uint8_t request_type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                      std::span<std::byte> data, int timeout_ms) override;
  void write(std::uint8_t endpoint, std::span<const std::byte> data, int timeout_ms) override;
  std::size_t read(std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms) override;
  void start_stream(std::uint8_t endpoint, std::size_t bytes, int transfers) override;
  void stop_stream(std::uint8_t endpoint, int drain_ms) noexcept override;
  void set_receiver(Receiver* receiver) override;

  /// Lab time of the next completion of the stream; EmulatedDevice::kNever when none is due. Any thread.
  TimeNs next();
  /// Completes the transfer that is due at `now` or before, stamping it with `now`. @return false when none was due
  bool complete(TimeNs now);
  /// The next transfer fails: what it holds never arrives, and the receiver is told. @param why outlives the link
  void fail(const char* why);
  /// Pulls the plug, or puts it back. Pending and later calls throw LinkError(gone) while it is out.
  void unplug();
  void plug_in();

 private:
  TimeNs due(TimeNs ready);    ///< adds latency, jitter and stalls to the time a transfer became ready
  TimeNs device_time();        ///< how far the device's time has passed, as lab time
  TimeNs advance(TimeNs lab);  ///< lets device time pass up to this lab time. @return device time, never decreasing
  void require_plugged() const;

  std::unique_ptr<EmulatedDevice> device_;
  EmulationSettings settings_;
  LabClock& clock_;
  TimeNs start_;
  TimeNs frame_ns_;   ///< of the bus; 0: it has none
  std::mutex mutex_;  // the device side; not on our hot path
  Receiver* receiver_ = nullptr;
  const char* failing_ = nullptr;
  bool plugged_ = true, streaming_ = false, have_due_ = false;
  std::uint8_t endpoint_ = 0;
  std::vector<std::byte> buffer_;
  TimeNs device_now_ = 0, ready_ = 0, due_ = EmulatedDevice::kNever, last_ = 0;
  std::uint64_t random_;
};

}  // namespace grfd
