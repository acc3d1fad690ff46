// The binary message that carries new rows of the grid to a page. clients/monitor/README.md is its
// contract.
#pragma once
#include <cstring>
#include <string>

#include "clients/monitor/board.hpp"

namespace grfd::monitor {

inline constexpr std::int64_t kFrameRows = 200;  ///< 2 s; a page that was away longer does not get all of it
inline constexpr std::size_t kFrameHeader = 24;
inline constexpr std::int64_t kFromNow = -1;  ///< a page that just came: it gets the last 2 s, and nothing was left out

/// Little endian: u8 version 1, u8 0, u16 rows, u32 number of the frame, f32 age of the newest row in ms (infinite:
/// there is none), u32 rows left out because the page was slow, f64 time of the first row in s; then the rows, f32
/// columns in the order of kFrameColumns, 10 ms apart. `from` becomes the slot after the last one.
inline std::string make_frame(const Board& board, std::int64_t& from, std::uint32_t number, float age_ms) {
  std::uint32_t skipped = 0;
  const std::int64_t first_possible = std::max(board.begin(), board.end() - kFrameRows);
  if (from > board.end()) from = board.begin();  // a new session
  if (from == kFromNow) from = first_possible;
  if (from < first_possible) {
    skipped = static_cast<std::uint32_t>(first_possible - from);
    from = first_possible;
  }
  const std::int64_t rows = board.end() - from;
  std::string out(kFrameHeader + static_cast<std::size_t>(rows) * sizeof(GridRow), '\0');
  const auto put = [&](std::size_t at, auto value) { std::memcpy(out.data() + at, &value, sizeof value); };
  put(0, std::uint8_t{1});
  put(2, static_cast<std::uint16_t>(rows));
  put(4, number);
  put(8, age_ms);
  put(12, skipped);
  put(16, static_cast<double>(from) * (kSlotNs * 1e-9));
  for (std::int64_t i = 0; i < rows; ++i)
    put(kFrameHeader + static_cast<std::size_t>(i) * sizeof(GridRow), board.at(from + i));
  from = board.end();
  return out;
}

}  // namespace grfd::monitor
