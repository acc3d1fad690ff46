#include "drivers/replay.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

namespace grfd {
namespace {

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  char two[4];
  for (const std::byte b : bytes.first(std::min<std::size_t>(bytes.size(), 24))) {
    std::snprintf(two, sizeof two, "%02x", std::to_integer<unsigned>(b));
    text += two;
  }
  return bytes.size() > 24 ? text + "..." : text;
}

std::string describe(const CaptureCall& c) {
  return std::string(to_string(c.kind)) + " " + hex({reinterpret_cast<const std::byte*>(&c.endpoint), 1}) +
         (c.kind == CaptureKind::control ? " request " + std::to_string(c.request) + " value " +
                                               std::to_string(c.value) + " index " + std::to_string(c.index)
                                         : "");
}

CaptureBytes read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw CaptureError(path + ": cannot be opened");
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad() || text.fail()) throw CaptureError(path + ": cannot be read (empty, or no file)");
  const std::string all = std::move(text).str();
  const auto* p = reinterpret_cast<const std::byte*>(all.data());
  return {p, p + all.size()};
}

}  // namespace

Capture::Capture(const std::string& path) : bytes_(read_all(path)), name_(path) { examine(); }
Capture::Capture(CaptureBytes bytes, std::string name) : bytes_(std::move(bytes)), name_(std::move(name)) { examine(); }

void Capture::examine() {
  content_ = read_capture(bytes_, name_);
  auto& records = content_.records;
  if (records.empty())
    throw CaptureError(name_ + ": offset 8: the session is missing: cut off before anything was captured");
  session_ = *decode_session(records.front().payload);
  const auto is_session = [](const CaptureRecord& r) { return r.kind == CaptureKind::session; };
  later_ = static_cast<std::size_t>(std::count_if(records.begin() + 1, records.end(), is_session));
  records.erase(std::find_if(records.begin() + 1, records.end(), is_session), records.end());
  closed_ = records.back().kind == CaptureKind::end;
}

ReplayLink::ReplayLink(const Capture& capture) : capture_(capture), now_(capture.session().start_ns) {}
ReplayLink::~ReplayLink() = default;

TimeNs ReplayLink::next() const noexcept {
  if (at_ == capture_.records().size()) return kEnd;
  return std::max(now_, capture_.records()[at_].t);
}

const char* ReplayLink::reason_in(const CaptureRecord& r) {
  return reasons_.emplace(reinterpret_cast<const char*>(r.payload.data()), r.payload.size()).first->c_str();
}

/// @return false for a call or a verb, which are for others
bool ReplayLink::deliver(const CaptureRecord& r) {
  switch (r.kind) {
    case CaptureKind::bytes:
      if (!receiver_) return ++unheard_, true;
      ++transfers_;
      receiver_->bytes(r.payload, r.t);
      return true;
    case CaptureKind::lost:
      if (receiver_) receiver_->lost(reason_in(r));
      return true;
    case CaptureKind::damaged:
      if (receiver_) receiver_->damaged(reason_in(r));
      return true;
    case CaptureKind::link:
      info_ = *decode_link(r.payload);
      return true;
    case CaptureKind::speed:
      info_.speed = *decode_speed(r.payload);
      return true;
    case CaptureKind::hole:
      holes_ += decode_hole(r.payload)->first;
      return true;
    case CaptureKind::session:
    case CaptureKind::end:
      return true;
    default:
      return false;
  }
}

std::optional<CaptureVerb> ReplayLink::step() {
  now_ = next();
  const CaptureRecord& r = capture_.records()[at_++];
  if (deliver(r)) return std::nullopt;
  if (r.kind == CaptureKind::verb) {
    asked_at_ = r.t;
    return static_cast<CaptureVerb>(r.payload[0]);
  }
  throw CaptureError(capture_.name() + ": offset " + std::to_string(r.offset) + ": the capture has a '" +
                     to_string(r.kind) +
                     "' here that the driver does not ask for: another driver version, or other settings");
}

