#include "daemon/zero_phase_plates.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "daemon/h5.hpp"
#include "dsp/decimation.hpp"
#include "dsp/filters.hpp"
#include "dsp/parameter_text.hpp"

namespace grfd {
namespace {

std::vector<double> filtered(const std::vector<double>& x, const ZeroPhaseFilter& filter, std::size_t first) {
  const FilterSettings& low_pass = filter.low_pass;
  if (filter.sway) return sway_filter(decimate(x, filter.divisor, first), filter.rate_hz(), low_pass.cutoff_hz);
  return decimate(zero_phase_low_pass(x, low_pass.order, low_pass.cutoff_hz, kTwinGridHz), filter.divisor, first);
}

bool any_known(const std::vector<double>& x) {
  return std::any_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); });
}

/// Each tick belongs to the row nearest to it.
template <class Value>
std::vector<Value> gathered(const std::vector<Value>& by_tick, const TwinRows& rows) {
  std::vector<Value> by_row(rows.count);
  for (std::size_t row = 0; row < rows.count; ++row) {
    const std::size_t middle = rows.tick(row), back = std::min(middle, rows.step / 2);
    const std::size_t end = std::min(by_tick.size(), middle + (rows.step + 1) / 2);
    for (std::size_t k = middle - back; k < end; ++k) by_row[row] = static_cast<Value>(by_row[row] | by_tick[k]);
  }
  return by_row;
}

}  // namespace

TwinRows twin_rows(const TwinGrid& grid, std::size_t step) {
  const auto m = static_cast<std::int64_t>(step);
  TwinRows rows{static_cast<std::size_t>(((-grid.first_ms) % m + m) % m), step, 0};
  if (grid.ticks > rows.first) rows.count = (grid.ticks - rows.first - 1) / step + 1;
  return rows;
}

std::string filter_words(const ZeroPhaseFilter& filter) {
  const std::string low_pass = filter_text(filter.low_pass) + ", forward and backward";
  if (filter.divisor == 1 && !filter.sway) return low_pass;
  const std::string fewer = "decimated by " + std::to_string(filter.divisor) + " (Kaiser low-pass, beta " +
                            std::to_string(static_cast<int>(Decimation::kBeta)) + ", " +
                            std::to_string(Decimation::kTapsPerPhase) + " taps per phase, cut-off " +
                            quantity(0.5 * Decimation::kCutoff * filter.rate_hz(), "Hz") + ")";
  return filter.sway ? fewer + ", then " + low_pass + ", its cut-off not corrected for two passes"
                     : low_pass + ", then " + fewer;
}

Wrench6 TwinPlate::about_lab_origin(std::size_t row) const {
  Wrench6 w;
  for (std::size_t c = 0; c < 6; ++c) w[c] = wrench[c][row];
  return shift(w, {-centre[0], -centre[1], -centre[2]});
}

std::vector<std::uint8_t> known(const TwinColumn& column) {
  std::vector<std::uint8_t> known(column.values.size());
  for (std::size_t k = 0; k < known.size(); ++k) known[k] = !std::isnan(column.values[k]);
  return known;
}

TwinPlate twin_plate(hid_t file, const std::string& name, const TwinGrid& grid, const ZeroPhaseFilter& filter) {
  constexpr std::uint16_t kContact = 1 << 9;  // cop/<plate>: a foot is there
  const TwinRows rows = twin_rows(grid, filter.divisor);
  TwinPlate plate;
  plate.name = name;
  plate.centre = plate_centre(file, name);
  plate.side = h5::text_attribute(h5::open(file, "calibration/" + name), "side");
  for (std::size_t c = 0; c < 6; ++c) {
    const TwinColumn column = twin_column(file, "plate/" + name, c, grid);
    const auto y = filtered(column.values, filter, rows.first);
    if (any_known(column.values) && !any_known(y))
      throw std::runtime_error(
          "plate " + name + " has no " + quantity(2 * decimation_delay_s(filter.divisor, kTwinGridHz), "s") +
          " of known samples in one piece, as a rate of " + quantity(filter.rate_hz(), "Hz") + " needs");
    plate.wrench[c].assign(y.begin(), y.end());
    if (c > 0) continue;
    plate.there = gathered(column.there, rows);
    plate.flags = gathered(column.flags, rows);
  }
  TwinColumn cop = twin_column(file, "cop/" + name, 0, grid);
  plate.cop_known = known(cop);
  for (const std::uint16_t flags : cop.flags) plate.foot.push_back((flags & kContact) != 0);
  plate.judged = std::move(cop.there);
  return plate;
}

}  // namespace grfd
