#include "drivers/usb_link.hpp"

#include <libusb.h>

#include <algorithm>

#include "drivers/usb_transfer.hpp"

namespace grfd {

UsbLink::UsbLink(libusb_device_handle* handle, LinkInfo info, UsbCounters& counters, UsbRecovery& recovery,
                 std::function<void()> closed)
    : handle_(handle), info_(std::move(info)), counters_(counters), recovery_(recovery), closed_(std::move(closed)) {
  libusb_set_auto_detach_kernel_driver(handle_, 1);
}

UsbLink::~UsbLink() {
  streams_.clear();
  // Last claimed, first released: a kernel driver that needs all interfaces is attached again with the first one.
  for (auto it = claimed_.rbegin(); it != claimed_.rend(); ++it) libusb_release_interface(handle_, *it);
  libusb_close(handle_);
  closed_();
}

void UsbLink::claim(std::span<const int> interfaces) {
  for (const int interface : interfaces) {
    if (std::find(claimed_.begin(), claimed_.end(), interface) != claimed_.end()) continue;
    const int error = libusb_claim_interface(handle_, interface);
    const std::string name = "interface " + std::to_string(interface);
    if (error == LIBUSB_ERROR_BUSY) throw LinkError(LinkError::Kind::io, name + " is in use by another program");
    if (error == LIBUSB_ERROR_NOT_FOUND) throw LinkError(LinkError::Kind::io, "the device has no " + name);
    if (error != 0) throw_usb_error(error, name + " cannot be claimed");
    claimed_.push_back(interface);
  }
}

std::size_t UsbLink::control(std::uint8_t request_type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                             std::span<std::byte> data, int timeout_ms) {
  std::size_t moved = 0;
  if (const int error = usb_control(handle_, request_type, request, value, index, data, timeout_ms, moved); error != 0)
    throw_usb_error(error, "endpoint 0, request " + std::to_string(request));
  return moved;
}

void UsbLink::write(std::uint8_t endpoint, std::span<const std::byte> data, int timeout_ms) {
  // libusb takes the same type for both directions; an OUT transfer only reads.
  const std::span<std::byte> bytes{const_cast<std::byte*>(data.data()), data.size()};
  std::size_t moved = 0;
  const int error = usb_bulk(handle_, endpoint, bytes, timeout_ms, moved);
  if (error == LIBUSB_ERROR_PIPE) libusb_clear_halt(handle_, endpoint);  // for the next command; this one has failed
  if (error != 0) throw_usb_error(error, endpoint_name(endpoint) + ", writing");
  if (moved != data.size())
    throw LinkError(LinkError::Kind::io, endpoint_name(endpoint) + ": only " + std::to_string(moved) + " of " +
                                             std::to_string(data.size()) + " bytes were written");
}

std::size_t UsbLink::read(std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms) {
  std::size_t moved = 0;
  const int error = usb_bulk(handle_, endpoint, data, timeout_ms, moved);
  if (error == LIBUSB_ERROR_PIPE) libusb_clear_halt(handle_, endpoint);
  if (error != 0 && error != LIBUSB_ERROR_TIMEOUT) throw_usb_error(error, endpoint_name(endpoint) + ", reading");
  return moved;
}

void UsbLink::start_stream(std::uint8_t endpoint, std::size_t bytes, int transfers) {
  const auto same = [endpoint](const auto& s) { return s->endpoint() == endpoint; };
  if (std::any_of(streams_.begin(), streams_.end(), same))
    throw LinkError(LinkError::Kind::io, endpoint_name(endpoint) + " is streaming already");
  const int packet = libusb_get_max_packet_size(libusb_get_device(handle_), endpoint);
  if (packet <= 0) throw LinkError(LinkError::Kind::io, "the device has no " + endpoint_name(endpoint));
  if (bytes == 0 || transfers <= 0 || bytes % static_cast<std::size_t>(packet) != 0)  // else a full packet overflows it
    throw LinkError(LinkError::Kind::io, endpoint_name(endpoint) + ": transfers of " + std::to_string(bytes) +
                                             " bytes are not a multiple of its packets of " + std::to_string(packet));
  auto stream = std::make_unique<UsbStream>(handle_, endpoint, bytes, transfers, outlet_, counters_, recovery_);
  if (streams_.empty()) outlet_.reset();
  stream->start();
  streams_.push_back(std::move(stream));
}

void UsbLink::stop_stream(std::uint8_t endpoint, int drain_ms) noexcept {
  for (auto it = streams_.begin(); it != streams_.end(); ++it) {
    if ((*it)->endpoint() != endpoint) continue;
    (*it)->stop(drain_ms);
    streams_.erase(it);
    return;
  }
}

}  // namespace grfd
