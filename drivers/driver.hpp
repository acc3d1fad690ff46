// What a device driver is: bytes -> samples. One file per device, one line in registry.cpp.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "drivers/link.hpp"
#include "schemas/counter.hpp"
#include "schemas/sample_batch.hpp"
#include "schemas/settings.hpp"
#include "schemas/stream.hpp"

namespace grfd {

struct DeviceIdentity {
  std::string model, serial, firmware;
};

/// The device answered, but not as its protocol says. what() names the command and what would be right.
struct DeviceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Driver {
 public:
  virtual ~Driver() = default;
  /// Asks who is there and changes nothing. Devices thread. @throws LinkError, DeviceError
  virtual DeviceIdentity identify(Link& link) = 0;
  /// Configures the device and starts its stream. Devices thread. @throws LinkError, DeviceError.
  /// Facts that the pipeline needs (calibration constants, ranges) are written as samples into `facts`.
  virtual void start(Link& link, SampleBatch& facts) = 0;
  virtual void stop(Link& link) noexcept = 0;
  /// Bytes of the stream endpoint, in order, cut anywhere. Link's event thread. A pure function of the bytes and the
  /// driver's own small state: no lock, no heap, no I/O, and no byte sequence may break it.
  virtual void decode(std::span<const std::byte> bytes, TimeNs arrival, SampleBatch& out) noexcept = 0;
  /// Starvation and status, at 10 Hz. Devices thread, while decode may run. @return null when all is well, else the
  /// named cause of a restart
  virtual const char* check(Link& link, TimeNs now) noexcept = 0;
  /// The link lost bytes of the stream here. Link's event thread, between two calls of `decode`. For drivers whose
  /// bytes do not tell themselves (a frame, a counter): `check` then asks for a restart. @param why stays valid
  virtual void bytes_lost(const char* /*why*/) noexcept {}
  /// Changes the box's light once, so that a person can tell which one it is. Called twice a second and an even number
  /// of times, while the stream goes on. Devices thread. @return false when this device cannot. @throws LinkError,
  /// DeviceError
  virtual bool blink(Link&) { return false; }
  /// Every rejection has a name.
  virtual std::span<const Counter* const> counters() const noexcept = 0;
};

class EmulatedDevice;  // drivers/emulation/emulated_device.hpp
struct Senses;         // drivers/emulation/stimulus.hpp

/// How a USB device is found: its ids, and what else must match before it is claimed.
struct UsbMatch {
  struct Id {
    std::uint16_t vendor, product;  ///< product 0 = any
    std::string maker = {};         ///< the manufacturer string must contain this, in any case; empty = any
  };
  std::vector<Id> ids;
  bool cdc_acm = false;
};

/// One line of the registry.
struct DriverEntry {
  const char* name;
  UsbMatch (*match)();
  /// Streams this device can emit; names start with "raw/<device>/". Their ids follow each other in the table from
  /// `first` in this order.
  std::vector<StreamInfo> (*streams)(const DeviceSettings&);
  /// Errors in the settings that only this driver can see, each "key: what is wrong, what would be right".
  std::vector<std::string> (*check_settings)(const DeviceSettings&);
  std::unique_ptr<Driver> (*make)(const DeviceSettings&, StreamId first);
  /// The device side. What it senses outlives the device.
  std::unique_ptr<EmulatedDevice> (*emulate)(const DeviceSettings&, const Senses&);
};

std::span<const DriverEntry> driver_registry();
/// @return null when there is no such driver
const DriverEntry* find_driver(std::string_view name);

}  // namespace grfd
