// Bulk IN transfers that are always in flight, and what happens when they end.
#pragma once
#include <semaphore.h>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "drivers/link.hpp"
#include "schemas/counter.hpp"

struct libusb_device_handle;
struct libusb_transfer;

namespace grfd {

/// Over all links of one context. Written by the event thread.
struct UsbCounters {
  Counter transfers{"transfers"};              ///< of streams, completed with or without data
  Counter short_transfers{"short"};            ///< ended by the device before the buffer was full
  Counter stalls{"stalls"};                    ///< the endpoint was halted; cleared, nothing is lost by that
  Counter overflow{"overflow"};                ///< the device sent more than it may: bytes are lost
  Counter errors{"transfer_errors"};           ///< bad cable or port
  Counter resubmit_failed{"resubmit_failed"};  ///< tried again by the recovery thread
};

/// Where the bytes of one link go. No lock: `bytes` and `lose` may meet `set` on other threads.
class UsbOutlet {
 public:
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept;
  /// Tells the receiver once; no bytes follow. @param from_events on the event thread
  void lose(const char* why, bool from_events) noexcept;
  /// Bytes may be missing; others follow. Event thread.
  void damage(const char* why) noexcept;
  /// Returns when the old receiver is no longer in use. Not from a receiver.
  void set(Link::Receiver* receiver) noexcept;
  bool lost() const noexcept { return lost_.load(); }
  void reset() noexcept { lost_.store(false); }

 private:
  std::atomic<Link::Receiver*> receiver_{nullptr};
  std::atomic<int> inside_{0};
  std::atomic<bool> lost_{false};
};

class UsbStream;

/// Clearing a halted endpoint waits for the device, which the event thread must not: this thread does it.
class UsbRecovery {
 public:
  UsbRecovery();
  ~UsbRecovery();
  UsbRecovery(const UsbRecovery&) = delete;
  void request() noexcept { sem_post(&wake_); }  ///< lock-free, any thread
  void add(UsbStream& stream);
  void remove(UsbStream& stream) noexcept;  ///< returns when `recover` does not run on it

 private:
  void run();
  sem_t wake_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<UsbStream*> streams_;
  std::thread thread_;  // last: it uses everything above
};

class UsbStream {
 public:
  /// Buffers and transfers are allocated here and nowhere later. All that is referred to outlives the stream.
  UsbStream(libusb_device_handle* handle, std::uint8_t endpoint, std::size_t bytes, int transfers, UsbOutlet& outlet,
            UsbCounters& counters, UsbRecovery& recovery);
  ~UsbStream();  ///< stop(0)
  UsbStream(const UsbStream&) = delete;

  void start();  ///< @throws LinkError; then nothing is in flight
  void stop(int drain_ms) noexcept;
  /// Recovery thread: clears a halt and sends what is parked. @return false: ask again later
  bool recover() noexcept;
  std::uint8_t endpoint() const noexcept { return endpoint_; }

 private:
  struct Slot {
    UsbStream* stream = nullptr;
    libusb_transfer* transfer = nullptr;
    std::atomic<bool> parked{false};  ///< not in flight, waits for `recover`
  };
  static void completed(libusb_transfer* transfer);
  void take(Slot& slot, TimeNs arrival) noexcept;
  int submit(Slot& slot) noexcept;
  void park(Slot& slot) noexcept;
  void end() noexcept { in_flight_.fetch_sub(1, std::memory_order_release); }  // the last touch of a callback

  libusb_device_handle* handle_;
  const std::uint8_t endpoint_;
  UsbOutlet& outlet_;
  UsbCounters& counters_;
  UsbRecovery& recovery_;
  std::vector<std::byte> buffer_;
  std::vector<Slot> slots_;
  std::atomic<int> in_flight_{0};
  std::atomic<bool> stopping_{false}, halted_{false}, needs_recovery_{false};
  std::atomic<int> fruitless_{0};  ///< recoveries since the last good transfer
};

}  // namespace grfd
