// A small session with one stream of every shape, samples whose every value follows from seq, and a folder for a test.
#pragma once
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "schemas/sample_batch.hpp"
#include "schemas/session.hpp"

namespace recording_test {
using namespace grfd;

inline constexpr TimeNs kStart = 5'000'000'000'000;

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/grfd_recording_XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() {
    std::error_code code;
    std::filesystem::remove_all(path, code);
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& e : std::filesystem::directory_iterator(path)) names.push_back(e.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
};

enum Stream : StreamId { kScan, kCop, kWide, kCommands, kGaps, kClock, kNever };

inline Session make_session(const std::string& folder, bool virtual_time = true) {
  Session session;
  session.id = "20261125T203000Z-4f2a";
  session.start = kStart;
  session.start_utc_ns = 1795638600'000000000;  // 2026-11-25T20:30:00Z
  session.software_version = "0.1.0";
  session.software_build = "test";
  session.virtual_time = virtual_time;
  session.settings.record.folder = folder;
  session.settings.effective = "[participant]\ncode = \"P07\"\n# Grüße\n";
  session.settings.participant = {"P07", Dominant::right, "kicking leg", 3.0};
  PlateSettings plate;
  plate.name = "left";
  plate.stream = "raw/u6/scan";
  plate.columns = {0, 1, 2};
  plate.calibration.serial = "K-123";
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 6; ++j) plate.calibration.sensitivity[i][j] = static_cast<double>(10 * i + j);
  plate.corners_m = {{{0.1, 0.2, 0}, {-0.1, 0.2, 0}, {-0.1, -0.2, 0}, {0.1, -0.2, 0}}};
  session.settings.plates = {plate};

  StreamInfo scan;
  scan.name = "raw/u6/scan";
  scan.kind = StreamKind::raw;
  scan.type = ValueType::i32;
  scan.rate_hz = 1000;
  scan.device = scan.clock = "u6";
  scan.clock_unit = "scan";
  for (int i = 0; i < 13; ++i) scan.columns.push_back({"ain" + std::to_string(i), "count", 0, 2e-5 * i});
  session.streams.add(scan);
  StreamInfo cop;
  cop.name = "cop/left";
  cop.type = ValueType::f32;
  cop.rate_hz = 1000;
  cop.frame = "lab";
  cop.columns = {{"cop_ml", "m", 0.011}, {"cop_ap", "m", 0.011}, {"quality", "code", 0, 0, "0 none, 1 good"}};
  cop.flag_names[0] = "cop_low_quality";
  session.streams.add(cop);
  StreamInfo wide;
  wide.name = "reps/pair";
  wide.type = ValueType::f64;
  for (int i = 0; i < 11; ++i) wide.columns.push_back({"metric" + std::to_string(i), "1"});
  wide.columns.back().optional = true;
  session.streams.add(wide);
  StreamInfo text;
  text.name = "commands";
  text.kind = StreamKind::event;
  text.type = ValueType::text;
  text.columns = {{"name", ""}, {"detail", ""}};
  session.streams.add(text);
  text.name = "gaps";
  session.streams.add(text);
  StreamInfo clock;
  clock.name = "clock/u6";
  clock.type = ValueType::i64;
  clock.columns = {{"offset", "ns"}};
  session.streams.add(clock);
  StreamInfo never = cop;
  never.name = "ankle/left";
  session.streams.add(never);
  return session;
}

// The truth about every value: tests compare the file with these.
inline std::int32_t scan_value(std::uint64_t seq, std::size_t column) {
  return static_cast<std::int32_t>((seq * 2654435761u + column * 40503u) & 0xffffff);
}
inline bool cop_invalid(std::uint64_t seq) { return seq % 97 == 0; }
inline float cop_value(std::uint64_t seq, std::size_t column) {
  return cop_invalid(seq) ? std::numeric_limits<float>::quiet_NaN()
                          : static_cast<float>(std::sin(0.01 * static_cast<double>(seq) + static_cast<double>(column)));
}
inline double wide_value(std::uint64_t seq, std::size_t column) {
  return static_cast<double>(seq) + 0.1 * static_cast<double>(column);
}
inline TimeNs time_of(std::uint64_t seq) { return kStart + static_cast<TimeNs>(seq) * 1'000'000; }

inline Sample scan_sample(std::uint64_t seq) {
  Sample s;
  s.stream = kScan;
  s.seq = seq;
  s.t = time_of(seq);
  s.t_arrival = s.t + 700'000 + static_cast<TimeNs>(seq % 7) * 1000;
  s.t_device = 4000 + seq;
  s.order = 10 * seq;
  for (std::size_t c = 0; c < 13; ++c) set_value(s, c, scan_value(seq, c));
  return s;
}
inline Sample cop_sample(std::uint64_t seq) {
  Sample s;
  s.stream = kCop;
  s.seq = seq;
  s.t = time_of(seq);
  s.flags = cop_invalid(seq) ? kInvalid : 0;
  for (std::size_t c = 0; c < 3; ++c) set_value(s, c, cop_value(seq, c));
  return s;
}
inline Sample wide_part(std::uint64_t seq, std::uint8_t part) {
  Sample s;
  s.stream = kWide;
  s.seq = seq;
  s.t = time_of(100 * seq);
  s.part = part;
  s.parts = 2;
  for (std::size_t c = 8 * part; c < std::min<std::size_t>(11, 8 * part + 8); ++c)
    set_value(s, c - 8 * part, wide_value(seq, c));
  return s;
}
inline Sample clock_sample(std::uint64_t seq) {
  Sample s;
  s.stream = kClock;
  s.seq = seq;
  s.t = time_of(100 * seq);
  set_value<std::int64_t>(s, 0, -static_cast<std::int64_t>(seq) * 1'000'003);
  return s;
}
/// One millisecond of the session.
inline void push_tick(std::vector<Sample>& out, std::uint64_t seq) {
  out.push_back(scan_sample(seq));
  out.push_back(cop_sample(seq));
  if (seq % 100 != 0) return;
  out.push_back(wide_part(seq / 100, 0));
  out.push_back(wide_part(seq / 100, 1));
  out.push_back(clock_sample(seq / 100));
}
inline std::vector<Sample> text_row(StreamId stream, std::uint64_t seq, TimeNs t, const std::string& row) {
  FixedBatch<255> batch;
  Sample header;
  header.stream = stream;
  header.seq = seq;
  header.t = header.t_arrival = t;
  header.order = 10 * seq + 1;
  push_text(batch, header, row);
  const auto s = batch.samples();
  return {s.begin(), s.end()};
}
inline std::vector<Sample> start_row(const std::string& name, std::uint64_t seq = 0, TimeNs t = kStart) {
  return text_row(kCommands, seq, t,
                  "record_start {\"id\":7,\"name\":\"" + name + "\",\"comment\":\"" + std::string(80, 'c') + "\"}");
}
inline std::vector<Sample> stop_row(std::uint64_t seq = 1, TimeNs t = kStart) {
  return text_row(kCommands, seq, t, "record_stop {\"id\":8}");
}

}  // namespace recording_test
