// Between a device's link and the engine: decodes on the link's thread and pushes into the device's ring.
#pragma once
#include <atomic>
#include <memory>

#include "daemon/engine.hpp"
#include "drivers/driver.hpp"

namespace grfd {

/// From `bytes` to the push there is no lock, no heap and no I/O.
class DevicePort final : public Link::Receiver {
 public:
  /// @param ring_samples how many samples may wait for the pipeline
  DevicePort(const DeviceSettings& settings, const DriverEntry& entry, StreamId first_stream, Engine& engine,
             std::size_t ring_samples);

  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override;
  void lost(const char* why) noexcept override;

  /// Devices thread: starts the driver on this link; its facts go to the engine stamped `now`.
  /// @throws LinkError, DeviceError
  DeviceIdentity start(Link& link, TimeNs now);
  void stop(Link& link) noexcept;

  Driver& driver() { return *driver_; }
  const DeviceSettings& settings() const { return settings_; }
  StreamId first_stream() const { return first_; }
  std::uint64_t samples() const noexcept { return samples_.load(std::memory_order_relaxed); }
  TimeNs last_arrival() const noexcept { return last_arrival_.load(std::memory_order_relaxed); }
  std::size_t backlog() const noexcept { return ring_.size(); }
  /// Null, or why the link said the device is gone; cleared by `start`.
  const char* lost_reason() const noexcept { return lost_.load(std::memory_order_acquire); }

 private:
  static void push(void* self, std::span<const Sample> samples) noexcept;

  DeviceSettings settings_;
  StreamId first_;
  std::unique_ptr<Driver> driver_;
  Doorbell& doorbell_;
  SampleRing& ring_;   // pushed by the link's thread
  SampleRing& facts_;  // pushed by the devices thread
  Counter ring_full_{"ring_full"}, transfers_{"transfers", Counter::Kind::activity};
  std::atomic<std::uint64_t> samples_{0};
  std::atomic<TimeNs> last_arrival_{0};
  std::atomic<const char*> lost_{nullptr};
  FixedBatch<512> batch_;
};

}  // namespace grfd
