// Real USB devices: finds them, opens them, runs their transfers. All of libusb is behind this and usb_*.cpp.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "drivers/driver.hpp"
#include "drivers/link.hpp"
#include "schemas/counter.hpp"

struct libusb_context;
struct libusb_device;

namespace grfd {

class UsbRecovery;
struct UsbCounters;

/// A device that is plugged in now.
struct UsbDevice {
  std::uint64_t plug =
      0;  ///< number of this plugging-in: never given twice, so it tells a replugged device from before
  std::uint8_t bus = 0, address = 0;
  std::uint16_t vendor_id = 0, product_id = 0;
  std::string manufacturer, product, serial_string;  ///< empty when the device has none or they could not be read
  std::string trouble;                               ///< why they could not be read; else empty
  bool busy = false;                                 ///< this context has it open
};

class UsbContext {
 public:
  /// @param on_event_thread called first of all on the event thread: for its priority
  /// @throws std::runtime_error when libusb cannot be used
  explicit UsbContext(void (*on_event_thread)() = nullptr);
  /// All links must be gone.
  ~UsbContext();
  UsbContext(const UsbContext&) = delete;

  // Any one thread that is not the event thread.

  /// Devices that match by ids, manufacturer and (cdc_acm) an interface of class 2 subclass 2. Reads the strings of
  /// matching devices once for each plugging-in; what cannot be read contains no manufacturer.
  /// In order of bus and address.
  std::vector<UsbDevice> find(const UsbMatch& match);
  /// @throws LinkError: gone, already open, no permission, no active configuration
  std::unique_ptr<Link> open(const UsbDevice& device);

  /// Rises with every device that is plugged in or pulled out. Any thread.
  std::uint64_t changes() const noexcept { return changes_.load(std::memory_order_relaxed); }
  /// Over all links, for the life of the context.
  std::span<const Counter* const> counters() const noexcept { return all_counters_; }

 private:
  struct Present {
    libusb_device* device = nullptr;  // we hold a reference: the pointer is not used again while it is here
    UsbDevice facts;
    bool described = false;
  };
  friend struct UsbCallbacks;
  void arrived(libusb_device* device);
  void left(libusb_device* device);
  void refresh();
  void describe(Present& present);
  void closed(std::uint64_t plug) noexcept;
  void run();

  libusb_context* usb_ = nullptr;
  bool hotplug_ = false;
  std::mutex mutex_;  // present_, open_; never held over I/O
  std::vector<Present> present_;
  std::vector<std::uint64_t> open_;
  std::uint64_t next_plug_ = 1;
  std::atomic<std::uint64_t> changes_{0};
  std::atomic<bool> stop_{false};
  void (*on_event_thread_)();
  std::unique_ptr<UsbCounters> counters_;
  std::vector<const Counter*> all_counters_;
  std::unique_ptr<UsbRecovery> recovery_;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace grfd
