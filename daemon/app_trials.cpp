// Recordings: what the recorder reports, finalising in a child process, and leaving only when all is on disk.
#include <sys/wait.h>

#include <filesystem>

#include "daemon/app_impl.hpp"
#include "daemon/child.hpp"

namespace grfd {

std::uint64_t App::start_recording(const std::string& name) {
  trial_ = Trial::starting;
  const std::uint64_t id = send_command("record_start", {{"name", name.empty() ? settings_.record.name : name}});
  // Every file says which devices took part, and which were missing.
  for (const Devices::Status& d : devices_->status()) assembly_.command(clock_.now(), device_command(d));
  repeat_calibration();
  return id;
}

/// Devices that a recording goes without. On command only optional ones can be among them: a required one refuses it.
Control::Json App::missing_devices() {
  Control::Json missing = Control::Json::array();
  for (const Devices::Status& d : devices_->status()) {
    if (d.state == Devices::State::streaming) continue;
    missing.push_back({{"device", d.name}, {"state", to_string(d.state)}, {"trouble", d.trouble}});
    log(Level::warning, "recording without " + d.name + ", which is " + to_string(d.state) +
                            (d.trouble.empty() ? "" : " (" + d.trouble + ")"));
  }
  return missing;
}

void App::on_recording(const RecordingEvent& event) {
  const auto id = static_cast<std::uint64_t>(event.command_id);
  switch (event.kind) {
    case RecordingEvent::Kind::started:
      trial_ = Trial::running;
      journal_ = std::filesystem::absolute(event.path).string();
      trial_since_s_ = seconds(clock_.now() - assembly_.session.start);
      log(Level::info, "recording to " + event.path);
      if (id == own_recording_) {  // devices are only being looked for
        timer_of_missing_.expires_after(std::chrono::seconds(3));
        timer_of_missing_.async_wait([this](const boost::system::error_code& e) {
          if (!e && trial_ == Trial::running) missing_devices();
        });
        break;
      }
      control_.finish(id, {{"event", "record_started"},
                           {"detail", {{"id", id}, {"journal", journal_}, {"missing", missing_devices()}}}});
      break;
    case RecordingEvent::Kind::finished:
      trial_ = Trial::none;
      log(Level::info, "recording ended: " + std::to_string(event.samples) + " samples, " +
                           std::to_string(event.lost_samples) + " lost");
      finalise(std::filesystem::absolute(event.path).string(), std::exchange(stop_command_, 0));
      break;
    case RecordingEvent::Kind::failed:
      log(Level::error, "recording: " + event.text);
      failed_ |= id == own_recording_;
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
    children_[start_child({"finalise", "--wait", journal})] = {journal, command};
  } catch (const std::exception& e) {
    log(Level::error, std::string("cannot finalise ") + journal + ": " + e.what() + "; run: grfd finalise " + journal);
    failed_ = true;
  }
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
      control_.finish(command, {{"event", "record_stopped"},
                                {"detail", {{"id", command}, {"ok", good}, {"file", good ? file : journal}}}});
  }
  leave_when_done();
}

void App::end(const char* why) {
  if (leaving_) return;
  leaving_ = true;
  log(Level::info, std::string("ending: ") + why);
  timer_.cancel();
  timer_of_missing_.cancel();
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

}  // namespace grfd
