#include "daemon/app_impl.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <filesystem>

#include "daemon/child.hpp"
#include "daemon/event_text.hpp"
#include "daemon/sinks/calibration_sink.hpp"
#include "daemon/summary.hpp"
#include "daemon/usb_finder.hpp"
#include "daemon/utc_text.hpp"

namespace grfd {
namespace {

using Json = Control::Json;
namespace asio = boost::asio;

std::int64_t utc_now_ns() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

constexpr TimeNs kMillisecond = 1'000'000;

/// Clients hold descriptors, and a recording must never want for one: as many as the system allows.
void ask_for_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

App::App(Settings settings, const RunOptions& options)
    : options_(options),
      assembly_(std::move(settings), clock_.now(), utc_now_ns(), false),
      settings_(assembly_.session.settings),
      control_(
          io_, settings_.control.endpoint, [this](const Json& request) { return handle(request); },
          keys_for(Right::control, settings_.control.endpoint)),
      emulation_(settings_, assembly_.stimulus.get(), clock_, assembly_.session.start, *assembly_.truth_ring,
                 assembly_.first_truth),
      signals_(io_, SIGINT, SIGTERM),
      child_signals_(io_, SIGCHLD),
      timer_(io_),
      watchdog_timer_(io_),
      timer_of_missing_(io_) {
  // A closed terminal is a request to stop, unless nohup has asked for the opposite.
  struct sigaction hangup {};
  if (::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) signals_.add(SIGHUP);
  log_times_from(assembly_.session.start);
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

  auto recorder =
      std::make_unique<Recorder>([this](const RecordingEvent& e) { asio::post(io_, [this, e] { on_recording(e); }); });
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
  const auto ring = [&](double s) {
    return std::min<std::size_t>(2'000'000, static_cast<std::size_t>(samples_per_s * s) + 4096);
  };
  add_sink(std::move(recorder), ring(settings_.record.file_ring_s));
  if (settings_.feed.enabled) {
    auto feed = std::make_unique<Feed>(settings_.feed, keys_for(Right::feed, settings_.feed.endpoint));
    feed_ = feed.get();
    for (const Counter* c : {&feed_->subscriptions(), &feed_->late_subscriptions(), &feed_->bad_requests()})
      assembly_.engine->add_counter("feed", *c);
    add_peers("feed", feed_->connections(), feed_->gate());
    add_sink(std::move(feed), ring(1));
  }
  auto status = std::make_unique<StatusSink>(
      [this](StatusSink::Event e) { asio::post(io_, [this, e = std::move(e)] { on_event(e); }); });
  status_sink_ = status.get();
  add_sink(std::move(status), ring(4));  // answers of commands come this way: longer than a busy machine stalls
  add_sink(std::make_unique<CalibrationSink>(
               [this](Json detail) { asio::post(io_, [this, d = std::move(detail)] { on_calibration(d); }); }),
           ring(1));

  assembly_.engine->add_counter("truth", emulation_.truth_dropped());
  for (const Counter* c : {&control_.replies_dropped(), &control_.clients_gone(), &control_.bad_requests()})
    assembly_.engine->add_counter("control", *c);
  add_peers("control", control_.connections(), control_.gate());
  if (control_.gate()) assembly_.engine->add_counter("control", control_.commands_refused());
  const bool needs_usb = std::any_of(settings_.devices.begin(), settings_.devices.end(),
                                     [](const DeviceSettings& d) { return !d.emulated; });
  if (needs_usb) usb_ = make_usb_finder(*assembly_.engine, settings_.realtime_priority);
  if (settings_.record.capture) {
    captures_ = std::make_unique<Captures>(session);
    captures_->connect(assembly_, clock_);
  }
  devices_ = std::make_unique<Devices>(assembly_, emulation_, usb_.get(), clock_, [this](const Devices::Status& s) {
    asio::post(io_, [this, s] { on_device(s); });
  });
}

std::string App::keys_for(Right right, const std::string& endpoint) const {
  return demands_keys(right, endpoint) ? settings_.keys.folder : "";
}

void App::add_peers(const char* owner, const Connections& connections, const KeyGate* gate) {
  const Connections& c = connections;
  for (const Counter* counter : {&c.refused, &c.floods, &c.cut_off, &c.ended, &c.silent})
    assembly_.engine->add_counter(owner, *counter);
  if (!gate) return;
  for (const Counter* counter : {&gate->keys_accepted, &gate->keys_refused})
    assembly_.engine->add_counter(owner, *counter);
}

int App::run() {
  if (settings_.realtime_priority) log(Level::info, "memory: " + ask_for_locked_memory());
  for (auto& sink : sinks_) sink->start();
  if (captures_) captures_->start();
  devices_->start();
  // The pipeline is the only thing on this thread; a late wake-up delays results but loses nothing.
  dsp_ = std::make_unique<Loop>("dsp", settings_.realtime_priority ? 50 : 0, [this] {
    assembly_.engine->wait(clock_.now());
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
  assembly_.engine->poll(clock_.now());  // reads the counters of everything that still lives
  captures_.reset();
  sinks_.clear();
  if (options_.summary && last_file_.empty()) log(Level::warning, "no summary: nothing was recorded");
  if (options_.summary && !last_file_.empty()) print_summary(last_file_, options_.json);
  return failed_ ? 1 : 0;
}

void App::begin() {
  log(Level::info, "session " + assembly_.session.id + ", all times are seconds since its start; control at " +
                       settings_.control.endpoint +
                       (settings_.feed.enabled ? ", feed at " + settings_.feed.endpoint : ", no feed"));
  std::error_code ignored;
  if (std::filesystem::is_directory(settings_.record.folder, ignored)) {
    const pid_t pid = start_child({"recover", settings_.record.folder, "--quiet"});  // trials that a crash left behind
    children_[pid] = {};
  }
  load_zeros();
  load_delays();
  load_calibrations();
  load_lunges();
  if (settings_.record.at_start) own_recording_ = start_recording(settings_.record.name);
  if (settings_.record.tare_at_start) {
    auto timer = std::make_shared<asio::steady_timer>(
        io_, std::chrono::nanoseconds(assembly_.session.start +
                                      static_cast<TimeNs>(settings_.record.tare_at_start_s * 1e9) - clock_.now()));
    timer->async_wait([this, timer](const boost::system::error_code& e) {
      if (!e && !leaving_) send_command("tare", {{"plate", "all"}});
    });
  }
  if (options_.seconds) {
    timer_.expires_after(std::chrono::nanoseconds(assembly_.session.start +
                                                  static_cast<TimeNs>(*options_.seconds * 1e9) - clock_.now()));
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

void App::on_event(const StatusSink::Event& event) {
  // What devices do is logged where it happens; what they say comes as an event, too.
  Json detail = Json::parse(event.detail, nullptr, false);
  const bool loud = event.stream != "commands" && event.stream != "truth/events" && event.name != "device" &&
                    !event.stream.ends_with("/messages");
  if (loud)
    log(event_level(event.stream, event.name, event.detail),
        (event.stream == "events" ? "" : event.stream + ": ") + event_text(event.name, event.detail));
  if (event.stream == "gaps" && event.name == "lost") losses_.add(event.detail);
  if (event.stream != "events") return;
  if (event.name == "mark" && detail.is_object()) say_whether_recorded(detail);
  zeros_.note(event.name, detail, event.t_s, utc_text());
  if (event.name == "tare_result" && detail.is_object()) keep_zeros(detail);
  if (event.name == "zeros_result" && detail.is_object()) note_kept_zeros(detail, event.t_s);
  if (event.name == "tap_result" && detail.is_object()) keep_delays(detail);
  on_lunge(event.name, detail);
  if (event.name == "mass_result" && detail.is_object()) note_place(detail);
  if (detail.is_object() && detail.contains("id") && detail["id"].is_number_unsigned())
    control_.finish(detail["id"].get<std::uint64_t>(), {{"event", event.name}, {"detail", detail}});
}

void App::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& e, int number) {
    if (e) return;
    if (leaving_) {  // asked twice: the trial's journal stays for the next start
      log(Level::warning, "leaving at once");
      failed_ = true;
      return io_.stop();
    }
    end(number == SIGINT ? "interrupted" : number == SIGHUP ? "the terminal was closed" : "asked to stop");
    await_signal();
  });
}

void App::on_device(const Devices::Status& s) {
  if (!assembly_.command(clock_.now(), device_command(s)))
    log(Level::error, "the pipeline takes no commands: the state of " + s.name + " is not recorded");
  const bool fine = s.state == Devices::State::streaming;
  log(fine ? Level::info : Level::warning,
      s.name + ": " + to_string(s.state) +
          (fine ? " (" + s.model + " " + s.serial + ", firmware " + s.firmware + ")" : "") +
          (s.trouble.empty() ? "" : ", " + s.trouble));
  if (fine) offer_zeros(s.name);
}

int run(Settings settings, const RunOptions& options) {
  ask_for_descriptors();
  ::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error of one write, no end of the daemon
  return App(std::move(settings), options).run();
}

}  // namespace grfd
