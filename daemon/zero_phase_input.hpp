// What `grfd zero-phase` reads from a recording: its plates on the common grid.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/h5.hpp"
#include "dsp/wrench.hpp"

namespace grfd {

/// The milliseconds from the first to the last row of any plate.
struct TwinGrid {
  std::int64_t first_ms = 0;  ///< since the session's start
  std::size_t ticks = 0;
};
/// @throws std::runtime_error when there are no rows, or four hours of them: as much as memory should hold
TwinGrid twin_grid(hid_t file, const std::vector<std::string>& plates);

/// One column of a stream by tick; `there` is 0 where the recording has no row, and then the value is NaN.
struct TwinColumn {
  std::vector<std::uint8_t> there;
  std::vector<std::uint16_t> flags;
  std::vector<double> values;
};
TwinColumn twin_column(hid_t file, const std::string& stream, std::size_t column, const TwinGrid& grid);

/// What the recording says of a plate, as far as the centre of pressure needs it: name, side, corners, polynomial.
PlateSettings recorded_plate(hid_t file, const std::string& plate);

}  // namespace grfd
