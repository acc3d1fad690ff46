// The device side of a driver: byte-exact, with its own crystal. Knows nothing of threads or host clocks.
#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "drivers/link.hpp"
#include "schemas/sample.hpp"
#include "schemas/settings.hpp"

namespace grfd {

/// Time is true lab time in ns since the session's start, given by the caller, never decreasing.
/// Not thread-safe: EmulatedLink and the simulated usbfs serialise the calls.
class EmulatedDevice {
 public:
  virtual ~EmulatedDevice() = default;
  virtual const LinkInfo& info() const = 0;
  virtual std::vector<std::uint8_t> device_descriptor() const = 0;
  /// @return bytes moved, or -1 for a STALL
  virtual int control(TimeNs now, std::uint8_t request_type, std::uint8_t request, std::uint16_t value,
                      std::uint16_t index, std::span<std::byte> data) = 0;
  /// The host wrote one bulk OUT transfer.
  virtual void out(TimeNs now, std::uint8_t endpoint, std::span<const std::byte> data) = 0;
  /// Lets device time pass: samples that are due are taken, packets that are full are queued.
  virtual void advance(TimeNs now) = 0;
  /// When the next IN transfer of `bytes` on this endpoint could complete, if nothing is written meanwhile:
  /// `now` or earlier when it could already; kNever when no data will come by themselves.
  static constexpr TimeNs kNever = std::numeric_limits<TimeNs>::max();
  virtual TimeNs ready(TimeNs now, std::uint8_t endpoint, std::size_t bytes) = 0;
  /// Completes one IN transfer if it can complete now (buffer full, or a short packet ends it). @return bytes, or -1
  /// when it must wait. A zero-length packet gives 0.
  virtual int in(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) = 0;
  /// What is queued although no transfer would complete: for a timed-out or cancelled transfer.
  virtual int partial(TimeNs now, std::uint8_t endpoint, std::span<std::byte> data) = 0;
  /// Pulled out and plugged in again: all state but the saved settings is lost.
  virtual void power_cycle(TimeNs now) = 0;
};

/// SD of one conversion of an emulated 16-bit front end, in counts.
inline double converter_noise_counts(const EmulationSettings& s, std::size_t channel) {
  return 0.7 * s.noise * (channel < s.channel_noise.size() ? s.channel_noise[channel] : 1);
}

}  // namespace grfd
