// The wire form of rows in the live feed; schemas/feed.md is the contract.
#pragma once
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "schemas/row.hpp"

namespace grfd {

inline constexpr int kFeedVersion = 1;
inline constexpr std::size_t kRowHeader = 24;
inline constexpr std::int64_t kTimeUnknown = std::numeric_limits<std::int64_t>::min();

/// Time of a row as the feed gives it: ns since the session's start, or kTimeUnknown while the device's clock is
/// unmapped.
inline std::int64_t feed_time(TimeNs t, TimeNs session_start) { return t == 0 ? kTimeUnknown : t - session_start; }

/// Appends one row, little endian: int64 t_ns (see feed_time), uint64 seq, uint16 flags, uint16 epoch,
/// uint32 length of a text row (0 on numeric streams), then the columns in the stream's type. Text is padded with zeros
/// to a multiple of 8.
inline void append_row(std::vector<std::byte>& out, const Row& row, const StreamInfo& info, TimeNs session_start) {
  const bool is_text = info.type == ValueType::text;
  const std::int64_t t = feed_time(row.header.t, session_start);
  const std::uint32_t length = is_text ? static_cast<std::uint32_t>(row.bytes.size()) : 0;
  const std::size_t at = out.size(), body = is_text ? (row.bytes.size() + 7) / 8 * 8 : row.bytes.size();
  out.resize(at + kRowHeader + body);
  std::byte* p = out.data() + at;
  std::memcpy(p, &t, 8);
  std::memcpy(p + 8, &row.header.seq, 8);
  std::memcpy(p + 16, &row.header.flags, 2);
  std::memcpy(p + 18, &row.header.epoch, 2);
  std::memcpy(p + 20, &length, 4);
  if (!row.bytes.empty()) std::memcpy(p + kRowHeader, row.bytes.data(), row.bytes.size());
}

}  // namespace grfd
