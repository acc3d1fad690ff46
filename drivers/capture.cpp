#include "drivers/capture.hpp"

#include <zlib.h>

#include <algorithm>

#include "drivers/capture_bytes.hpp"

namespace grfd {
namespace {

bool known(std::uint8_t kind) { return kind >= 1 && kind <= static_cast<std::uint8_t>(CaptureKind::speed); }

std::uint32_t checksum(CaptureView bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size())));
}

[[noreturn]] void fail(const std::string& name, std::uint64_t offset, const std::string& what) {
  throw CaptureError(name + ": offset " + std::to_string(offset) + ": " + what);
}

/// Can this payload be used at all? A replay must not find out in the middle.
bool well_formed(CaptureKind kind, CaptureView payload) {
  if (is_call(kind)) return decode_call(kind, payload).has_value();
  switch (kind) {
    case CaptureKind::session:
      return decode_session(payload).has_value();
    case CaptureKind::link:
      return decode_link(payload).has_value();
    case CaptureKind::speed:
      return decode_speed(payload).has_value();
    case CaptureKind::verb:
      return payload.size() == 1 && payload[0] >= std::byte{1} && payload[0] <= std::byte{4};
    case CaptureKind::hole:
      return decode_hole(payload).has_value();
    case CaptureKind::end:
      return payload.empty();
    default:
      return true;
  }
}

}  // namespace

const char* to_string(CaptureKind kind) noexcept {
  constexpr const char* kNames[] = {"?",     "session", "link",    "verb", "bytes",        "lost",
                                    "claim", "control", "write",   "read", "start_stream", "stop_stream",
                                    "hole",  "end",     "damaged", "speed"};
  return known(static_cast<std::uint8_t>(kind)) ? kNames[static_cast<std::size_t>(kind)] : kNames[0];
}

void CaptureEncoder::begin(CaptureBytes& out) { put_text(out, kMagic); }

void CaptureEncoder::record(CaptureBytes& out, CaptureKind kind, TimeNs t, CaptureView payload) {
  if (kind == CaptureKind::session) before_ = 0;
  const std::size_t from = out.size();
  out.push_back(static_cast<std::byte>(kind));
  put_number(out, payload.size());
  put_signed(out, static_cast<std::int64_t>(static_cast<std::uint64_t>(t) - static_cast<std::uint64_t>(before_)));
  out.insert(out.end(), payload.begin(), payload.end());
  put_fixed(out, checksum(CaptureView(out).subspan(from)), 4);
  before_ = t;
}

CaptureContent read_capture(CaptureView bytes, const std::string& name) {
  const std::string_view magic = CaptureEncoder::kMagic;
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), magic.size()));
  if (head.size() < magic.size()) fail(name, 0, "the file is too short to be a capture (GRFCAP1)");
  if (head != magic) {
    if (head.substr(0, 6) == magic.substr(0, 6))
      fail(name, 6, "a capture of another version; this program reads version 1");
    fail(name, 0, "not a capture: it must begin with GRFCAP1");
  }
  CaptureContent content;
  std::size_t at = magic.size();
  TimeNs t = 0;
  while (at < bytes.size()) {
    CaptureCursor in(bytes.subspan(at));
    CaptureRecord record;
    record.offset = at;
    const auto kind = static_cast<std::uint8_t>(in.fixed(1));
    record.kind = static_cast<CaptureKind>(kind);
    const std::uint64_t length = in.number();
    const std::int64_t step = in.signed_number();
    if (kind == 0 && std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(),
                                 [](std::byte b) { return b == std::byte{0}; }))
      break;
    if (!known(kind)) fail(name, at, "damaged: no record of kind " + std::to_string(kind) + " exists");
    if (in.malformed() || length > CaptureEncoder::kLongest) fail(name, at, "damaged: its length cannot be read");
    record.payload = in.take(length);
    const std::size_t covered = in.used();
    const auto wanted = static_cast<std::uint32_t>(in.fixed(4));
    if (in.short_of_bytes()) break;
    if (checksum(bytes.subspan(at, covered)) != wanted) fail(name, at, "damaged: the checksum of this record is wrong");
    if (content.records.empty() && record.kind != CaptureKind::session)
      fail(name, at, "damaged: the first record must be the session's");
    if (!well_formed(record.kind, record.payload))
      fail(name, at, std::string("damaged: this is no '") + to_string(record.kind) + "'");
    if (record.kind == CaptureKind::session) t = 0;
    t = static_cast<TimeNs>(static_cast<std::uint64_t>(t) + static_cast<std::uint64_t>(step));
    record.t = t;
    content.records.push_back(record);
    at += in.used();
  }
  content.good_bytes = at;
  content.cut_bytes = bytes.size() - at;
  return content;
}

}  // namespace grfd
