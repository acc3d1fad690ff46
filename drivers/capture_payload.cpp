// What is in the records of a capture.
#include <nlohmann/json.hpp>

#include "drivers/capture_bytes.hpp"

namespace grfd {
namespace {
using Json = nlohmann::ordered_json;

/// Bytes that are no UTF-8 (a device's strings) must not stop a capture.
std::string dumped(const Json& j) { return j.dump(-1, ' ', false, Json::error_handler_t::replace); }

template <class T>
bool read(const Json& j, const char* key, T& to) {
  const auto found = j.find(key);
  if (found == j.end()) return false;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return false;
  } else {
    if (!found->is_number_integer()) return false;
  }
  to = found->template get<T>();
  return true;
}
}  // namespace

CaptureBytes encode(const CaptureSession& s) {
  Json j{{"format", "grfd-capture"},
         {"format_version", 1},
         {"device", s.device},
         {"driver", s.driver},
         {"session_id", s.session_id},
         {"start_lab_ns", s.start_ns},
         {"start_utc_ns", s.start_utc_ns},
         {"software_version", s.software_version},
         {"software_build", s.software_build},
         {"settings_file", s.settings_file},
         {"settings", s.settings},
         {"calibration", Json::object()}};
  for (const auto& [side, file] : s.calibration) j["calibration"][side] = {{"file", file.path}, {"text", file.text}};
  CaptureBytes out;
  put_text(out, dumped(j));
  return out;
}

std::optional<CaptureSession> decode_session(CaptureView payload) {
  const auto* p = reinterpret_cast<const char*>(payload.data());
  const Json j = Json::parse(p, p + payload.size(), nullptr, false);
  CaptureSession s;
  if (!j.is_object() || !read(j, "device", s.device) || !read(j, "driver", s.driver) ||
      !read(j, "session_id", s.session_id) || !read(j, "start_lab_ns", s.start_ns) ||
      !read(j, "start_utc_ns", s.start_utc_ns) || !read(j, "software_version", s.software_version) ||
      !read(j, "software_build", s.software_build) || !read(j, "settings_file", s.settings_file) ||
      !read(j, "settings", s.settings))
    return std::nullopt;
  if (const auto found = j.find("calibration"); found != j.end() && found->is_object())
    for (const auto& [side, file] : found->items()) {
      CapturedFile& to = s.calibration[side];
      if (!file.is_object() || !read(file, "file", to.path) || !read(file, "text", to.text)) return std::nullopt;
    }
  return s;
}

CaptureBytes encode(const LinkInfo& info) {
  CaptureBytes out;
  put_fixed(out, info.vendor_id, 2);
  put_fixed(out, info.product_id, 2);
  for (const std::string* text : {&info.manufacturer, &info.product, &info.serial_string}) put_counted(out, *text);
  for (const std::uint8_t b : info.configuration) out.push_back(std::byte{b});
  return out;
}

std::optional<LinkInfo> decode_link(CaptureView payload) {
  CaptureCursor in(payload);
  LinkInfo info;
  info.vendor_id = static_cast<std::uint16_t>(in.fixed(2));
  info.product_id = static_cast<std::uint16_t>(in.fixed(2));
  for (std::string* text : {&info.manufacturer, &info.product, &info.serial_string}) *text = in.counted();
  for (const std::byte b : in.rest()) info.configuration.push_back(std::to_integer<std::uint8_t>(b));
  if (!in.whole()) return std::nullopt;
  return info;
}

CaptureBytes encode(LinkSpeed speed) { return {static_cast<std::byte>(speed)}; }

std::optional<LinkSpeed> decode_speed(CaptureView payload) {
  if (payload.size() != 1 || payload[0] > static_cast<std::byte>(LinkSpeed::super)) return std::nullopt;
  return static_cast<LinkSpeed>(payload[0]);
}

CaptureBytes encode(const CaptureCall& c) {
  CaptureBytes out;
  put_number(out, static_cast<std::uint64_t>(c.took_ns));
  put_fixed(out, c.error ? 1 + static_cast<std::uint64_t>(*c.error) : 0, 1);
  if (c.error) put_counted(out, c.error_text);
  put_fixed(out, c.endpoint, 1);
  if (c.kind == CaptureKind::control) {
    put_fixed(out, c.request, 1);
    put_fixed(out, c.value, 2);
    put_fixed(out, c.index, 2);
  }
  if (c.kind == CaptureKind::control || c.kind == CaptureKind::read || c.kind == CaptureKind::start_stream)
    put_number(out, c.asked);
  if (c.kind == CaptureKind::start_stream) put_number(out, c.transfers);
  out.insert(out.end(), c.data.begin(), c.data.end());
  return out;
}

std::optional<CaptureCall> decode_call(CaptureKind kind, CaptureView payload) {
  CaptureCursor in(payload);
  CaptureCall c;
  c.kind = kind;
  c.took_ns = static_cast<TimeNs>(in.number());
  const auto error = in.fixed(1);
  if (error > 1 + static_cast<std::uint64_t>(LinkError::Kind::io)) return std::nullopt;
  if (error > 0) {
    c.error = static_cast<LinkError::Kind>(error - 1);
    c.error_text = in.counted();
  }
  c.endpoint = static_cast<std::uint8_t>(in.fixed(1));
  if (kind == CaptureKind::control) {
    c.request = static_cast<std::uint8_t>(in.fixed(1));
    c.value = static_cast<std::uint16_t>(in.fixed(2));
    c.index = static_cast<std::uint16_t>(in.fixed(2));
  }
  if (kind == CaptureKind::control || kind == CaptureKind::read || kind == CaptureKind::start_stream)
    c.asked = static_cast<std::uint32_t>(in.number());
  if (kind == CaptureKind::start_stream) c.transfers = static_cast<std::uint32_t>(in.number());
  c.data = in.rest();
  if (!in.whole()) return std::nullopt;
  const bool came = kind == CaptureKind::read || (kind == CaptureKind::control && (c.endpoint & 0x80));
  if (came && c.data.size() > c.asked) return std::nullopt;
  return c;
}

CaptureBytes encode_hole(std::uint64_t records, std::uint64_t bytes) {
  CaptureBytes out;
  put_number(out, records);
  put_number(out, bytes);
  return out;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> decode_hole(CaptureView payload) {
  CaptureCursor in(payload);
  const std::uint64_t records = in.number(), bytes = in.number();
  if (!in.whole()) return std::nullopt;
  return std::pair{records, bytes};
}

}  // namespace grfd
