#include "drivers/usb_transfer.hpp"

#include <libusb.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <vector>

namespace grfd {
namespace {

struct Waiter {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
};

void LIBUSB_CALL wake(libusb_transfer* transfer) {
  auto& waiter = *static_cast<Waiter*>(transfer->user_data);
  const std::lock_guard lock(waiter.mutex);  // held over the notification: the waiter lives on the other thread's stack
  waiter.done = true;
  waiter.changed.notify_one();
}

int error_of(libusb_transfer_status status) {
  switch (status) {
    case LIBUSB_TRANSFER_COMPLETED:
      return 0;
    case LIBUSB_TRANSFER_TIMED_OUT:
      return LIBUSB_ERROR_TIMEOUT;
    case LIBUSB_TRANSFER_STALL:
      return LIBUSB_ERROR_PIPE;
    case LIBUSB_TRANSFER_NO_DEVICE:
      return LIBUSB_ERROR_NO_DEVICE;
    case LIBUSB_TRANSFER_OVERFLOW:
      return LIBUSB_ERROR_OVERFLOW;
    case LIBUSB_TRANSFER_CANCELLED:
      return LIBUSB_ERROR_INTERRUPTED;
    case LIBUSB_TRANSFER_ERROR:
      break;
  }
  return LIBUSB_ERROR_IO;
}

struct Transfer {
  libusb_transfer* t = libusb_alloc_transfer(0);
  Waiter waiter;
  ~Transfer() { libusb_free_transfer(t); }

  int run(std::size_t& moved) {
    if (const int error = libusb_submit_transfer(t); error != 0) return error;
    std::unique_lock lock(waiter.mutex);
    waiter.changed.wait(lock, [this] { return waiter.done; });
    moved = static_cast<std::size_t>(t->actual_length);
    return error_of(t->status);
  }
};

unsigned at_least_1(int timeout_ms) {
  return static_cast<unsigned>(std::max(1, timeout_ms));
}  // 0 would be without end

}  // namespace

int usb_bulk(libusb_device_handle* handle, std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms,
             std::size_t& moved) {
  moved = 0;
  Transfer transfer;
  if (!transfer.t) return LIBUSB_ERROR_NO_MEM;
  libusb_fill_bulk_transfer(transfer.t, handle, endpoint, reinterpret_cast<unsigned char*>(data.data()),
                            static_cast<int>(data.size()), wake, &transfer.waiter, at_least_1(timeout_ms));
  return transfer.run(moved);
}

int usb_control(libusb_device_handle* handle, std::uint8_t request_type, std::uint8_t request, std::uint16_t value,
                std::uint16_t index, std::span<std::byte> data, int timeout_ms, std::size_t& moved) {
  moved = 0;
  if (data.size() > 0xffff) return LIBUSB_ERROR_INVALID_PARAM;
  Transfer transfer;
  if (!transfer.t) return LIBUSB_ERROR_NO_MEM;
  std::vector<unsigned char> buffer(LIBUSB_CONTROL_SETUP_SIZE + data.size());
  const std::span<std::byte> payload = std::as_writable_bytes(std::span(buffer)).subspan(LIBUSB_CONTROL_SETUP_SIZE);
  libusb_fill_control_setup(buffer.data(), request_type, request, value, index,
                            static_cast<std::uint16_t>(data.size()));
  const bool in = request_type & LIBUSB_ENDPOINT_IN;
  if (!in) std::copy(data.begin(), data.end(), payload.begin());
  libusb_fill_control_transfer(transfer.t, handle, buffer.data(), wake, &transfer.waiter, at_least_1(timeout_ms));
  const int error = transfer.run(moved);
  moved = std::min(moved, data.size());
  if (in) std::copy_n(payload.begin(), moved, data.begin());
  return error;
}

std::string endpoint_name(std::uint8_t endpoint) {
  char text[32];
  std::snprintf(text, sizeof text, "endpoint 0x%02x", endpoint);
  return text;
}

void throw_usb_error(int error, const std::string& what) {
  LinkError::Kind kind = LinkError::Kind::io;
  if (error == LIBUSB_ERROR_NO_DEVICE) kind = LinkError::Kind::gone;
  if (error == LIBUSB_ERROR_TIMEOUT) kind = LinkError::Kind::timeout;
  if (error == LIBUSB_ERROR_PIPE) kind = LinkError::Kind::stall;
  const char* reason =
      kind == LinkError::Kind::stall ? "the device refused (stall)" : libusb_strerror(static_cast<libusb_error>(error));
  throw LinkError(kind, what + ": " + reason);
}

}  // namespace grfd
