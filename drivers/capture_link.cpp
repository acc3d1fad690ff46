#include "drivers/capture_link.hpp"

#include <cstring>

namespace grfd {

CapturingLink::CapturingLink(Link& inner, CaptureOutlet& outlet, const LabClock& clock)
    : inner_(inner), outlet_(outlet), clock_(clock) {
  outlet_.said(CaptureKind::link, clock_.now(), encode(inner_.info()));
  outlet_.said(CaptureKind::speed, clock_.now(), encode(inner_.info().speed));
}

void CapturingLink::mark(CaptureVerb verb, TimeNs now) noexcept {
  const auto code = static_cast<std::byte>(verb);
  outlet_.said(CaptureKind::verb, now, {&code, 1});
}

/// @param comes the data are the device's: only what it sent is kept
template <class Call>
std::size_t CapturingLink::noted(CaptureCall& call, std::span<const std::byte> data, bool comes, Call work) {
  const TimeNs begin = clock_.now();
  const auto note = [&](std::size_t n) {
    const TimeNs end = clock_.now();
    call.took_ns = end - begin;
    call.data = data.first(std::min(n, data.size()));
    outlet_.said(call.kind, end, encode(call));
  };
  try {
    const std::size_t n = work();
    note(comes ? n : data.size());
    return n;
  } catch (const LinkError& e) {
    call.error = e.kind;
    call.error_text = e.what();
    note(comes ? 0 : data.size());
    throw;
  }
}

void CapturingLink::claim(std::span<const int> interfaces) {
  CaptureBytes numbers;
  for (const int i : interfaces) numbers.push_back(static_cast<std::byte>(i));
  CaptureCall call{.kind = CaptureKind::claim};
  noted(call, numbers, false, [&] { return inner_.claim(interfaces), std::size_t{0}; });
}

std::size_t CapturingLink::control(std::uint8_t request_type, std::uint8_t request, std::uint16_t value,
                                   std::uint16_t index, std::span<std::byte> data, int timeout_ms) {
  CaptureCall call{
      .kind = CaptureKind::control, .endpoint = request_type, .request = request, .value = value, .index = index};
  call.asked = static_cast<std::uint32_t>(data.size());
  return noted(call, data, (request_type & 0x80) != 0,
               [&] { return inner_.control(request_type, request, value, index, data, timeout_ms); });
}

void CapturingLink::write(std::uint8_t endpoint, std::span<const std::byte> data, int timeout_ms) {
  CaptureCall call{.kind = CaptureKind::write, .endpoint = endpoint};
  noted(call, data, false, [&] { return inner_.write(endpoint, data, timeout_ms), data.size(); });
}

std::size_t CapturingLink::read(std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms) {
  CaptureCall call{.kind = CaptureKind::read, .endpoint = endpoint};
  call.asked = static_cast<std::uint32_t>(data.size());
  return noted(call, data, true, [&] { return inner_.read(endpoint, data, timeout_ms); });
}

void CapturingLink::start_stream(std::uint8_t endpoint, std::size_t bytes, int transfers) {
  CaptureCall call{.kind = CaptureKind::start_stream, .endpoint = endpoint};
  call.asked = static_cast<std::uint32_t>(bytes);
  call.transfers = static_cast<std::uint32_t>(transfers);
  noted(call, {}, false, [&] { return inner_.start_stream(endpoint, bytes, transfers), std::size_t{0}; });
}

void CapturingLink::stop_stream(std::uint8_t endpoint, int drain_ms) noexcept {
  CaptureCall call{.kind = CaptureKind::stop_stream, .endpoint = endpoint};
  noted(call, {}, false, [&] { return inner_.stop_stream(endpoint, drain_ms), std::size_t{0}; });
}

void CapturingLink::set_receiver(Link::Receiver* receiver) {
  inner_.set_receiver(nullptr);
  target_ = receiver;
  if (receiver) inner_.set_receiver(this);
}

void CapturingLink::bytes(std::span<const std::byte> data, TimeNs arrival) noexcept {
  outlet_.streamed(CaptureKind::bytes, arrival, data);
  target_->bytes(data, arrival);
}

void CapturingLink::lost(const char* why) noexcept {
  outlet_.streamed(CaptureKind::lost, clock_.now(), {reinterpret_cast<const std::byte*>(why), std::strlen(why)});
  target_->lost(why);
}

void CapturingLink::damaged(const char* why) noexcept {
  outlet_.streamed(CaptureKind::damaged, clock_.now(), {reinterpret_cast<const std::byte*>(why), std::strlen(why)});
  target_->damaged(why);
}

}  // namespace grfd
