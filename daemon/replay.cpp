#include "daemon/replay.hpp"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/assembly.hpp"
#include "daemon/config.hpp"
#include "daemon/log.hpp"
#include "daemon/virtual_recording.hpp"

namespace grfd {
namespace {
namespace fs = std::filesystem;

constexpr TimeNs kAfterwards = 300'000'000;  // the grid waits at most 200 ms for a device

struct TemporaryFolder {
  std::string path = (fs::temp_directory_path() / "grfd-replay-XXXXXX").string();
  TemporaryFolder() {
    if (!mkdtemp(path.data())) throw std::runtime_error("no temporary folder can be made at " + path);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
};

void write_text(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

/// One played device.
struct Player {
  const Capture& capture;
  ReplayLink link;
  DevicePort* port = nullptr;
  explicit Player(const Capture& c) : capture(c), link(c) {}

  /// What was asked of the driver is asked again; it fails where it failed.
  void step() {
    const std::optional<CaptureVerb> verb = link.step();
    if (!verb) return;
    try {
      switch (*verb) {
        case CaptureVerb::start:
          port->start(link, link.asked_at());
          break;
        case CaptureVerb::stop:
          port->stop(link);
          break;
        case CaptureVerb::check:
          port->check(link, link.asked_at());
          break;
        case CaptureVerb::blink:
          port->blink(link, link.asked_at());
          break;
      }
    } catch (const std::exception& e) {
      if (link.divergence().empty()) log(Level::info, port->settings().name + ": " + e.what());
    }
    if (!link.divergence().empty()) throw CaptureError(link.divergence());
  }
};

std::vector<Capture> read_all(const std::vector<std::string>& files) {
  std::vector<Capture> captures;
  for (const std::string& file : files) {
    captures.emplace_back(file);
    const CaptureSession &first = captures.front().session(), &s = captures.back().session();
    if (s.session_id != first.session_id || s.start_ns != first.start_ns)
      throw CaptureError(file + ": is of session " + s.session_id + ", " + files.front() + " of session " +
                         first.session_id + "; captures of one session belong together");
    for (std::size_t i = 0; i + 1 < captures.size(); ++i)
      if (captures[i].session().device == s.device)
        throw CaptureError(file + ": a second capture of " + s.device + ", beside " + files[i]);
  }
  return captures;
}

void warn(const Player& player) {
  const Capture& c = player.capture;
  const auto say = [&c](const std::string& what) { log(Level::warning, c.name() + ": " + what); };
  if (c.cut_bytes() > 0)
    say("offset " + std::to_string(c.good_bytes()) + ": cut off; replayed up to there, the last " +
        std::to_string(c.cut_bytes()) + " bytes are no whole record");
  else if (!c.closed())
    say("offset " + std::to_string(c.good_bytes()) + ": cut off between two records; replayed up to there");
  if (player.link.holes() > 0) say(std::to_string(player.link.holes()) + " records could not be kept when it was made");
  if (player.link.unheard() > 0)
    say(std::to_string(player.link.unheard()) + " transfers came while the driver did not listen");
  if (c.later_sessions() > 0) say(std::to_string(c.later_sessions()) + " later sessions in the file are not replayed");
}

}  // namespace

Settings captured_settings(const CaptureSession& session, const std::vector<std::string>& overrides) {
  const TemporaryFolder folder;
  std::vector<std::string> all;
  std::istringstream lines(session.settings);
  for (std::string line; std::getline(lines, line);)  // load_config puts them behind the text
    if (line.starts_with("# --set ")) all.push_back(line.substr(8));
  for (const auto& [side, calibration] : session.calibration) {
    const std::string file = folder.path + "/" + side + ".toml";
    write_text(file, calibration.text);
    all.push_back("plate." + side + ".calibration=\"" + file + "\"");
  }
  all.insert(all.end(), overrides.begin(), overrides.end());
  const std::string file = folder.path + "/" + (fs::path(session.settings_file).filename().string() + ".toml");
  write_text(file, session.settings);
  Settings settings = load_config(file, all, driver_registry(), Use::offline);
  settings.file = session.settings_file;
  for (PlateSettings& plate : settings.plates)
    if (const auto found = session.calibration.find(to_string(plate.side));
        found != session.calibration.end() && plate.calibration.file.starts_with(folder.path))
      plate.calibration.file = found->second.path;
  settings.effective = session.settings;
  for (const std::string& text : overrides) settings.effective += "# --set " + text + "\n";
  return settings;
}

void play(const std::vector<Capture>& captures, Assembly& assembly, VirtualClock& clock, TimeNs tare_at,
          std::size_t batch) {
  std::vector<std::unique_ptr<Player>> players;
  for (const Capture& capture : captures) {
    auto& player = *players.emplace_back(std::make_unique<Player>(capture));
    const CaptureSession& session = capture.session();
    for (auto& port : assembly.ports)
      if (port->settings().name == session.device) player.port = port.get();
    if (!player.port) throw CaptureError(capture.name() + ": the settings have no device '" + session.device + "'");
    if (player.port->settings().driver != session.driver)
      throw CaptureError(capture.name() + ": of driver " + session.driver + ", the settings say " +
                         player.port->settings().driver);
  }
  for (;;) {
    Player* due = nullptr;
    TimeNs next = tare_at;
    for (auto& player : players)
      if (player->link.next() < next) next = player->link.next(), due = player.get();
    if (next == ReplayLink::kEnd) break;
    clock.t = std::max(clock.t, next);
    assembly.engine->poll(clock.t - 1, batch);  // nothing older comes any more
    if (due) {
      due->step();
    } else {
      assembly.command(clock.t, "tare {\"id\":2,\"plate\":\"all\"}");
      tare_at = ReplayLink::kEnd;
    }
  }
  for (auto& player : players) warn(*player);
}

double replay(const ReplayOptions& options) {
  const std::vector<Capture> captures = read_all(options.captures);
  const CaptureSession& session = captures.front().session();
  Settings settings = options.config.empty()
                          ? captured_settings(session, options.overrides)
                          : load_config(options.config, options.overrides, driver_registry(), Use::offline);
  if (settings.stimulus.kind == StimulusSettings::Kind::recording)
    log(Level::warning,
        "the captured session played a recording of forces: its emulated inertial sensors lay still and measured no "
        "ankle");
  settings.stimulus.kind = StimulusSettings::Kind::none;  // what was felt is not known
  settings.record.capture = false;
  TimeNs tare_at = ReplayLink::kEnd;
  if (settings.record.tare_at_start && !settings.plates.empty())
    tare_at = session.start_ns + static_cast<TimeNs>(settings.record.tare_at_start_s * 1e9);

  VirtualRecording recording(options.output, settings);
  VirtualClock clock(session.start_ns);
  Assembly assembly(std::move(settings), session.start_ns, session.start_utc_ns, true);
  recording.connect(assembly);
  assembly.command(clock.t, "record_start {\"id\":1,\"name\":\"" + assembly.session.settings.record.name + "\"}");
  play(captures, assembly, clock, tare_at, options.batch);
  const TimeNs end = clock.t + kAfterwards;
  assembly.engine->poll(end, options.batch);
  assembly.command(end, "record_stop {\"id\":3,\"reason\":\"end of the replay\"}");
  assembly.engine->poll(end + 1, options.batch);
  recording.finish();
  return seconds(end - session.start_ns);
}

}  // namespace grfd
