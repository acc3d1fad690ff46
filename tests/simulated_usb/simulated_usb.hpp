// usbfs without a kernel: libusb's own code runs against emulated devices in the same process.
//
// umockdev gives libusb a sysfs, udev events and device nodes; the nodes are FIFOs, so that poll works; the program's
// own ioctl() answers the usbfs calls on them. URBs end when the emulated device says so, on the real clock.
#pragma once
#include <linux/usbdevice_fs.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "drivers/emulation/emulated_device.hpp"

typedef struct _UMockdevTestbed UMockdevTestbed;

namespace grfd::simulated_usb {

TimeNs monotonic();

/// The machine's only USB bus. Must outlive all ports.
class Bus {
 public:
  Bus();  ///< @throws std::runtime_error when not run under umockdev-wrapper
  ~Bus();
  Bus(const Bus&) = delete;
  UMockdevTestbed* testbed() const { return testbed_; }
  const std::string& root() const { return root_; }

 private:
  UMockdevTestbed* testbed_;
  std::string root_;
};

/// What a port has seen since it was made.
struct Figures {
  std::uint64_t urbs = 0;              ///< handed in by libusb
  std::uint64_t in = 0, in_bytes = 0;  ///< IN transfers ended by the device
  std::uint64_t out = 0, control = 0, cancelled = 0, stalled = 0, halts_cleared = 0, unclaimed = 0;
  std::size_t deepest = 0;                   ///< most IN URBs in flight on one endpoint
  std::size_t shallowest = ~std::size_t{0};  ///< fewest left in flight when a transfer of a stream ended
  std::uint64_t holds = 0;                   ///< times the device's clock waited for the host
  TimeNs held = 0;
};

/// A socket on the bus for one device. Device time stands still while data of a stream is ready and the host has no URB
/// in flight: the outcome does not depend on how busy the machine is, and the figures tell when that happened.
class Port {
 public:
  Port(Bus& bus, int number, EmulatedDevice& device);
  ~Port();
  Port(const Port&) = delete;

  void plug();    ///< at a new address
  void unplug();  ///< by surprise: URBs in flight end with ESHUTDOWN
  /// Runs `f` while nothing else touches the device.
  template <class F>
  auto with_device(F f) {
    const std::lock_guard lock(mutex_);
    return f();
  }
  TimeNs powered_at() const { return powered_at_; }  ///< device time of the last plug
  Figures figures();

  // Faults and surroundings.
  void stall(std::uint8_t endpoint);  ///< its next transfer stalls, and it stays halted until the host clears it
  /// Its next transfer, or every one from now on, ends with this (negative) error. 0: works again.
  void fail(std::uint8_t endpoint, int error, bool always = false);
  void freeze(bool on);  ///< the device answers nothing at all
  void bind_kernel_driver(int interface) { bound_.insert(interface); }
  bool kernel_driver(int interface) {
    return with_device([&] { return bound_.count(interface) > 0; });
  }
  void set_foreign_claim(int interface) { foreign_.insert(interface); }  ///< another program has it
  std::set<int> claimed() {
    return with_device([&] { return claimed_; });
  }
  std::vector<std::uint8_t> descriptors;  ///< device and configuration, at the next plug; empty: the device's own

  struct Node;
  /// For hosts in other processes: told of each new node and its path as a host sees it, before udev tells of the
  /// device.
  std::function<void(std::shared_ptr<Node>, const std::string& path)> serve;
  int io(Node& node, unsigned long request, void* argument);  ///< one usbfs call

 private:
  struct Endpoint {
    std::deque<usbdevfs_urb*> pending;
    bool streaming = false, halted = false, stall_next = false, fail_always = false;
    int fail_next = 0, length = 0;
  };
  TimeNs device_now() const;
  TimeNs step();  ///< @return device time of the next event
  void pump();
  void end(usbdevfs_urb& urb, int status, int length);
  void submit(usbdevfs_urb& urb);
  int cancel(usbdevfs_urb* urb);
  int control(usbdevfs_urb& urb);
  int standard_descriptor(std::uint16_t value, std::span<std::byte> data) const;
  int claim(int interface, bool detach);

  Bus& bus_;
  const int number_;
  EmulatedDevice& device_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::shared_ptr<Node> node_;
  std::map<std::uint8_t, Endpoint> endpoints_;
  std::deque<usbdevfs_urb*> frozen_;  // control and OUT
  TimeNs start_, clock_ = 0, held_ = 0, powered_at_ = 0;
  bool holding_ = false, freeze_ = false, stop_ = false;
  Figures figures_;
  std::set<int> bound_, claimed_, foreign_;
  std::thread thread_;
};

}  // namespace grfd::simulated_usb
