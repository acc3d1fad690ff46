// A pipe of bytes between a driver and its device: USB, a replay, or an emulated device in the process.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "schemas/sample.hpp"

namespace grfd {

/// The device is gone, stalled, or did not answer in time. what() names endpoint and reason.
struct LinkError : std::runtime_error {
  enum class Kind { gone, timeout, stall, io } kind;
  LinkError(Kind k, const std::string& what) : std::runtime_error(what), kind(k) {}
};

/// Of the bus, as negotiated when the device was plugged in. The numbers are those of captures and of
/// raw/<device>/link.
enum class LinkSpeed : std::uint8_t { unknown = 0, low = 1, full = 2, high = 3, super = 4 };
/// The bus moves data in frames: a transfer completes up to one frame late, and that lateness beats with the device's
/// sample clock. Full speed, which is assumed where the speed is not known, has 1 ms; high speed has microframes.
constexpr double frame_s(LinkSpeed speed) { return speed >= LinkSpeed::high ? 125e-6 : 1e-3; }
constexpr const char* to_string(LinkSpeed speed) {
  constexpr const char* kNames[] = {"unknown", "low", "full", "high", "super"};
  return kNames[static_cast<std::size_t>(speed)];
}

/// Facts a driver needs about the USB function that was opened.
struct LinkInfo {
  std::uint16_t vendor_id = 0, product_id = 0;
  std::string manufacturer, product, serial_string;
  std::vector<std::uint8_t> configuration;  ///< the active configuration's descriptors, as in the standard
  LinkSpeed speed = LinkSpeed::unknown;
};

/// All verbs but `stop_stream` throw LinkError. Called from the devices thread only.
class Link {
 public:
  virtual ~Link() = default;
  virtual const LinkInfo& info() const = 0;
  /// Claims the interfaces (kernel drivers are detached and given back at close).
  virtual void claim(std::span<const int> interfaces) = 0;
  /// Control transfer on endpoint 0; data is sent or filled according to request_type bit 7. @return bytes moved
  virtual std::size_t control(std::uint8_t request_type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                              std::span<std::byte> data, int timeout_ms) = 0;
  /// One bulk OUT transfer. A partial write is an error.
  virtual void write(std::uint8_t endpoint, std::span<const std::byte> data, int timeout_ms) = 0;
  /// One bulk IN transfer of at most data.size() bytes. @return bytes read; 0 on timeout
  virtual std::size_t read(std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms) = 0;
  /// Keeps `transfers` IN transfers of `bytes` each in flight; every completion goes to the receiver that the owner of
  /// the link has set (Driver::decode, then the ring), on the link's event thread. No `read` on this endpoint
  /// meanwhile.
  virtual void start_stream(std::uint8_t endpoint, std::size_t bytes, int transfers) = 0;
  /// Takes what still arrives for `drain_ms`, then cancels. Returns when no callback runs any more.
  virtual void stop_stream(std::uint8_t endpoint, int drain_ms) noexcept = 0;

  /// Called on the link's event thread. `arrival` was stamped first of all. Must neither block nor allocate.
  struct Receiver {
    virtual void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept = 0;
    virtual void lost(const char* why) noexcept = 0;  ///< the device is gone; no more bytes will come
    /// Bytes may be missing here (a transfer failed or overflowed); the stream goes on. The text stays valid.
    virtual void damaged(const char*) noexcept {}

   protected:
    ~Receiver() = default;
  };
  virtual void set_receiver(Receiver* receiver) = 0;  ///< before start_stream; null to detach
};

}  // namespace grfd
