// The raw bytes of one device on disk: everything it sent, and the whole conversation that made it send. The format is
// schemas/capture.md. Pure functions of bytes; who writes files is the daemon.
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "drivers/link.hpp"

namespace grfd {

/// The file is none of ours, is damaged, or does not fit. what() names the file and the offset.
struct CaptureError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class CaptureKind : std::uint8_t {
  session = 1,  ///< CaptureSession; first record of every session in the file
  link = 2,     ///< LinkInfo of what was opened
  verb = 3,     ///< what the daemon asked of the driver, and when
  bytes = 4,    ///< of the stream; time is the arrival
  lost = 5,     ///< the device is gone; text says why
  claim = 6,
  control = 7,
  write = 8,
  read = 9,
  start_stream = 10,
  stop_stream = 11,
  hole = 12,     ///< records that could not be kept
  end = 13,      ///< the daemon closed the file
  damaged = 14,  ///< bytes of the stream may be missing here; text says why
  speed = 15,    ///< LinkSpeed of what the link before it opened; older captures lack it: unknown
};
const char* to_string(CaptureKind kind) noexcept;

enum class CaptureVerb : std::uint8_t { start = 1, stop = 2, check = 3, blink = 4 };

using CaptureBytes = std::vector<std::byte>;
using CaptureView = std::span<const std::byte>;

struct CapturedFile {
  std::string path, text;
};

/// What a replay must know of the session.
struct CaptureSession {
  std::string device, driver;  ///< name in the settings, name in the registry
  std::string session_id, software_version, software_build;
  TimeNs start_ns = 0;  ///< lab clock at t = 0
  std::int64_t start_utc_ns = 0;
  std::string settings_file, settings;              ///< the effective text
  std::map<std::string, CapturedFile> calibration;  ///< side of the plate -> its calibration file
};

/// One call of a link and how it ended; `data` is what was sent, or what came.
struct CaptureCall {
  CaptureKind kind = CaptureKind::read;
  TimeNs took_ns = 0;
  std::optional<LinkError::Kind> error = {};
  std::string error_text = {};
  std::uint8_t endpoint = 0;  ///< or the request type
  std::uint8_t request = 0;
  std::uint16_t value = 0, index = 0;
  std::uint32_t asked = 0, transfers = 0;  ///< room for an answer; bytes of each streaming transfer
  CaptureView data = {};                   ///< of a claim: the interfaces
};

// Payloads. Those that read them give nothing when the payload is not as it must be.
CaptureBytes encode(const CaptureSession& session);
CaptureBytes encode(const LinkInfo& info);
CaptureBytes encode(const CaptureCall& call);
CaptureBytes encode_hole(std::uint64_t records, std::uint64_t bytes);
CaptureBytes encode(LinkSpeed speed);
std::optional<CaptureSession> decode_session(CaptureView payload);
std::optional<LinkInfo> decode_link(CaptureView payload);
std::optional<LinkSpeed> decode_speed(CaptureView payload);
std::optional<CaptureCall> decode_call(CaptureKind kind, CaptureView payload);
std::optional<std::pair<std::uint64_t, std::uint64_t>> decode_hole(CaptureView payload);
constexpr bool is_call(CaptureKind k) { return k >= CaptureKind::claim && k <= CaptureKind::stop_stream; }

/// Appends records to a buffer.
class CaptureEncoder {
 public:
  static constexpr std::string_view kMagic = "GRFCAP1\n";
  static constexpr std::size_t kLongest = 16u << 20;  ///< a longer payload is taken for damage
  static void begin(CaptureBytes& out);
  /// A session starts time anew. @param payload at most kLongest bytes
  void record(CaptureBytes& out, CaptureKind kind, TimeNs t, CaptureView payload);

 private:
  TimeNs before_ = 0;
};

struct CaptureRecord {
  CaptureKind kind = CaptureKind::end;
  TimeNs t = 0;
  std::uint64_t offset = 0;  ///< in the file
  CaptureView payload;
};

/// All records of a file, checked. Spans refer to the bytes that were given.
struct CaptureContent {
  std::vector<CaptureRecord> records;
  std::uint64_t good_bytes = 0;  ///< up to the end of the last whole record
  std::uint64_t cut_bytes = 0;   ///< behind it: an unfinished record, or zeros that a power cut left
};
/// @param name of the file, for errors
/// @throws CaptureError foreign, of a newer version, or damaged in front of its end
CaptureContent read_capture(CaptureView bytes, const std::string& name);

}  // namespace grfd
