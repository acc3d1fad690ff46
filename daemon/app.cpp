#include "daemon/app.hpp"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>

#include <atomic>
#include <filesystem>
#include <map>

#include "daemon/assembly.hpp"
#include "daemon/child.hpp"
#include "daemon/control.hpp"
#include "daemon/devices.hpp"
#include "daemon/lab_clock.hpp"
#include "daemon/log.hpp"
#include "daemon/realtime.hpp"
#include "daemon/signals_blocked.hpp"
#include "daemon/sink_thread.hpp"
#include "daemon/sinks/feed.hpp"
#include "daemon/sinks/recorder.hpp"
#include "daemon/sinks/status_sink.hpp"
#include "daemon/summary.hpp"
#include "daemon/usb_finder.hpp"

namespace grfd {
namespace {

using Json = Control::Json;
namespace asio = boost::asio;

std::int64_t utc_now_ns() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

/// A thread that lives as long as its object.
class Loop {
 public:
  template <class Body>
  Loop(const char* name, int priority, Body body) {
    const SignalsBlocked blocked;
    thread_ = std::thread([this, name, priority, body = std::move(body)] {
      pthread_setname_np(pthread_self(), name);
      if (priority > 0) log(Level::info, std::string(name) + " thread: " + ask_for_realtime(priority));
      while (!stop_.load(std::memory_order_acquire)) body();
    });
  }
  ~Loop() {
    stop_.store(true, std::memory_order_release);
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

constexpr TimeNs kMillisecond = 1'000'000;

class App {
 public:
  App(Settings settings, const RunOptions& options);
  int run();

 private:
  Control::Answer handle(const Json& request);
  Json status();
  Json devices();
  std::uint64_t send_command(const std::string& verb, Json detail);
  void on_event(const StatusSink::Event& event);
  void on_recording(const RecordingEvent& event);
  void on_device(const Devices::Status& status);
  void await_signal();
  void await_child();
  void on_child();
  void finalise(const std::string& journal, std::uint64_t command);
  void begin();
  void end(const char* why);
  void leave_when_done();
  void watchdog();

  // Declaration order is start order; destruction runs back through it.
  RunOptions options_;
  MonotonicClock clock_;
  asio::io_context io_;
  Assembly assembly_;
  const Settings& settings_;
  Control control_;
  std::unique_ptr<StatusSink> status_owned_;
  StatusSink* status_sink_;
  Recorder* recorder_ = nullptr;
  Feed* feed_ = nullptr;
  std::vector<std::unique_ptr<SinkThread>> sinks_;
  std::unique_ptr<LinkFinder> usb_;
  Emulation emulation_;
  std::unique_ptr<Devices> devices_;
  asio::signal_set signals_, child_signals_;
  asio::steady_timer timer_, watchdog_timer_;

  std::uint64_t next_command_ = 1;
  enum class Trial { none, starting, running, stopping } trial_ = Trial::none;
  std::string journal_, last_file_;
  double trial_since_s_ = 0;
  std::uint64_t stop_command_ = 0;
  std::map<pid_t, std::pair<std::string, std::uint64_t>> children_;  ///< pid -> journal, command that waits for it
  bool leaving_ = false, failed_ = false, recorder_failed_ = false;
  std::unique_ptr<Loop> dsp_, emulation_loop_;
};

App::App(Settings settings, const RunOptions& options)
    : options_(options),
      assembly_(std::move(settings), clock_.now(), utc_now_ns(), false),
      settings_(assembly_.session.settings),
      control_(io_, settings_.control.endpoint, [this](const Json& request) { return handle(request); }),
      emulation_(settings_, assembly_.stimulus.get(), clock_, assembly_.session.start, *assembly_.truth_ring,
                 assembly_.first_truth),
      signals_(io_, SIGINT, SIGTERM),
      child_signals_(io_, SIGCHLD),
      timer_(io_),
      watchdog_timer_(io_) {
  for (const std::string& warning : assembly_.warnings) log(Level::warning, warning);
  const Session& session = assembly_.session;
  auto add_sink = [&](std::unique_ptr<Sink> sink, std::size_t samples) {
    auto on_failure = [this, writes = sink.get() == recorder_](const std::string& why) {
      asio::post(io_, [this, why, writes] {
        log(Level::error, why);
        failed_ = true;
        if (!writes) return;
        trial_ = Trial::none;  // nobody will end it now; its journal is whole up to the last block
        recorder_failed_ = true;
        leave_when_done();
      });
    };
    sinks_.push_back(std::make_unique<SinkThread>(std::move(sink), session, samples, assembly_.gaps, on_failure));
    assembly_.engine->add_outlet(*sinks_.back());
    assembly_.engine->add_counter(sinks_.back()->sink().name(), sinks_.back()->dropped());
  };

  auto recorder = std::make_unique<Recorder>([this](const RecordingEvent& e) { asio::post(io_, [this, e] { on_recording(e); }); });
  recorder_ = recorder.get();
  recorder_->set_state_provider([this](std::string& version) {
    version = Pipeline::kStateVersion;
    const auto state = assembly_.pipeline->snapshot();
    return std::vector<std::byte>(state.begin(), state.end());
  });
  for (const Counter* c : {&recorder_->lost_samples, &recorder_->failures, &recorder_->unknown_streams})
    assembly_.engine->add_counter("recorder", *c);
  double samples_per_s = 0;
  for (const StreamInfo& info : session.streams) samples_per_s += info.rate_hz * static_cast<double>(info.parts());
  const auto ring = [&](double s) { return std::min<std::size_t>(2'000'000, static_cast<std::size_t>(samples_per_s * s) + 4096); };
  add_sink(std::move(recorder), ring(settings_.record.file_ring_s));
  if (settings_.feed.enabled) {
    auto feed = std::make_unique<Feed>(settings_.feed);
    feed_ = feed.get();
    for (const Counter* c : {&feed_->subscriptions(), &feed_->late_subscriptions(), &feed_->bad_requests()})
      assembly_.engine->add_counter("feed", *c);
    add_sink(std::move(feed), ring(1));
  }
  auto status = std::make_unique<StatusSink>([this](StatusSink::Event e) { asio::post(io_, [this, e = std::move(e)] { on_event(e); }); });
  status_sink_ = status.get();
  add_sink(std::move(status), ring(1));

  assembly_.engine->add_counter("truth", emulation_.truth_dropped());
  const bool needs_usb = std::any_of(settings_.devices.begin(), settings_.devices.end(), [](const DeviceSettings& d) { return !d.emulated; });
  if (needs_usb) usb_ = make_usb_finder(*assembly_.engine);
  devices_ = std::make_unique<Devices>(assembly_, emulation_, usb_.get(), clock_, [this](const Devices::Status& s) {
    asio::post(io_, [this, s] { on_device(s); });
  });
}

int App::run() {
  if (settings_.realtime_priority) log(Level::info, "memory: " + ask_for_locked_memory());
  for (auto& sink : sinks_) sink->start();
  devices_->start();
  // The pipeline is the only thing on this thread; a late wake-up delays results but loses nothing.
  dsp_ = std::make_unique<Loop>("dsp", settings_.realtime_priority ? 50 : 0, [this] {
    clock_.sleep_until((clock_.now() / kMillisecond + 1) * kMillisecond);
    assembly_.engine->poll(clock_.now());
  });
  emulation_loop_ = std::make_unique<Loop>("emulation", settings_.realtime_priority ? 60 : 0, [this] {
    clock_.sleep_until(std::min(emulation_.next(), clock_.now() + 10 * kMillisecond));
    emulation_.run_until(clock_.now());
  });
  await_signal();
  await_child();
  begin();
  sd_notify(0, "READY=1\nSTATUS=running");
  watchdog();
  io_.run();
  sd_notify(0, "STOPPING=1");
  emulation_loop_.reset();
  devices_.reset();
  dsp_.reset();
  assembly_.engine->poll(clock_.now());
  sinks_.clear();
  if (options_.summary && !last_file_.empty()) print_summary(last_file_);
  return failed_ ? 1 : 0;
}

void App::begin() {
  log(Level::info, "session " + assembly_.session.id + ", control at " + settings_.control.endpoint +
                       (settings_.feed.enabled ? ", feed at " + settings_.feed.endpoint : ", no feed"));
  std::error_code ignored;
  if (std::filesystem::is_directory(settings_.record.folder, ignored)) {
    const pid_t pid = start_child({"recover", settings_.record.folder});  // trials that a crash left behind
    children_[pid] = {"", 0};
  }
  if (settings_.record.at_start) {
    trial_ = Trial::starting;
    send_command("record_start", {{"name", settings_.record.name}});
  }
  if (settings_.record.tare_at_start) {
    auto timer = std::make_shared<asio::steady_timer>(io_, std::chrono::nanoseconds(
        assembly_.session.start + static_cast<TimeNs>(settings_.record.tare_at_start_s * 1e9) - clock_.now()));
    timer->async_wait([this, timer](const boost::system::error_code& e) {
      if (!e && !leaving_) send_command("tare", {{"plate", "all"}});
    });
  }
  if (options_.seconds) {
    timer_.expires_after(std::chrono::nanoseconds(assembly_.session.start + static_cast<TimeNs>(*options_.seconds * 1e9) - clock_.now()));
    timer_.async_wait([this](const boost::system::error_code& e) {
      if (!e) end("time is up");
    });
  }
}

void App::watchdog() {
  std::uint64_t period_us = 0;
  if (sd_watchdog_enabled(0, &period_us) <= 0) return;
  sd_notify(0, "WATCHDOG=1");
  watchdog_timer_.expires_after(std::chrono::microseconds(period_us / 3));
  watchdog_timer_.async_wait([this](const boost::system::error_code& e) {
    if (!e) watchdog();
  });
}

std::uint64_t App::send_command(const std::string& verb, Json detail) {
  const std::uint64_t id = next_command_++;
  Json all{{"id", id}};
  all.update(detail);
  if (!assembly_.command(clock_.now(), verb + " " + all.dump())) throw Refusal("the pipeline does not take commands now; try again");
  return id;
}

void App::on_event(const StatusSink::Event& event) {
  const bool loud = event.stream != "commands" && event.stream != "truth/events";
  if (loud) log(event.stream == "events" || event.name.rfind("feed.late", 0) == 0 ? Level::info : Level::warning, event.stream + ": " + event.name + " " + event.detail);
  if (event.stream != "events") return;
  const Json detail = Json::parse(event.detail, nullptr, false);
  if (detail.is_object() && detail.contains("id") && detail["id"].is_number_unsigned())
    control_.finish(detail["id"].get<std::uint64_t>(), {{"event", event.name}, {"detail", detail}});
}

void App::on_recording(const RecordingEvent& event) {
  const auto id = static_cast<std::uint64_t>(event.command_id);
  switch (event.kind) {
    case RecordingEvent::Kind::started:
      trial_ = Trial::running;
      journal_ = event.path;
      trial_since_s_ = seconds(clock_.now() - assembly_.session.start);
      log(Level::info, "recording to " + event.path);
      control_.finish(id, {{"event", "record_started"}, {"detail", {{"id", id}, {"journal", event.path}}}});
      break;
    case RecordingEvent::Kind::finished:
      trial_ = Trial::none;
      log(Level::info, "recording ended: " + std::to_string(event.samples) + " samples, " + std::to_string(event.lost_samples) + " lost");
      finalise(event.path, std::exchange(stop_command_, 0));
      break;
    case RecordingEvent::Kind::failed:
      log(Level::error, "recording: " + event.text);
      if (trial_ == Trial::starting) trial_ = Trial::none;
      control_.finish(id, {{"event", "record_failed"}, {"detail", {{"id", id}, {"error", event.text}}}});
      break;
    case RecordingEvent::Kind::recovered:
      log(Level::warning, "recording goes on; " + std::to_string(event.lost_samples) + " samples could not be written");
      break;
  }
  leave_when_done();
}

void App::finalise(const std::string& journal, std::uint64_t command) {
  try {
    children_[start_child({"finalise", journal})] = {journal, command};
  } catch (const std::exception& e) {
    log(Level::error, std::string("cannot finalise ") + journal + ": " + e.what() + "; run: grfd finalise " + journal);
    failed_ = true;
  }
}

void App::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& e, int number) {
    if (e) return;
    if (leaving_) {  // asked twice: the trial's journal stays for the next start
      log(Level::warning, "leaving at once");
      failed_ = true;
      return io_.stop();
    }
    end(number == SIGINT ? "interrupted" : "asked to stop");
    await_signal();
  });
}

void App::await_child() {
  child_signals_.async_wait([this](const boost::system::error_code& e, int) {
    if (e) return;
    on_child();
    await_child();
  });
}

void App::on_child() {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto found = children_.find(pid);
    if (found == children_.end()) continue;
    const auto [journal, command] = found->second;
    children_.erase(found);
    if (journal.empty()) continue;
    const std::string file = std::filesystem::path(journal).replace_extension(".h5").string();
    const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (good) {
      last_file_ = file;
      log(Level::info, "recorded: " + file);
    } else {
      failed_ = true;
      log(Level::error, "finalising failed; the trial is safe in " + journal + "; run: grfd finalise " + journal);
    }
    if (command)
      control_.finish(command, {{"event", "record_stopped"}, {"detail", {{"id", command}, {"ok", good}, {"file", good ? file : journal}}}});
  }
  leave_when_done();
}

