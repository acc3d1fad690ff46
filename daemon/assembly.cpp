#include "daemon/assembly.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "daemon/rig_warnings.hpp"
#include "daemon/text_row.hpp"
#include "drivers/emulation/make_stimulus.hpp"

namespace grfd {
namespace {

std::string session_id(std::int64_t utc_ns) {
  const std::time_t s = static_cast<std::time_t>(utc_ns / 1'000'000'000);
  std::tm tm{};
  gmtime_r(&s, &tm);
  char text[40];
  std::snprintf(text, sizeof text, "%04d%02d%02dT%02d%02d%02dZ-%03d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                tm.tm_hour, tm.tm_min, tm.tm_sec, static_cast<int>(utc_ns / 1'000'000 % 1000));
  return text;
}

StreamInfo event_stream(const char* name, const char* what) {
  StreamInfo info;
  info.name = name;
  info.kind = StreamKind::event;
  info.type = ValueType::text;
  info.columns = {{"name", ""}, {"detail", "json"}};
  info.description = what;
  return info;
}

}  // namespace

Assembly::Assembly(Settings settings, TimeNs session_start, std::int64_t start_utc_ns, bool virtual_time) {
  warnings = settings.warnings;
  // Real devices feel the real world: no truth about it, and their plates are the ones of the settings.
  const auto emulated = [](const DeviceSettings& d) { return d.emulated; };
  if (std::any_of(settings.devices.begin(), settings.devices.end(), emulated))
    stimulus = make_stimulus(settings, warnings);  // may replace the plates' geometry by the recording's
  for (std::string& warning : rig_warnings(settings)) warnings.push_back(std::move(warning));
  session.id = session_id(start_utc_ns);
  session.start = session_start;
  session.start_utc_ns = start_utc_ns;
  session.software_version = software_version();
  session.software_build = software_build();
  session.virtual_time = virtual_time;
  session.settings = std::move(settings);
  StreamTable& table = session.streams;

  std::vector<StreamId> first, link;
  for (const DeviceSettings& device : session.settings.devices) {
    first.push_back(static_cast<StreamId>(table.size()));
    for (StreamInfo& info : find_driver(device.driver)->streams(device)) table.add(std::move(info));
    link.push_back(table.add(DevicePort::link_stream(device)));
  }
  first_truth = static_cast<StreamId>(table.size());
  if (stimulus)
    for (StreamInfo& info : stimulus->truth_streams()) table.add(std::move(info));
  commands = table.add(event_stream("commands", "what operators and programs asked for"));
  counters = table.add(event_stream("counters", "every rejection and loss, by name, once a second when it changed"));
  StreamInfo tick;
  tick.name = "ticks";
  tick.kind = StreamKind::event;
  tick.type = ValueType::i64;
  tick.columns = {{"lab_clock", "ns"}};
  tick.rate_hz = 100;
  tick.description = "host time in the order of samples; only ticks decide that a device is late";
  ticks = table.add(tick);
  gaps = table.add(event_stream("gaps", "what was lost, when, how much and why"));
  events = table.add(event_stream("events", "answers to commands, and what happened by itself"));

  pipeline = std::make_unique<Pipeline>(session.settings, table, session_start);
  engine = std::make_unique<Engine>(*pipeline, commands, ticks, counters, session_start);
  for (const Pipeline::DeviceCounter& c : pipeline->counters()) engine->add_counter(c.device, *c.counter);
  command_ring = &engine->add_source(4096);
  truth_ring = &engine->add_source(8192);
  for (std::size_t i = 0; i < session.settings.devices.size(); ++i) {
    const DeviceSettings& device = session.settings.devices[i];
    ports.push_back(std::make_unique<DevicePort>(device, *find_driver(device.driver), first[i], link[i], *engine,
                                                 static_cast<std::size_t>(session.settings.engine.device_ring)));
  }
}

bool Assembly::command(TimeNs now, std::string_view text) {
  const bool pushed = push_text_row(*command_ring, commands, 0, now, text);
  engine->doorbell().ring();
  return pushed;
}

}  // namespace grfd
