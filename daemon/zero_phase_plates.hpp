// The plates of `grfd zero-phase`: which rows there will be, and the filtered wrenches on them.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/zero_phase.hpp"
#include "daemon/zero_phase_input.hpp"

namespace grfd {

/// One row every `step` milliseconds of the grid, at multiples of it since the session's start.
struct TwinRows {
  std::size_t first = 0, step = 1, count = 0;
  std::size_t tick(std::size_t row) const { return first + row * step; }
};
TwinRows twin_rows(const TwinGrid& grid, std::size_t step);

/// The wrench as it is filtered, in words.
std::string filter_words(const ZeroPhaseFilter& filter);

struct TwinPlate {
  std::string name, side;
  Vec3 centre{};                             ///< of the surface, lab
  std::vector<std::uint8_t> there;           ///< by row: has the recording one within this step?
  std::vector<std::uint16_t> flags;          ///< by row: all that the recording has within this step
  std::array<std::vector<float>, 6> wrench;  ///< by row, about the centre; written as such, so no more is kept
  // By tick, from the recording's centre of pressure: is it known, is a foot there, has it a row at all?
  std::vector<std::uint8_t> cop_known, foot, judged;
  Wrench6 about_lab_origin(std::size_t row) const;
};
std::vector<std::uint8_t> known(const TwinColumn& column);

/// @throws std::exception that names what is missing, or when no stretch is long enough to decimate anything of it
TwinPlate twin_plate(hid_t file, const std::string& name, const TwinGrid& grid, const ZeroPhaseFilter& filter);

}  // namespace grfd
