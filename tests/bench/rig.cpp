#include "bench/rig.hpp"

#include <algorithm>
#include <stdexcept>

#include "daemon/config.hpp"
#include "daemon/lab_clock.hpp"

namespace grfd::bench {
namespace {

constexpr std::int64_t kStartUtc = 946'684'800'000'000'000;

/// What DevicePort does, but into memory.
class Tap final : public Link::Receiver {
 public:
  Tap(const DeviceSettings& settings, StreamId first, std::vector<Sample>& into)
      : driver_(find_driver(settings.driver)->make(settings, first)), batch_(&Tap::keep, &into) {}

  void start(Link& link) {
    driver_->identify(link);
    link.set_receiver(this);
    driver_->start(link, batch_);
    for (Sample& s : batch_.samples()) s.t_arrival = s.t = kStart;
    batch_.flush();
  }
  void stop(Link& link) {
    driver_->stop(link);
    link.set_receiver(nullptr);
  }
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override {
    driver_->decode(data, arrival, batch_);
    batch_.flush();
  }
  void lost(const char*) noexcept override {}

 private:
  static void keep(void* into, std::span<const Sample> samples) noexcept {
    auto& all = *static_cast<std::vector<Sample>*>(into);
    all.insert(all.end(), samples.begin(), samples.end());
  }
  std::unique_ptr<Driver> driver_;
  FixedBatch<512> batch_;
};

}  // namespace

Rig demo_rig(double seconds, bool truth) {
  Rig rig;
  rig.settings = load_config(GRFD_SOURCE "/config/demo.toml");
  rig.seconds = seconds;
  rig.assembly = std::make_unique<Assembly>(rig.settings, kStart, kStartUtc, true);
  Assembly& a = *rig.assembly;
  VirtualClock clock(kStart);
  Emulation emulation(rig.settings, a.stimulus.get(), clock, kStart, *a.truth_ring, a.first_truth);

  std::vector<std::vector<Sample>> devices(rig.settings.devices.size());
  std::vector<std::unique_ptr<Tap>> taps;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const StreamId first = a.ports[i]->first_stream();
    taps.push_back(std::make_unique<Tap>(rig.settings.devices[i], first, devices[i]));
    taps[i]->start(*emulation.link(i));
  }
  std::vector<Sample> other, some(256);
  const TimeNs end = kStart + static_cast<TimeNs>(seconds * 1e9);
  while (clock.t < end) {
    clock.t = std::max(clock.t, std::min(emulation.next(), end));
    emulation.run_until(clock.t);
    for (std::size_t n; (n = a.truth_ring->pop(some)) > 0;)
      if (truth) other.insert(other.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(n));
  }
  for (std::size_t i = 0; i < taps.size(); ++i) taps[i]->stop(*emulation.link(i));

  a.command(kStart + static_cast<TimeNs>(rig.settings.record.tare_at_start_s * 1e9),
            "tare {\"id\":2,\"plate\":\"all\"}");
  const std::size_t parts = a.command_ring->pop(some);
  for (std::size_t i = 0; i < parts; ++i) some[i].t = some[i].t_arrival;
  rig.raw.assign(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(parts));
  rig.raw.insert(rig.raw.end(), other.begin(), other.end());
  for (const auto& samples : devices) rig.raw.insert(rig.raw.end(), samples.begin(), samples.end());
  std::uint64_t ticks = 0;
  for (TimeNs t = kStart + kTick; t <= end; t += kTick) {
    Sample s;
    s.stream = a.ticks;
    s.seq = ticks++;
    s.t = s.t_arrival = t;
    set_value<std::int64_t>(s, 0, t);
    rig.raw.push_back(s);
  }
  std::stable_sort(rig.raw.begin(), rig.raw.end(), [&](const Sample& x, const Sample& y) {
    if (x.t_arrival != y.t_arrival) return x.t_arrival < y.t_arrival;
    return x.stream == a.ticks && y.stream != a.ticks;
  });
  std::uint64_t order = 0;
  for (Sample& s : rig.raw) s.order = order++;
  if (rig.raw.size() < static_cast<std::size_t>(4500 * seconds))
    throw std::runtime_error("the emulated rig delivered too little");
  return rig;
}

std::vector<Sample> all_streams(Rig& rig) {
  std::vector<Sample> all, storage(1024);
  SampleBatch out(
      storage,
      [](void* to, std::span<const Sample> s) noexcept {
        auto& v = *static_cast<std::vector<Sample>*>(to);
        v.insert(v.end(), s.begin(), s.end());
      },
      &all);
  for (const Sample& s : rig.raw) rig.assembly->pipeline->step(s, out);
  out.flush();
  return all;
}

}  // namespace grfd::bench
