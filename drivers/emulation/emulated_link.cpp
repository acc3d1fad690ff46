#include "drivers/emulation/emulated_link.hpp"

#include <cmath>
#include <utility>

namespace grfd {
namespace {
// splitmix64: the same numbers with every library
double uniform(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}
constexpr TimeNs kMillisecond = 1'000'000;
}  // namespace

EmulatedLink::EmulatedLink(std::unique_ptr<EmulatedDevice> device, const EmulationSettings& settings, LabClock& clock,
                           TimeNs session_start)
    : device_(std::move(device)),
      settings_(settings),
      clock_(clock),
      start_(session_start),
      frame_ns_(settings.bus_frames ? std::llround(frame_s(device_->info().speed) * 1e9) : 0),
      random_(settings.seed * 0x2545f4914f6cdd1dull) {}

EmulatedLink::~EmulatedLink() = default;

TimeNs EmulatedLink::device_time() {
  const std::lock_guard lock(mutex_);
  return start_ + device_now_;
}

TimeNs EmulatedLink::advance(TimeNs lab) {
  device_now_ = std::max(device_now_, lab - start_);
  device_->advance(device_now_);
  return device_now_;
}

void EmulatedLink::require_plugged() const {
  if (!plugged_) throw LinkError(LinkError::Kind::gone, "the emulated device is unplugged");
}

std::size_t EmulatedLink::control(std::uint8_t request_type, std::uint8_t request, std::uint16_t value,
                                  std::uint16_t index, std::span<std::byte> data, int) {
  const std::lock_guard lock(mutex_);
  require_plugged();
  const int n = device_->control(advance(clock_.now()), request_type, request, value, index, data);
  have_due_ = false;  // the device may stream differently now
  if (n < 0) throw LinkError(LinkError::Kind::stall, "control request " + std::to_string(request) + " stalled");
  return static_cast<std::size_t>(n);
}

void EmulatedLink::write(std::uint8_t endpoint, std::span<const std::byte> data, int) {
  const std::lock_guard lock(mutex_);
  require_plugged();
  device_->out(advance(clock_.now()), endpoint, data);
  have_due_ = false;  // the device may stream differently now
}

std::size_t EmulatedLink::read(std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms) {
  // In virtual time a wait moves the device's time alone, ahead of the clock.
  TimeNs at = std::max(clock_.now(), device_time());
  const TimeNs end = at + timeout_ms * kMillisecond;
  for (;;) {
    TimeNs ready;
    {
      const std::lock_guard lock(mutex_);
      require_plugged();
      const TimeNs device_at = advance(at);
      if (const int n = device_->in(device_at, endpoint, data); n >= 0) return static_cast<std::size_t>(n);
      ready = device_->ready(device_at, endpoint, data.size());
      if (at >= end) {
        const int n = device_->partial(device_at, endpoint, data);
        return n > 0 ? static_cast<std::size_t>(n) : 0;
      }
    }
    at = ready == EmulatedDevice::kNever ? end : std::min(end, std::max(ready + start_, at + 1));
    clock_.sleep_until(at);
  }
}

void EmulatedLink::set_receiver(Receiver* receiver) {
  const std::lock_guard lock(mutex_);
  receiver_ = receiver;
}

void EmulatedLink::start_stream(std::uint8_t endpoint, std::size_t bytes, int) {
  const std::lock_guard lock(mutex_);
  require_plugged();
  endpoint_ = endpoint;
  buffer_.resize(bytes);
  streaming_ = true;
  have_due_ = false;
}

void EmulatedLink::stop_stream(std::uint8_t, int) noexcept {
  const std::lock_guard lock(mutex_);
  if (!streaming_) return;
  if (plugged_ && receiver_) {  // what is still queued arrives now
    const TimeNs now = clock_.now();
    const TimeNs sent = advance(now);
    for (int n; (n = device_->in(sent, endpoint_, buffer_)) > 0;)
      receiver_->bytes(std::span(buffer_).first(static_cast<std::size_t>(n)), now);
    if (const int n = device_->partial(sent, endpoint_, buffer_); n > 0)
      receiver_->bytes(std::span(buffer_).first(static_cast<std::size_t>(n)), now);
  }
  streaming_ = false;
  have_due_ = false;
}

TimeNs EmulatedLink::due(TimeNs ready) {
  const double jitter_ms = settings_.jitter_ms > 0 ? -settings_.jitter_ms * std::log1p(-uniform(random_)) : 0;
  double ms = settings_.latency_ms + jitter_ms;
  if (settings_.stall_probability > 0 && uniform(random_) < settings_.stall_probability)
    ms += settings_.stall_ms * uniform(random_);
  TimeNs t = ready + static_cast<TimeNs>(ms * 1e6);
  if (frame_ns_ > 0) t = start_ + (t - start_ + frame_ns_ - 1) / frame_ns_ * frame_ns_;  // the end of its frame
  return last_ = std::max(last_, t);  // transfers cannot overtake each other
}

TimeNs EmulatedLink::next() {
  const std::lock_guard lock(mutex_);
  if (!streaming_ || !plugged_) return EmulatedDevice::kNever;
  if (!have_due_) {
    const TimeNs ready = device_->ready(device_now_, endpoint_, buffer_.size());
    if (ready == EmulatedDevice::kNever) return EmulatedDevice::kNever;
    if (ready != ready_ || due_ == EmulatedDevice::kNever) due_ = due(ready + start_);
    ready_ = ready;
    have_due_ = true;
  }
  return due_;
}

bool EmulatedLink::complete(TimeNs now) {
  if (next() > now) return false;
  const std::lock_guard lock(mutex_);
  if (!streaming_ || !plugged_) return false;
  // What arrives now left the device `latency` ago; a stalled host lets the device's own FIFO fill meanwhile.
  const TimeNs sent = advance(std::min(now, due_) - static_cast<TimeNs>(settings_.latency_ms * 1e6));
  const int n = device_->in(sent, endpoint_, buffer_);
  have_due_ = false;
  due_ = EmulatedDevice::kNever;
  if (const char* why = n > 0 ? std::exchange(failing_, nullptr) : nullptr) {
    if (receiver_) receiver_->damaged(why);
    return true;
  }
  if (n > 0 && receiver_) receiver_->bytes(std::span(buffer_).first(static_cast<std::size_t>(n)), now);
  return n >= 0;
}

void EmulatedLink::fail(const char* why) {
  const std::lock_guard lock(mutex_);
  failing_ = why;
}

void EmulatedLink::unplug() {
  const std::lock_guard lock(mutex_);
  plugged_ = false;
  streaming_ = false;
  device_->power_cycle(advance(clock_.now()));  // without power it does nothing, to others that are wired to it neither
  if (receiver_) receiver_->lost("unplugged");
}

void EmulatedLink::plug_in() {
  const std::lock_guard lock(mutex_);
  device_->power_cycle(advance(clock_.now()));
  plugged_ = true;
}

}  // namespace grfd
