#include "daemon/trial.hpp"

#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "daemon/session_json.hpp"

namespace grfd {
namespace {
constexpr std::size_t kFullBlock = 256 << 10;
constexpr std::int64_t kAnchorEvery = 60'000'000'000, kClockStep = 5'000'000;

std::int64_t clock_ns(clockid_t id) {
  timespec ts;
  ::clock_gettime(id, &ts);
  return ts.tv_sec * 1'000'000'000LL + ts.tv_nsec;
}

JournalWriter create(const std::string& folder, const std::string& name) {
  std::error_code code;
  const bool made = std::filesystem::create_directories(folder, code);
  if (code) throw std::system_error(code, "cannot create the folder '" + folder + "'");
  if (made) sync_folder_of(folder);
  for (int i = 1;; ++i) {
    const std::string base = numbered(folder + "/" + name, i);
    if (std::filesystem::exists(base + ".h5", code)) continue;
    try {
      return JournalWriter(base + ".journal");
    } catch (const std::system_error& e) {
      if (e.code() != std::errc::file_exists) throw;
    }
  }
}

std::vector<std::byte> state_payload(const std::string& version, const std::vector<std::byte>& state) {
  const auto n = static_cast<std::uint32_t>(version.size());
  std::vector<std::byte> payload(4 + n + state.size());
  std::memcpy(payload.data(), &n, 4);
  std::memcpy(payload.data() + 4, version.data(), n);
  if (!state.empty()) std::memcpy(payload.data() + 4 + n, state.data(), state.size());
  return payload;
}
}  // namespace

Trial::Trial(const Session& session, const std::string& folder, const std::string& name,
             const std::string& state_version, const std::vector<std::byte>& state)
    : session_(&session),
      journal_(create(folder, name)),
      block_(session.streams),
      written_(session.streams.size()),
      lost_(session.streams.size()),
      unnoted_(session.streams.size()),
      flag_next_(session.streams.size()) {
  int error = journal_.append(BlockKind::session, session_to_json(session).dump());
  if (!error) error = journal_.append(BlockKind::state, state_payload(state_version, state));
  if (!error) {
    note_anchor(session.start, session.start_utc_ns);
    error = error_;
  }
  if (!error) error = journal_.request_sync();
  if (error) {
    journal_.close();
    ::unlink(journal_.path().c_str());
    throw std::system_error(error, std::generic_category(), "cannot write '" + journal_.path() + "'");
  }
  last_flush_ = last_sync_ = clock_ns(CLOCK_MONOTONIC);
  if (!session.virtual_time) watch_wall_clock(last_flush_);
}

void Trial::note_anchor(TimeNs lab, std::int64_t utc_ns) {
  const std::int64_t pair[2] = {lab, utc_ns};
  error_ = journal_.append(BlockKind::anchor, std::as_bytes(std::span(pair)));
}

void Trial::watch_wall_clock(std::int64_t now_ns) {
  // The lab clock read on both sides of the wall clock; a preempted reading is left for the next time.
  const std::int64_t before = clock_ns(CLOCK_MONOTONIC), utc = clock_ns(CLOCK_REALTIME),
                     after = clock_ns(CLOCK_MONOTONIC);
  if (after - before > 100'000) return;
  const std::int64_t lab = before + (after - before) / 2, offset = utc - lab;
  if (last_anchor_ != 0 && now_ns - last_anchor_ < kAnchorEvery && std::llabs(offset - anchor_offset_) < kClockStep)
    return;
  note_anchor(lab, utc);
  if (error_ != 0) return;
  last_anchor_ = now_ns;
  anchor_offset_ = offset;
}

void Trial::add(const Sample& s) {
  if (flag_next_[s.stream] && s.part == 0) {
    Sample flagged = s;
    flagged.flags |= kGapBefore;
    flag_next_[s.stream] = false;
    block_.add(flagged);
  } else {
    block_.add(s);
  }
  if (block_.size() >= kFullBlock) flush();
}

bool Trial::note_loss() {
  nlohmann::ordered_json lost = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < unnoted_.size(); ++i)
    if (unnoted_[i]) lost[session_->streams[static_cast<StreamId>(i)].name] = unnoted_[i];
  if (lost.empty()) return true;
  error_ = journal_.append(BlockKind::loss, lost.dump());
  if (error_ == 0) std::fill(unnoted_.begin(), unnoted_.end(), 0);
  return error_ == 0;
}

void Trial::flush() {
  if (block_.count() == 0) return;
  error_ = journal_.append(BlockKind::samples, block_.payload());
  for (std::size_t i = 0; i < written_.size(); ++i) {
    const std::uint32_t n = block_.per_stream()[i];
    if (error_ == 0) {
      written_[i] += n;
    } else if (n != 0) {
      lost_[i] += n;
      unnoted_[i] += n;
      flag_next_[i] = true;
    }
  }
  (error_ == 0 ? samples_ : lost_samples_) += block_.count();
  dirty_ = dirty_ || error_ == 0;
  block_.clear();
  // Only once samples fit again: a full disk must not fill up with notes about its being full.
  if (error_ == 0) note_loss();
}

void Trial::tend(std::int64_t now_ns) {
  const RecordSettings& settings = session_->settings.record;
  if (now_ns - last_flush_ >= static_cast<std::int64_t>(settings.block_ms * 1e6)) {
    flush();
    last_flush_ = now_ns;
    if (!session_->virtual_time && error_ == 0) watch_wall_clock(now_ns);
  }
  if (now_ns - last_sync_ >= static_cast<std::int64_t>(settings.fsync_s * 1e9)) {
    if (dirty_) {
      const int error = journal_.request_sync();
      if (error) error_ = error;
      dirty_ = false;
    }
    gone_ = !journal_.in_place();  // of the sync before: this one is under way
    last_sync_ = now_ns;
  }
}

std::string Trial::trouble() const {
  if (gone_) return "'" + path() + "' was deleted or moved away while it was being written";
  if (error_ == 0) return "";
  return "cannot write '" + path() + "': " + std::generic_category().message(error_);
}

bool Trial::finish(const char* reason) {
  flush();
  bool whole = note_loss();
  nlohmann::ordered_json end = {{"reason", reason}, {"samples", samples_}, {"lost_samples", lost_samples_}};
  for (std::size_t i = 0; i < written_.size(); ++i)
    if (written_[i] || lost_[i])
      end["streams"][session_->streams[static_cast<StreamId>(i)].name] = {{"samples", written_[i]}, {"lost", lost_[i]}};
  if (whole) {
    error_ = journal_.append(BlockKind::end, end.dump());
    whole = error_ == 0;
  }
  gone_ = !journal_.in_place_now();
  // Not synced again: finalising begins with that, and nothing counts as recorded before it is done.
  journal_.close();
  return whole && !gone_;
}

}  // namespace grfd