void ReplayLink::diverge(const CaptureRecord& record, const std::string& what) {
  if (divergence_.empty()) divergence_ = capture_.name() + ": offset " + std::to_string(record.offset) + ": " + what;
  throw LinkError(LinkError::Kind::io, divergence_);
}

CaptureCall ReplayLink::answer(CaptureKind kind) {
  if (!divergence_.empty()) throw LinkError(LinkError::Kind::io, divergence_);
  for (; at_ < capture_.records().size(); ++at_) {
    const CaptureRecord& r = capture_.records()[at_];
    now_ = std::max(now_, r.t);
    if (deliver(r)) continue;
    if (r.kind != kind)
      diverge(r, std::string("the driver asks for a '") + to_string(kind) + "' where the capture has a '" +
                     to_string(r.kind) + "': another driver version, or other settings");
    return *decode_call(kind, r.payload);
  }
  throw LinkError(LinkError::Kind::gone, capture_.name() + ": the capture ends here");
}

/// Behind the answer that was just found.
void ReplayLink::require(bool same, const CaptureCall& call, const std::string& did) {
  if (!same)
    diverge(capture_.records()[at_], "the driver does '" + did + "' where the capture has '" + describe(call) + " " +
                                         hex(call.data) + "': another driver version, or other settings");
  ++at_;
  if (call.error) throw LinkError(*call.error, call.error_text);
}

void ReplayLink::claim(std::span<const int> interfaces) {
  const CaptureCall call = answer(CaptureKind::claim);
  CaptureBytes numbers;
  for (const int i : interfaces) numbers.push_back(static_cast<std::byte>(i));
  require(std::equal(numbers.begin(), numbers.end(), call.data.begin(), call.data.end()), call,
          "claim " + hex(numbers));
}

std::size_t ReplayLink::control(std::uint8_t request_type, std::uint8_t request, std::uint16_t value,
                                std::uint16_t index, std::span<std::byte> data, int) {
  const CaptureCall call = answer(CaptureKind::control);
  const bool comes = (request_type & 0x80) != 0;
  CaptureCall asked{
      .kind = CaptureKind::control, .endpoint = request_type, .request = request, .value = value, .index = index};
  const bool same = call.endpoint == request_type && call.request == request && call.value == value &&
                    call.index == index && call.asked == data.size() &&
                    (comes || std::equal(data.begin(), data.end(), call.data.begin(), call.data.end()));
  require(same, call, describe(asked) + " " + (comes ? "" : hex(data)));
  if (comes) std::copy(call.data.begin(), call.data.end(), data.begin());
  return call.data.size();
}

void ReplayLink::write(std::uint8_t endpoint, std::span<const std::byte> data, int) {
  const CaptureCall call = answer(CaptureKind::write);
  const bool same =
      call.endpoint == endpoint && std::equal(data.begin(), data.end(), call.data.begin(), call.data.end());
  require(same, call, describe({.kind = CaptureKind::write, .endpoint = endpoint}) + " " + hex(data));
}

std::size_t ReplayLink::read(std::uint8_t endpoint, std::span<std::byte> data, int) {
  const CaptureCall call = answer(CaptureKind::read);
  require(call.endpoint == endpoint && call.asked == data.size(), call,
          describe({.kind = CaptureKind::read, .endpoint = endpoint}) + " of " + std::to_string(data.size()));
  std::copy(call.data.begin(), call.data.end(), data.begin());
  return call.data.size();
}

void ReplayLink::start_stream(std::uint8_t endpoint, std::size_t, int) {
  const CaptureCall call = answer(CaptureKind::start_stream);
  require(call.endpoint == endpoint, call, describe({.kind = CaptureKind::start_stream, .endpoint = endpoint}));
}

void ReplayLink::stop_stream(std::uint8_t endpoint, int) noexcept {
  try {
    const CaptureCall call = answer(CaptureKind::stop_stream);
    require(call.endpoint == endpoint, call, describe({.kind = CaptureKind::stop_stream, .endpoint = endpoint}));
  } catch (const LinkError&) {  // `divergence` tells, or the capture has ended
  }
}

}  // namespace grfd
