#include "daemon/device_port.hpp"

namespace grfd {

DevicePort::DevicePort(const DeviceSettings& settings, const DriverEntry& entry, StreamId first_stream,
                       StreamId link_stream, Engine& engine, std::size_t ring_samples)
    : settings_(settings),
      first_(first_stream),
      link_(link_stream),
      driver_(entry.make(settings, first_stream)),
      doorbell_(engine.doorbell()),
      ring_(engine.add_source(ring_samples)),
      facts_(engine.add_source(256)),
      batch_(&DevicePort::push, this) {
  for (const Counter* counter : driver_->counters()) engine.add_counter(settings.name, *counter);
  engine.add_counter(settings.name, ring_full_);
  engine.add_counter(settings.name, facts_lost_);
}

StreamInfo DevicePort::link_stream(const DeviceSettings& settings) {
  StreamInfo info;
  info.name = "raw/" + settings.name + "/link";
  info.kind = StreamKind::raw;
  info.type = ValueType::f64;
  info.columns = {{"speed", "code", 0, 0, "0 unknown, 1 low, 2 full, 3 high, 4 super"}, {"frame", "s"}};
  info.device = settings.name;
  info.description =
      "the USB link that was opened, and how long its frames are (1 ms is assumed where the speed is unknown)";
  return info;
}

void DevicePort::push(void* self, std::span<const Sample> samples) noexcept {
  auto& port = *static_cast<DevicePort*>(self);
  const std::size_t pushed = port.ring_.push(samples);
  std::uint64_t rows = 0;
  for (const Sample& s : samples) rows += s.stream == port.first_ && s.part == 0;
  port.rows_.store(port.rows_.load(std::memory_order_relaxed) + rows, std::memory_order_relaxed);
  if (pushed < samples.size()) port.ring_full_ += samples.size() - pushed;  // the pipeline sees the hole in seq
  port.samples_.store(port.samples_.load(std::memory_order_relaxed) + pushed, std::memory_order_relaxed);
}

void DevicePort::bytes(std::span<const std::byte> data, TimeNs arrival) noexcept {
  driver_->decode(data, arrival, batch_);
  batch_.flush();
  doorbell_.ring();
  ++transfers_;
  last_arrival_.store(arrival, std::memory_order_relaxed);
}

void DevicePort::lost(const char* why) noexcept { lost_.store(why, std::memory_order_release); }

void DevicePort::capture(CaptureOutlet& outlet, const LabClock& clock) {
  capture_ = &outlet;
  clock_ = &clock;
}

DeviceIdentity DevicePort::start(Link& opened, TimeNs now) {
  lost_.store(nullptr, std::memory_order_release);
  if (capture_) {
    tap_ = std::make_unique<CapturingLink>(opened, *capture_, *clock_);
    tap_->mark(CaptureVerb::start, now);
  }
  Link& link = through(opened);
  link.set_receiver(nullptr);
  const DeviceIdentity identity = driver_->identify(link);
  link.set_receiver(this);
  FixedBatch<64> facts;
  Sample about_link;
  about_link.stream = link_;
  set_value(about_link, 0, static_cast<double>(link.info().speed));
  set_value(about_link, 1, frame_s(link.info().speed));
  facts.push(about_link);
  last_arrival_.store(now, std::memory_order_relaxed);
  driver_->start(link, facts);
  for (Sample& s : facts.samples()) s.t_arrival = s.t = now;
  const std::size_t pushed = facts_.push(facts.samples());
  facts_lost_ += facts.overflow() + (facts.samples().size() - pushed);
  return identity;
}

const char* DevicePort::check(Link& link, TimeNs now) noexcept {
  if (tap_) tap_->mark(CaptureVerb::check, now);
  return driver_->check(through(link), now);
}

bool DevicePort::blink(Link& link, TimeNs now) {
  if (tap_) tap_->mark(CaptureVerb::blink, now);
  return driver_->blink(through(link));
}

void DevicePort::stop(Link& link) noexcept {
  if (tap_) tap_->mark(CaptureVerb::stop, clock_->now());
  driver_->stop(through(link));
  through(link).set_receiver(nullptr);
  tap_.reset();
}

}  // namespace grfd
