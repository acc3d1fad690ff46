#include "drivers/usb_stream.hpp"

#include <libusb.h>
#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <chrono>

#include "drivers/usb_transfer.hpp"

namespace grfd {
namespace {

constexpr int kFruitlessRecoveries = 250;
constexpr auto kPoll = std::chrono::microseconds(500);
constexpr auto kBetweenRecoveries = std::chrono::milliseconds(2);

TimeNs monotonic() noexcept {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

}  // namespace

void UsbOutlet::bytes(std::span<const std::byte> data, TimeNs arrival) noexcept {
  inside_.fetch_add(1);
  if (!lost_.load())
    if (Link::Receiver* receiver = receiver_.load()) receiver->bytes(data, arrival);
  inside_.fetch_sub(1);
}

void UsbOutlet::lose(const char* why, bool from_events) noexcept {
  if (lost_.exchange(true)) return;
  if (!from_events)
    while (inside_.load() != 0) std::this_thread::yield();  // from here on `bytes` does not touch the receiver
  inside_.fetch_add(1);
  if (Link::Receiver* receiver = receiver_.load()) receiver->lost(why);
  inside_.fetch_sub(1);
}

void UsbOutlet::damage(const char* why) noexcept {
  inside_.fetch_add(1);
  if (!lost_.load())
    if (Link::Receiver* receiver = receiver_.load()) receiver->damaged(why);
  inside_.fetch_sub(1);
}

void UsbOutlet::set(Link::Receiver* receiver) noexcept {
  receiver_.store(receiver);
  while (inside_.load() != 0) std::this_thread::yield();
}

UsbRecovery::UsbRecovery() {
  sem_init(&wake_, 0, 0);
  thread_ = std::thread([this] { run(); });
}

UsbRecovery::~UsbRecovery() {
  stop_ = true;
  request();
  thread_.join();
  sem_destroy(&wake_);
}

void UsbRecovery::add(UsbStream& stream) {
  const std::lock_guard lock(mutex_);
  streams_.push_back(&stream);
}

void UsbRecovery::remove(UsbStream& stream) noexcept {
  const std::lock_guard lock(mutex_);
  streams_.erase(std::remove(streams_.begin(), streams_.end(), &stream), streams_.end());
}

void UsbRecovery::run() {
  pthread_setname_np(pthread_self(), "usb-recovery");
  while (!stop_) {
    while (sem_wait(&wake_) != 0) {}
    if (stop_) return;
    bool again = false;
    {
      const std::lock_guard lock(mutex_);
      for (UsbStream* stream : streams_) again |= !stream->recover();
    }
    std::this_thread::sleep_for(kBetweenRecoveries);  // a device that stalls for ever must not take a processor
    if (again) request();
  }
}

UsbStream::UsbStream(libusb_device_handle* handle, std::uint8_t endpoint, std::size_t bytes, int transfers,
                     UsbOutlet& outlet, UsbCounters& counters, UsbRecovery& recovery)
    : handle_(handle),
      endpoint_(endpoint),
      outlet_(outlet),
      counters_(counters),
      recovery_(recovery),
      buffer_(bytes * static_cast<std::size_t>(transfers)),
      slots_(static_cast<std::size_t>(transfers)) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    slot.stream = this;
    slot.transfer = libusb_alloc_transfer(0);
    if (!slot.transfer) {
      for (Slot& s : slots_) libusb_free_transfer(s.transfer);
      throw LinkError(LinkError::Kind::io, endpoint_name(endpoint) + ": no memory for its transfers");
    }
    libusb_fill_bulk_transfer(slot.transfer, handle, endpoint,
                              reinterpret_cast<unsigned char*>(buffer_.data() + i * bytes), static_cast<int>(bytes),
                              &UsbStream::completed, &slot, 0);
  }
}

UsbStream::~UsbStream() {
  stop(0);
  for (Slot& slot : slots_) libusb_free_transfer(slot.transfer);
}

