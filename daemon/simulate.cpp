#include "daemon/simulate.hpp"

#include <filesystem>

#include "daemon/assembly.hpp"
#include "daemon/captures.hpp"
#include "daemon/devices.hpp"
#include "daemon/lab_clock.hpp"
#include "daemon/log.hpp"
#include "daemon/virtual_recording.hpp"

namespace grfd {
namespace {
constexpr TimeNs kStart = 1'000'000'000'000;                 // any instant does; never 0
constexpr std::int64_t kStartUtc = 946'684'800'000'000'000;  // 2000-01-01T00:00:00Z

}  // namespace

double simulate(Settings settings, const SimulateOptions& options) {
  namespace fs = std::filesystem;
  const fs::path output(options.output);
  for (DeviceSettings& device : settings.devices) device.emulated = true;
  VirtualRecording recording(options.output, settings);
  const double tare_at_s = settings.record.tare_at_start_s;
  const bool tare = settings.record.tare_at_start && !settings.plates.empty();

  VirtualClock clock(kStart);
  Assembly assembly(std::move(settings), kStart, kStartUtc, true);
  for (const std::string& warning : assembly.warnings) log(Level::warning, warning);
  double until_s = options.seconds;
  if (until_s <= 0) until_s = assembly.stimulus ? assembly.stimulus->end_s() + 1 : 30;
  Emulation emulation(assembly.session.settings, assembly.stimulus.get(), clock, kStart, *assembly.truth_ring,
                      assembly.first_truth);

  recording.connect(assembly);
  if (options.assembled) options.assembled(assembly);
  assembly.engine->add_counter("truth", emulation.truth_dropped());

  std::unique_ptr<Captures> captures;
  if (assembly.session.settings.record.capture) {
    captures = std::make_unique<Captures>(assembly.session);
    captures->connect(assembly, clock);
  }
  auto devices = std::make_unique<Devices>(assembly, emulation, nullptr, clock, [&](const Devices::Status& s) {
    assembly.command(clock.now(), device_command(s));
  });
  devices->poll();
  for (const Devices::Status& d : devices->status())
    if (d.state != Devices::State::streaming && d.state != Devices::State::starting)
      throw std::runtime_error("the emulated device " + d.name + " does not start: " + d.trouble);
  assembly.command(kStart, "record_start {\"id\":1,\"name\":\"" + assembly.session.settings.record.name + "\"}");
  for (const Devices::Status& d : devices->status()) assembly.command(kStart, device_command(d));
  const TimeNs end = kStart + static_cast<TimeNs>(until_s * 1e9);
  TimeNs tare_at = tare ? kStart + static_cast<TimeNs>(tare_at_s * 1e9) : EmulatedDevice::kNever;
  TimeNs look_at = kStart + Devices::kPoll;
  std::size_t events = 0;
  const std::size_t poll_every = std::max<std::size_t>(1, options.batch / 64);
  while (clock.t < end) {
    clock.t = std::max(clock.t, std::min({emulation.next(), tare_at, look_at, end}));
    if (look_at <= clock.t) {
      devices->poll();
      look_at += Devices::kPoll;
    }
    if (tare_at <= clock.t) {
      assembly.command(clock.t, "tare {\"id\":2,\"plate\":\"all\"}");
      tare_at = EmulatedDevice::kNever;
    }
    // A tick reads the counters as they are: it must not see what happens after it.
    if (assembly.engine->next_tick() <= clock.t) assembly.engine->poll(clock.t, options.batch);
    emulation.run_until(clock.t);
    if (captures) captures->drain();
    if (++events % poll_every == 0) assembly.engine->poll(clock.t, options.batch);
  }
  assembly.engine->poll(end, options.batch);
  assembly.command(end, "record_stop {\"id\":3,\"reason\":\"end of the simulation\"}");
  assembly.engine->poll(end + 1, options.batch);
  devices.reset();
  if (captures) {
    for (std::size_t i = 0; i < captures->size(); ++i)
      fs::rename((*captures)[i].path(), output.parent_path() / (output.stem().string() + "_" +
                                                                assembly.ports[i]->settings().name + ".grfcap"));
    captures.reset();
  }
  recording.finish();
  return until_s;
}

}  // namespace grfd
