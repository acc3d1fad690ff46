#include "daemon/zero_phase_input.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace grfd {
namespace {

constexpr std::size_t kMostTicks = 4 * 3600 * 1000;

std::vector<double> times(hid_t file, const std::string& stream) {
  const h5::Id dataset = h5::open(file, "streams/" + stream + "/t");
  std::vector<double> t(h5::shape(dataset).at(0));
  if (!t.empty()) h5::read_rows(dataset, H5T_NATIVE_DOUBLE, 0, t.size(), t.data());
  return t;
}

std::int64_t tick_of(double t_s) { return std::llround(t_s * 1e3); }

}  // namespace

TwinGrid twin_grid(hid_t file, const std::vector<std::string>& plates) {
  double first = std::numeric_limits<double>::infinity(), last = -first;
  for (const std::string& plate : plates)
    for (const double t : times(file, "plate/" + plate)) {
      if (std::isnan(t)) continue;
      first = std::min(first, t);
      last = std::max(last, t);
    }
  if (!(first <= last)) throw std::runtime_error("its plates have no rows");
  if (!(last - first < 1e-3 * kMostTicks)) throw std::runtime_error("its plates have rows of more than four hours");
  return {tick_of(first), static_cast<std::size_t>(tick_of(last) - tick_of(first)) + 1};
}

TwinColumn twin_column(hid_t file, const std::string& stream, std::size_t column, const TwinGrid& grid) {
  constexpr hsize_t kRows = 1 << 15;
  const h5::Id group = h5::open(file, "streams/" + stream), values = h5::open(group, "values"),
               flag_set = h5::open(group, "flags");
  const std::vector<double> t = times(file, stream);
  const h5::Shape shape = h5::shape(values);
  if (shape.size() != 2 || shape[0] != t.size() || column >= shape[1] || h5::shape(flag_set) != h5::Shape{t.size()})
    throw std::runtime_error(stream + " has not the rows or columns of this program's recordings");
  TwinColumn out{std::vector<std::uint8_t>(grid.ticks), std::vector<std::uint16_t>(grid.ticks),
                 std::vector<double>(grid.ticks, std::numeric_limits<double>::quiet_NaN())};
  std::vector<double> rows;
  std::vector<std::uint16_t> flags;
  for (hsize_t at = 0; at < shape[0]; at += kRows) {
    const hsize_t n = std::min(kRows, shape[0] - at);
    rows.resize(n * shape[1]);
    flags.resize(n);
    h5::read_rows(values, H5T_NATIVE_DOUBLE, at, n, rows.data());
    h5::read_rows(flag_set, H5T_NATIVE_UINT16, at, n, flags.data());
    for (hsize_t i = 0; i < n; ++i) {
      if (!std::isfinite(t[at + i])) continue;
      const std::int64_t tick = tick_of(t[at + i]) - grid.first_ms;
      if (tick < 0 || static_cast<std::size_t>(tick) >= grid.ticks) continue;
      const auto k = static_cast<std::size_t>(tick);
      out.there[k] = 1;
      out.flags[k] = flags[i];
      out.values[k] = rows[i * shape[1] + column];
    }
  }
  return out;
}

PlateSettings recorded_plate(hid_t file, const std::string& plate) {
  const std::string path = "calibration/" + plate + "/corners_m";
  if (!h5::exists(file, "calibration/" + plate)) throw std::runtime_error("it has no calibration of plate " + plate);
  const h5::Id corners = h5::open(file, path);
  if (h5::shape(corners) != h5::Shape{4, 3}) throw std::runtime_error(path + " is not 4 x 3");
  PlateSettings out;
  out.name = plate;
  h5::read_rows(corners, H5T_NATIVE_DOUBLE, 0, 4, out.corners_m.data());
  const std::vector<std::string> texts = h5::read_texts(file, "calibration/" + plate + "/json");
  const auto json = nlohmann::json::parse(texts.empty() ? "" : texts.front(), nullptr, false);
  if (!json.is_object()) throw std::runtime_error("calibration/" + plate + "/json cannot be read");
  out.side = json.value("side", "") == "right" ? Side::right : Side::left;
  CopPolynomial& p = out.calibration.cop_polynomial;
  p.x = json.value("cop_polynomial_x", p.x);
  p.y = json.value("cop_polynomial_y", p.y);
  return out;
}

}  // namespace grfd
