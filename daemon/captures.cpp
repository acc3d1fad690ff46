#include "daemon/captures.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "daemon/config_parts.hpp"
#include "daemon/log.hpp"

namespace grfd {
namespace {
constexpr auto kPause = std::chrono::milliseconds(20);
constexpr std::size_t kConversationBytes = 1 << 20, kLeastStreamBytes = 1 << 20;
constexpr double kStreamSeconds = 10;  // that a disk may be slow
}  // namespace

CaptureFile::CaptureFile(std::string path, const CaptureSession& session, std::size_t ring_bytes)
    : path_(std::move(path)),
      file_(path_, O_WRONLY | O_CREAT | O_EXCL),
      lanes_{{{SpscRing<std::byte>(ring_bytes), Counter("capture_ring_full"), 0, 0, false, {}},
              {SpscRing<std::byte>(kConversationBytes), Counter("capture_conversation_ring_full"), 0, 0, false, {}}}} {
  CaptureEncoder::begin(out_);
  encoder_.record(out_, CaptureKind::session, session.start_ns, encode(session));
  last_t_ = session.start_ns;
  if (const int error = write_out()) {
    errno = error;
    throw_errno("write", path_);
  }
}

CaptureFile::~CaptureFile() {
  drain();
  for (const Lane& lane : lanes_) unwritten_ += lane.lost, unwritten_bytes_ += lane.lost_bytes;
  if (unwritten_ > 0) encoder_.record(out_, CaptureKind::hole, last_t_, encode_hole(unwritten_, unwritten_bytes_));
  encoder_.record(out_, CaptureKind::end, last_t_, {});
  if (const int error = write_out())
    log(Level::error, path_ + ": its end could not be written: " + std::strerror(error));
}

void CaptureFile::streamed(CaptureKind kind, TimeNs t, CaptureView payload) noexcept {
  put(lanes_[0], kind, t, payload);
}
void CaptureFile::said(CaptureKind kind, TimeNs t, CaptureView payload) noexcept { put(lanes_[1], kind, t, payload); }

void CaptureFile::put(Lane& lane, CaptureKind kind, TimeNs t, CaptureView payload) noexcept {
  // Only this thread takes room away: what is there now stays there, and a record goes in whole or not at all.
  if (payload.size() > CaptureEncoder::kLongest ||
      lane.ring.capacity() - lane.ring.size() < sizeof(Head) + payload.size()) {
    ++lane.dropped;
    ++lane.lost;
    lane.lost_bytes += payload.size();
    return;
  }
  const Head head{ticket_.fetch_add(1, std::memory_order_relaxed),
                  t,
                  static_cast<std::uint32_t>(payload.size()),
                  static_cast<std::uint32_t>(kind),
                  lane.lost,
                  lane.lost_bytes};
  lane.lost = lane.lost_bytes = 0;
  lane.ring.push(std::as_bytes(std::span(&head, 1)));
  lane.ring.push(payload);
}

/// Is there a whole record in front? Its head is then in lane.head.
bool CaptureFile::peek(Lane& lane) {
  if (!lane.have_head) {
    if (lane.ring.size() < sizeof(Head)) return false;
    lane.ring.pop(std::as_writable_bytes(std::span(&lane.head, 1)));
    lane.have_head = true;
  }
  return lane.ring.size() >= lane.head.length;
}

int CaptureFile::drain() {
  int error = 0;
  for (;;) {
    Lane* lane = nullptr;
    for (Lane& l : lanes_)
      if (peek(l) && l.head.ticket == next_) lane = &l;
    if (!lane) break;  // nothing, or its producer is just putting it in
    payload_.resize(lane->head.length);
    lane->ring.pop(payload_);
    lane->have_head = false;
    ++next_;
    const Head& h = lane->head;
    if (h.lost + unwritten_ > 0) {
      encoder_.record(out_, CaptureKind::hole, last_t_,
                      encode_hole(h.lost + unwritten_, h.lost_bytes + unwritten_bytes_));
      unwritten_ = unwritten_bytes_ = 0;
    }
    encoder_.record(out_, static_cast<CaptureKind>(h.kind), h.t, payload_);
    last_t_ = h.t;
    ++in_out_;
    if (out_.size() >= 1 << 16)
      if (const int e = write_out()) error = e;
  }
  if (const int e = write_out()) error = e;
  return error;
}

/// All of `out_` or nothing: a torn record would make the rest unreadable.
int CaptureFile::write_out() {
  int error = 0;
  for (std::size_t done = 0; done < out_.size() && error == 0;) {
    const ssize_t n = ::pwrite(file_.fd(), out_.data() + done, out_.size() - done, static_cast<off_t>(good_ + done));
    if (n > 0)
      done += static_cast<std::size_t>(n);
    else if (n == 0 || errno != EINTR)
      error = n == 0 ? ENOSPC : errno;
  }
  const bool news = error != 0 && !failing_;
  failing_ = error != 0;
  if (error == 0) {
    good_ += out_.size();
  } else {
    if (::ftruncate(file_.fd(), static_cast<off_t>(good_)) != 0) error = errno;  // the next write covers it
    refused_ += in_out_;
    unwritten_ += in_out_;
    unwritten_bytes_ += out_.size();
  }
  out_.clear();
  in_out_ = 0;
  return news ? error : 0;
}

Captures::Captures(const Session& session) {
  namespace fs = std::filesystem;
  CaptureSession head;
  head.session_id = session.id;
  head.software_version = session.software_version;
  head.software_build = session.software_build;
  head.start_ns = session.start;
  head.start_utc_ns = session.start_utc_ns;
  head.settings_file = session.settings.file;
  head.settings = session.settings.effective;
  for (const PlateSettings& plate : session.settings.plates)
    head.calibration[to_string(plate.side)] = {plate.calibration.file, read_text(plate.calibration.file)};
  const std::string folder = session.settings.record.folder.empty() ? "." : session.settings.record.folder;
  fs::create_directories(folder);
  for (const DeviceSettings& device : session.settings.devices) {
    head.device = device.name;
    head.driver = device.driver;
    double bytes_per_s = 0;
    for (const StreamInfo& s : session.streams)
      if (s.device == device.name)
        bytes_per_s += s.rate_hz * static_cast<double>(s.parts()) * 256;  // with room for framing
    const auto ring =
        std::max(kLeastStreamBytes, static_cast<std::size_t>(std::min(64e6, bytes_per_s * kStreamSeconds)));
    files_.push_back(
        std::make_unique<CaptureFile>(folder + "/" + session.id + "_" + device.name + ".grfcap", head, ring));
  }
}

void Captures::connect(Assembly& assembly, const LabClock& clock) {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    assembly.ports[i]->capture(*files_[i], clock);
    for (const Counter* counter : files_[i]->counters())
      assembly.engine->add_counter(assembly.ports[i]->settings().name, *counter);
  }
}

void Captures::drain() {
  for (auto& file : files_)
    if (const int error = file->drain())
      log(Level::error,
          file->path() + ": " + std::strerror(error) + "; what could not be written is counted and marked in it");
}

void Captures::start() {
  loop_ = std::make_unique<Loop>("capture", 0, [this] {
    std::this_thread::sleep_for(kPause);
    drain();
  });
}

}  // namespace grfd