void UsbStream::start() {
  for (Slot& slot : slots_) {
    if (const int error = submit(slot); error != 0) {
      stop(0);
      throw_usb_error(error, endpoint_name(endpoint_) + ": its stream cannot be started");
    }
  }
  recovery_.add(*this);
}

int UsbStream::submit(Slot& slot) noexcept {
  in_flight_.fetch_add(1, std::memory_order_relaxed);
  const int error = libusb_submit_transfer(slot.transfer);
  if (error != 0) in_flight_.fetch_sub(1, std::memory_order_release);
  return error;
}

void UsbStream::completed(libusb_transfer* transfer) {
  const TimeNs arrival = monotonic();
  auto& slot = *static_cast<Slot*>(transfer->user_data);
  slot.stream->take(slot, arrival);
}

void UsbStream::take(Slot& slot, TimeNs arrival) noexcept {
  const libusb_transfer& t = *slot.transfer;
  ++counters_.transfers;
  if (t.actual_length > 0)
    outlet_.bytes({reinterpret_cast<const std::byte*>(t.buffer), static_cast<std::size_t>(t.actual_length)}, arrival);
  switch (t.status) {
    case LIBUSB_TRANSFER_COMPLETED:
      if (t.actual_length < t.length) ++counters_.short_transfers;
      fruitless_.store(0, std::memory_order_relaxed);
      break;
    case LIBUSB_TRANSFER_TIMED_OUT:
      break;
    case LIBUSB_TRANSFER_OVERFLOW:
      ++counters_.overflow;
      outlet_.damage("transfer_overflow");
      break;
    case LIBUSB_TRANSFER_NO_DEVICE:
      outlet_.lose("unplugged", true);
      return end();
    case LIBUSB_TRANSFER_STALL:
      ++counters_.stalls;
      halted_ = true;
      return park(slot);
    case LIBUSB_TRANSFER_CANCELLED:
      return park(slot);
    case LIBUSB_TRANSFER_ERROR:
      ++counters_.errors;  // often the first sign of an unplugging
      if (!stopping_.load()) outlet_.damage("transfer_error");
      return park(slot);
  }
  if (stopping_.load()) return end();
  const int error = libusb_submit_transfer(slot.transfer);  // still counted as in flight
  if (error == 0) return;
  if (error == LIBUSB_ERROR_NO_DEVICE) {
    outlet_.lose("unplugged", true);
    return end();
  }
  ++counters_.resubmit_failed;
  park(slot);
}

void UsbStream::park(Slot& slot) noexcept {
  if (!stopping_.load()) {
    slot.parked = true;
    needs_recovery_ = true;
    recovery_.request();
  }
  end();
}

bool UsbStream::recover() noexcept {
  if (!needs_recovery_.exchange(false) || outlet_.lost()) return true;
  if (fruitless_.fetch_add(1, std::memory_order_relaxed) >= kFruitlessRecoveries) {
    outlet_.lose("the stream fails again and again", false);
    return true;
  }
  int error = 0;
  if (halted_.exchange(false)) {
    error = libusb_clear_halt(handle_, endpoint_);
    if (error != 0) halted_ = true;
  }
  for (Slot& slot : slots_) {
    if (error != 0) break;
    if (!slot.parked.exchange(false)) continue;
    error = submit(slot);
    if (error != 0) slot.parked = true;
  }
  if (error == 0) return true;
  if (error == LIBUSB_ERROR_NO_DEVICE) {
    outlet_.lose("unplugged", false);
    return true;
  }
  needs_recovery_ = true;
  return false;
}

void UsbStream::stop(int drain_ms) noexcept {
  const TimeNs end_of_drain = monotonic() + drain_ms * 1'000'000LL;
  while (monotonic() < end_of_drain && !outlet_.lost()) std::this_thread::sleep_for(kPoll);
  recovery_.remove(*this);
  stopping_ = true;
  // A callback that runs just now may still resubmit: cancel until nothing is left.
  while (in_flight_.load(std::memory_order_acquire) > 0) {
    for (Slot& slot : slots_) libusb_cancel_transfer(slot.transfer);
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace grfd