void App::on_device(const Devices::Status& s) {
  const bool fine = s.state == Devices::State::streaming;
  log(fine ? Level::info : Level::warning, s.name + ": " + to_string(s.state) + (fine ? " (" + s.model + " " + s.serial + ", firmware " + s.firmware + ")" : "") +
                                               (s.trouble.empty() ? "" : ", " + s.trouble));
}

void App::end(const char* why) {
  if (leaving_) return;
  leaving_ = true;
  log(Level::info, std::string("ending: ") + why);
  timer_.cancel();
  if (trial_ == Trial::running || trial_ == Trial::starting) {
    trial_ = Trial::stopping;
    stop_command_ = send_command("record_stop", {{"reason", why}});
  }
  leave_when_done();
}

void App::leave_when_done() {
  if (!leaving_ || trial_ != Trial::none) return;
  for (const auto& child : children_)
    if (!child.second.first.empty()) return;
  io_.stop();
}

Control::Answer App::handle(const Json& request) {
  const std::string command = request["command"];
  auto text = [&](const char* key) -> std::string {
    if (!request.contains(key)) return "";
    if (!request[key].is_string()) throw Refusal(std::string("\"") + key + "\" must be a string");
    return request[key];
  };
  if (command == "ping") return {{{"session", assembly_.session.id}}};
  if (command == "status") return {status()};
  if (command == "devices") return {devices()};
  if (command == "mark") {
    const std::string note = text("text");
    if (note.empty()) throw Refusal("a mark needs \"text\"");
    if (Json(note).dump().size() > 1900) throw Refusal("a mark is at most 1900 bytes long, as JSON writes it");
    return {nullptr, send_command("mark", {{"text", note}})};
  }
  if (command == "tare") {
    const std::string plate = text("plate");
    const bool known = plate.empty() || plate == "all" ||
                       std::any_of(settings_.plates.begin(), settings_.plates.end(), [&](const PlateSettings& p) { return p.name == plate; });
    if (!known) throw Refusal("there is no plate '" + plate + "'");
    if (settings_.plates.empty()) throw Refusal("no plate is configured");
    return {nullptr, send_command("tare", {{"plate", plate.empty() ? "all" : plate}})};
  }
  if (command == "pose") return {nullptr, send_command("pose", Json::object())};
  if (command == "record_start") {
    if (trial_ != Trial::none) throw Refusal("a recording is running already (" + journal_ + "); stop it first");
    if (recorder_failed_) throw Refusal("the recorder has failed; see the log, then restart grfd");
    for (const Devices::Status& d : devices_->status())
      if (d.required && d.state != Devices::State::streaming)
        throw Refusal("required device " + d.name + " is " + to_string(d.state) + (d.trouble.empty() ? "" : " (" + d.trouble + ")"));
    const std::string name = text("name");
    if (name.find('/') != std::string::npos || name.find('\0') != std::string::npos || name.size() > 200) throw Refusal("\"name\" is a file name without '/'");
    trial_ = Trial::starting;
    return {nullptr, send_command("record_start", {{"name", name.empty() ? settings_.record.name : name}})};
  }
  if (command == "record_stop") {
    if (trial_ != Trial::running) throw Refusal("nothing is being recorded");
    trial_ = Trial::stopping;
    return {nullptr, stop_command_ = send_command("record_stop", {{"reason", "command"}})};
  }
  throw Refusal("unknown command '" + command + "'; there are ping, status, devices, tare, pose, record_start, record_stop, mark");
}

