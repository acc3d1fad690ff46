#include "daemon/sinks/recorder.hpp"

#include <chrono>
#include <system_error>

#include "daemon/session_json.hpp"

namespace grfd {
namespace {
constexpr std::string_view kStartCommand = "record_start", kStopCommand = "record_stop";
constexpr std::size_t kMostHeld = 65536;
constexpr std::int64_t kSettledNs = 500'000'000;  // small blocks may still fit on a disk that is full

bool is_command(std::string_view row, std::string_view name) {
  return row.starts_with(name) && (row.size() == name.size() || row[name.size()] == ' ');
}

/// A name becomes one file of the folder and nothing else.
std::string file_name(std::string name) {
  for (char& c : name)
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < ' ' || c == 127) c = '_';
  if (name.starts_with('.')) name[0] = '_';
  if (name.size() > 200) name.resize(200);
  return name;
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
}  // namespace

void Recorder::open(const Session& session) {
  session_ = &session;
  live_only_.clear();
  for (const StreamInfo& info : session.streams) live_only_.push_back(info.live_only);
  commands_ = session.streams.find("commands");
  if (commands_) joiner_.emplace(session.streams[*commands_]);
}

void Recorder::write(std::span<const Sample> batch) {
  for (const Sample& s : batch) take(s);
  if (!trial_) return;
  trial_->tend(now_ns());
  watch();
}

void Recorder::take(const Sample& s) {
  if (!session_ || s.stream >= session_->streams.size()) {
    ++unknown_streams;
    return;
  }
  if (live_only_[s.stream]) return;
  const bool command = commands_ && s.stream == *commands_;
  if (command && !trial_ && s.part == 0) {
    // Nothing between the first and the last part of the command may be missing from the file.
    holding_ = is_command(text(s), kStartCommand);
    held_.clear();
  }
  if (holding_) held_.push_back(s);
  if (held_.size() > kMostHeld) holding_ = false, held_.clear();  // the rest of that command was lost
  if (trial_) trial_->add(s);
  if (command && joiner_->add(s)) on_command();
}

void Recorder::on_command() {
  const auto& text_bytes = joiner_->row().bytes;
  const std::string_view row(reinterpret_cast<const char*>(text_bytes.data()), text_bytes.size());
  if (is_command(row, kStartCommand)) {
    if (trial_) return report(RecordingEvent::Kind::failed, "a recording is already running: '" + path_ + "'");
    start(std::string(row.substr(std::min(row.size(), kStartCommand.size() + 1))));
    if (trial_)
      for (const Sample& s : held_) trial_->add(s);
  } else if (is_command(row, kStopCommand) && trial_) {
    stop("record_stop");
  }
  holding_ = false;
  held_.clear();
}

void Recorder::start(const std::string& detail) {
  const auto json = nlohmann::json::parse(detail, nullptr, false);
  const auto field = [&](const char* key) {
    return json.is_object() && json.contains(key) ? json[key] : nlohmann::json();
  };
  command_id_ = field("id").is_number_integer() ? field("id").get<std::int64_t>() : 0;
  const RecordSettings& settings = session_->settings.record;
  std::string name = file_name(field("name").is_string() ? field("name").get<std::string>() : std::string());
  if (name.empty()) name = file_name(settings.name);
  if (name.empty())
    name = utc_compact(session_->start_utc_ns + (held_.empty() ? 0 : held_.front().t - session_->start));
  const std::string folder = settings.folder.empty() ? "." : settings.folder;
  path_ = folder + "/" + name + ".journal";
  refused_ = false;
  try {
    std::string version;
    std::vector<std::byte> state;
    if (state_) state = state_(version);
    trial_.emplace(*session_, folder, name, version, state);
    path_ = trial_->path();
    report(RecordingEvent::Kind::started, "");
  } catch (const std::exception& e) {
    trial_.reset();
    ++failures;
    report(RecordingEvent::Kind::failed, std::string("recording was not started: ") + e.what());
  }
}

void Recorder::watch() {
  samples += samples_base_ + trial_->samples() - samples.get();
  lost_samples += lost_base_ + trial_->lost_samples() - lost_samples.get();
  bytes += bytes_base_ + trial_->bytes() - bytes.get();
  const std::int64_t now = now_ns();
  const std::string trouble = trial_->trouble();
  if (!trouble.empty()) last_error_ns_ = now;
  if (!trouble.empty() && !refused_) {
    refused_ = true;
    ++failures;
    report(RecordingEvent::Kind::refused,
           trouble + (trial_->gone() ? "; nothing of it can be saved: stop and record again"
                                     : "; the file is whole up to its last block, writing is tried again"));
  } else if (refused_ && now - last_error_ns_ > kSettledNs) {
    refused_ = false;
    report(RecordingEvent::Kind::recovered,
           "writing again after " + std::to_string(trial_->lost_samples()) + " lost samples");
  }
}

void Recorder::stop(const char* reason) {
  const bool whole = trial_->finish(reason);
  watch();
  report(RecordingEvent::Kind::finished, whole ? "" : trial_->trouble());
  samples_base_ = samples.get();
  lost_base_ = lost_samples.get();
  bytes_base_ = bytes.get();
  trial_.reset();
}

void Recorder::close() {
  if (trial_) stop("closed");
}

void Recorder::report(RecordingEvent::Kind kind, const std::string& text) {
  if (!report_) return;
  RecordingEvent event;
  event.kind = kind;
  event.path = path_;
  event.text = text;
  event.command_id = command_id_;
  if (trial_) {
    event.samples = trial_->samples();
    event.lost_samples = trial_->lost_samples();
    event.bytes = trial_->bytes();
    event.gone = trial_->gone();
    if (event.gone) event.lost_samples += std::exchange(event.samples, 0);
  }
  report_(event);
}

}  // namespace grfd
