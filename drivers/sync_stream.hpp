// The stream of level changes that a device saw on its digital lines: the same for every driver.
#pragma once
#include <string>

#include "schemas/sample_batch.hpp"
#include "schemas/settings.hpp"
#include "schemas/stream.hpp"

namespace grfd {

/// raw/<device>/sync, one row per edge. `t_device` of a row is the edge's time in the device's own counter, the one
/// that also counts its main stream.
/// @param clock_unit "scan": the line is read once per scan and t_device is the first scan at the new level, so the
/// edge
///   came up to one scan interval earlier; "ns", "us": the device stamps the edge itself
/// @param skew_s when in a scan the lines are read; negative: the stamp comes that much after the edge
inline StreamInfo sync_stream(const DeviceSettings& device, const std::string& clock_unit, double skew_s = 0) {
  StreamInfo info;
  info.name = "raw/" + device.name + "/sync";
  info.kind = StreamKind::raw;
  info.type = ValueType::i32;
  info.columns = {{"line", "1"},
                  {"level", "code", 0, skew_s, "0 falling to low, 1 rising to high"},
                  {"count", "count", 0, 0, "edges as the device counts them; -1 it does not count"}};
  info.device = device.name;
  info.serial = device.serial;
  info.clock = device.name;
  info.clock_unit = clock_unit;
  info.description =
      clock_unit == "scan"
          ? "level changes of the digital lines; t is the middle of the interval between the last scan before "
            "and the first one after; gap_before: scans were lost there, the edge may be older"
          : "level changes of the digital lines, stamped by the device";
  return info;
}

/// Writes one row.
inline void push_edge(SampleBatch& out, const Sample& header, int line, bool level, std::int32_t count = -1) noexcept {
  Sample& s = out.next();
  s = header;
  set_value<std::int32_t>(s, 0, line);
  set_value<std::int32_t>(s, 1, level ? 1 : 0);
  set_value<std::int32_t>(s, 2, count);
}

}  // namespace grfd
