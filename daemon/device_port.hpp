// Between a device's link and the engine: decodes on the link's thread and pushes into the device's ring.
#pragma once
#include <atomic>
#include <memory>

#include "daemon/engine.hpp"
#include "drivers/capture_link.hpp"
#include "drivers/driver.hpp"

namespace grfd {

/// From `bytes` to the push there is no lock, no heap and no I/O.
class DevicePort final : public Link::Receiver {
 public:
  /// @param ring_samples how many samples may wait for the pipeline
  DevicePort(const DeviceSettings& settings, const DriverEntry& entry, StreamId first_stream, StreamId link_stream,
             Engine& engine, std::size_t ring_samples);
  /// raw/<device>/link: what the pipeline must know of whatever link was opened.
  static StreamInfo link_stream(const DeviceSettings& settings);

  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override;
  void lost(const char* why) noexcept override;
  void damaged(const char* why) noexcept override { driver_->bytes_lost(why); }

  /// Before the first start: everything that passes through a link is written down. Both outlive the port.
  void capture(CaptureOutlet& outlet, const LabClock& clock);
  /// Devices thread: starts the driver on this link; its facts and the link's go to the engine stamped `now`.
  /// @throws LinkError, DeviceError
  DeviceIdentity start(Link& link, TimeNs now);
  /// Devices thread. @return null, or why the driver wants a restart
  const char* check(Link& link, TimeNs now) noexcept;
  /// Devices thread. @return false when this device cannot. @throws LinkError, DeviceError
  bool blink(Link& link, TimeNs now);
  void stop(Link& link) noexcept;

  Driver& driver() { return *driver_; }
  const DeviceSettings& settings() const { return settings_; }
  StreamId first_stream() const { return first_; }
  /// Rows of the main stream that the driver has made, whether there was room for them or not.
  std::uint64_t rows() const noexcept { return rows_.load(std::memory_order_relaxed); }
  std::uint64_t samples() const noexcept { return samples_.load(std::memory_order_relaxed); }
  TimeNs last_arrival() const noexcept { return last_arrival_.load(std::memory_order_relaxed); }
  std::size_t backlog() const noexcept { return ring_.size(); }
  /// Null, or why the link said the device is gone; cleared by `start`.
  const char* lost_reason() const noexcept { return lost_.load(std::memory_order_acquire); }

 private:
  Link& through(Link& link) { return tap_ ? *tap_ : link; }
  static void push(void* self, std::span<const Sample> samples) noexcept;

  DeviceSettings settings_;
  StreamId first_, link_;
  std::unique_ptr<Driver> driver_;
  Doorbell& doorbell_;
  SampleRing& ring_;   // pushed by the link's thread
  SampleRing& facts_;  // pushed by the devices thread
  Counter ring_full_{"ring_full"}, facts_lost_{"facts_lost"}, transfers_{"transfers", Counter::Kind::activity};
  std::atomic<std::uint64_t> samples_{0}, rows_{0};
  std::atomic<TimeNs> last_arrival_{0};
  std::atomic<const char*> lost_{nullptr};
  FixedBatch<512> batch_;
  CaptureOutlet* capture_ = nullptr;
  const LabClock* clock_ = nullptr;
  std::unique_ptr<CapturingLink> tap_;  // around the link that is in use
};

}  // namespace grfd