Json App::devices() {
  Json all = Json::array();
  for (const Devices::Status& d : devices_->status()) {
    Json one{{"name", d.name}, {"driver", d.driver}, {"state", to_string(d.state)}, {"model", d.model}, {"serial", d.serial},
             {"firmware", d.firmware}, {"required", d.required}, {"rate_hz", d.rate_hz}, {"measured_hz", d.measured_hz},
             {"samples", d.samples}, {"restarts", d.restarts}, {"backlog", d.backlog}, {"trouble", d.trouble}};
    Json losses = Json::object();
    for (const auto& line : assembly_.engine->counters())
      if (line.name.rfind(d.name + ".", 0) == 0 && line.counter->kind == Counter::Kind::trouble && line.counter->get() > 0) losses[line.name.substr(d.name.size() + 1)] = line.counter->get();
    one["counters"] = losses;
    all.push_back(std::move(one));
  }
  return all;
}

Json App::status() {
  constexpr const char* kTrial[] = {"none", "starting", "running", "stopping"};
  const auto streams = status_sink_->snapshot();
  Json table = Json::object();
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const StreamInfo& info = assembly_.session.streams[static_cast<StreamId>(i)];
    Json one{{"rows", streams[i].rows}, {"missing", streams[i].missing}, {"t_s", streams[i].t_s}};
    Json values = Json::object();
    for (std::size_t c = 0; c < streams[i].newest.size(); ++c)
      values[info.columns[c].name] = std::isfinite(streams[i].newest[c]) ? Json(streams[i].newest[c]) : Json(nullptr);
    one["newest"] = values;
    table[info.name] = one;
  }
  Json counters = Json::object();
  for (const auto& line : assembly_.engine->counters())
    if (line.counter->kind == Counter::Kind::trouble) counters[line.name] = line.counter->get();
  const double now_s = seconds(clock_.now() - assembly_.session.start);
  return {{"session", assembly_.session.id},
          {"software", std::string(software_version()) + " " + software_build()},
          {"uptime_s", now_s},
          {"participant", settings_.participant.code},
          {"recording", {{"state", kTrial[static_cast<int>(trial_)]}, {"journal", trial_ == Trial::none ? "" : journal_},
                         {"seconds", trial_ == Trial::none ? 0.0 : now_s - trial_since_s_}, {"last_file", last_file_}}},
          {"feed", settings_.feed.enabled ? settings_.feed.endpoint : ""},
          {"devices", devices()},
          {"counters", counters},
          {"streams", table}};
}

}  // namespace

int run(Settings settings, const RunOptions& options) { return App(std::move(settings), options).run(); }

}  // namespace grfd
