#include "drivers/emulation/c3d_plates.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace grfd {
namespace {
constexpr const char* kGroup = "FORCE_PLATFORM";

std::string shown(double v) {  // a damaged file may hold any number here
  char text[32];
  std::snprintf(text, sizeof text, "%g", v);
  return text;
}
/// "N*mm" and "ntmm" alike: lower case letters only.
std::string letters(const std::string& unit) {
  std::string out;
  for (char c : unit)
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) out += static_cast<char>(c | 0x20);
  return out;
}
double metres(const std::string& unit) {
  const std::string u = letters(unit);
  return u == "m" ? 1 : u == "cm" ? 0.01 : u == "mm" ? 0.001 : 0;
}

class Reader {
 public:
  explicit Reader(const C3dFile& file) : file_(file) {}
  C3dPlates read();

 private:
  /// Element [i + rows * k] of a parameter that must hold `per_plate` values for every plate.
  std::vector<double> table(const char* name, std::size_t per_plate, std::size_t& at) const;
  C3dPlate plate(std::size_t k);
  std::vector<double> calibration(std::size_t k, std::size_t columns) const;
  double moment_unit(std::size_t channel);
  void warn(const std::string& what) {
    if (std::find(out_.warnings.begin(), out_.warnings.end(), what) == out_.warnings.end())
      out_.warnings.push_back(what);
  }

  const C3dFile& file_;
  C3dPlates out_;
  std::size_t count_ = 0, channel_rows_ = 0;
  double length_ = 0.001;
  std::vector<double> types_, corners_, origins_, channels_;
  std::size_t channels_at_ = 0;
};

std::vector<double> Reader::table(const char* name, std::size_t per_plate, std::size_t& at) const {
  const C3dParameter* p = file_.find(kGroup, name);
  if (!p) file_.missing(kGroup, name, "a file with force plates has it");
  at = p->offset;
  if (p->count < per_plate * count_)
    file_.fail(at, std::string("FORCE_PLATFORM:") + name + " holds " + std::to_string(p->count) + " values; " +
                       std::to_string(count_) + " plates need " + std::to_string(per_plate * count_));
  return file_.numbers(kGroup, name);
}

C3dPlates Reader::read() {
  const C3dParameter* used = file_.find(kGroup, "USED");
  const auto n = file_.numbers(kGroup, "USED");
  if (!used) file_.missing(kGroup, "USED", "a recording of force plates has it");
  if (n.empty() || n[0] < 1)
    file_.fail(used->offset, "FORCE_PLATFORM:USED counts no plate; a recording of force plates has at least 1");
  if (n[0] > 32) file_.fail(used->offset, "FORCE_PLATFORM:USED is " + shown(n[0]) + "; up to 32 plates are read");
  count_ = static_cast<std::size_t>(n[0]);
  if (file_.chain_broken_at())
    warn("the chain of parameters leaves its section at byte " + std::to_string(file_.chain_broken_at()) +
         "; it is taken to end there");

  const auto units = file_.words("POINT", "UNITS");
  if (!units.empty() && metres(units[0]) > 0)
    length_ = metres(units[0]);
  else
    warn("POINT:UNITS is " + (units.empty() ? "missing" : "'" + units[0] + "'") + ": lengths are taken as mm");
  std::size_t at;
  types_ = table("TYPE", 1, at);
  corners_ = table("CORNERS", 12, at);
  origins_ = table("ORIGIN", 3, at);
  const C3dParameter* channel = file_.find(kGroup, "CHANNEL");
  channel_rows_ = channel && !channel->dims.empty() ? channel->dims[0] : 0;
  channels_ = table("CHANNEL", std::max<std::size_t>(channel_rows_, 1), channels_at_);
  const auto zero = file_.numbers(kGroup, "ZERO");
  if (zero.size() >= 2 && zero[0] >= 1 && zero[1] >= zero[0])
    warn("FORCE_PLATFORM:ZERO (frames " + shown(zero[0]) + " to " + shown(zero[1]) + ") is not subtracted");
  out_.rate_hz = file_.rate_hz();
  for (std::size_t k = 0; k < count_; ++k) out_.plates.push_back(plate(k));
  return std::move(out_);
}

/// Column-major 6 x `columns` matrix of plate k.
std::vector<double> Reader::calibration(std::size_t k, std::size_t columns) const {
  const C3dParameter* p = file_.find(kGroup, "CAL_MATRIX");
  if (!p) file_.missing(kGroup, "CAL_MATRIX", "a plate of TYPE 4 or 5 needs it");
  if (p->dims.size() < 2 || p->dims[0] != 6 || p->dims[1] < columns || p->count < 6 * p->dims[1] * (k + 1))
    file_.fail(p->offset, "FORCE_PLATFORM:CAL_MATRIX does not hold 6 x " + std::to_string(columns) +
                              " values for plate " + std::to_string(k + 1));
  const auto all = file_.numbers(kGroup, "CAL_MATRIX");
  const auto from = all.begin() + static_cast<std::ptrdiff_t>(6 * p->dims[1] * k);
  return {from, from + static_cast<std::ptrdiff_t>(6 * columns)};
}

double Reader::moment_unit(std::size_t channel) {
  const auto units = file_.words("ANALOG", "UNITS");
  const std::string u = channel < units.size() ? letters(units[channel]) : "";
  for (const char* force : {"n", "nt", "newton"}) {
    if (u == std::string(force) + "mm") return 0.001;
    if (u == std::string(force) + "cm") return 0.01;
    if (u == std::string(force) + "m") return 1;
  }
  return length_;  // a file without a unit of its own means N times the unit of its points
}

C3dPlate Reader::plate(std::size_t k) {
  C3dPlate p;
  const std::string who = "plate " + std::to_string(k + 1);
  if (!(types_[k] >= 1 && types_[k] < 6))
    file_.fail(file_.find(kGroup, "TYPE")->offset,
               who + " is of TYPE " + shown(types_[k]) + "; TYPE 1, 2, 3, 4 and 5 are read");
  p.type = static_cast<int>(types_[k]);
  for (std::size_t c = 0; c < 4; ++c)
    for (std::size_t i = 0; i < 3; ++i) p.corners_m[c][i] = corners_[12 * k + 3 * c + i] * length_;

  const double* o = &origins_[3 * k];
  const bool reversed = o[2] > 0 && p.type != 1;
  if (reversed)
    warn(who + ": ORIGIN z is above 0, so ORIGIN points from the surface to the sensor: " +
         (p.type == 3 ? "its z is negated" : "all three components are negated"));
  if (p.type == 3)
    p.origin_m = {0, 0, -std::abs(o[2]) * length_};
  else if (p.type != 1)
    for (std::size_t i = 0; i < 3; ++i) p.origin_m[i] = (reversed ? -o[i] : o[i]) * length_;

  const std::size_t count = p.type == 3 || p.type == 5 ? 8 : 6;
  if (channel_rows_ < count)
    file_.fail(channels_at_, "FORCE_PLATFORM:CHANNEL has " + std::to_string(channel_rows_) + " rows; " + who +
                                 " of TYPE " + std::to_string(p.type) + " needs " + std::to_string(count));
  std::vector<std::vector<double>> v(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double number = channels_[channel_rows_ * k + i];
    if (!(number >= 1 && number <= static_cast<double>(file_.channels())))
      file_.fail(channels_at_, who + " uses channel " + shown(number) + "; the file has channels 1 to " +
                                   std::to_string(file_.channels()));
    v[i] = file_.channel(static_cast<std::size_t>(number) - 1);
  }
  const auto channel_number = [&](std::size_t i) {
    return static_cast<std::size_t>(channels_[channel_rows_ * k + i]) - 1;
  };
  const double moment = p.type == 4 || p.type == 5 ? length_ : moment_unit(channel_number(p.type == 1 ? 5 : 3));
  const double a = o[0] * length_, b = o[1] * length_;
  const std::vector<double> matrix = p.type >= 4 ? calibration(k, count) : std::vector<double>{};
  if (p.type == 5) warn(who + " is of TYPE 5, which has never been compared with a known answer");

  p.sensor.resize(file_.samples());
  for (std::size_t s = 0; s < p.sensor.size(); ++s) {
    Wrench& w = p.sensor[s];
    if (p.type == 1) {
      const double x = v[3][s] * length_, y = v[4][s] * length_;
      w = {v[0][s], v[1][s], v[2][s], y * v[2][s], -x * v[2][s], v[5][s] * moment + x * v[1][s] - y * v[0][s]};
    } else if (p.type == 3) {
      const double x12 = v[0][s], x34 = v[1][s], y14 = v[2][s], y23 = v[3][s], z1 = v[4][s], z2 = v[5][s], z3 = v[6][s],
                   z4 = v[7][s];
      w = {x12 + x34,
           y14 + y23,
           z1 + z2 + z3 + z4,
           b * (z1 + z2 - z3 - z4),
           a * (-z1 + z2 + z3 - z4),
           b * (x34 - x12) + a * (y14 - y23)};
    } else {
      if (p.type == 2) {
        for (std::size_t i = 0; i < 6; ++i) w[i] = v[i][s];
      } else {
        for (std::size_t i = 0; i < 6; ++i) {
          double sum = 0;
          for (std::size_t j = 0; j < count; ++j) sum += matrix[6 * j + i] * v[j][s];
          w[i] = sum;
        }
      }
      for (std::size_t i = 3; i < 6; ++i) w[i] *= moment;
    }
  }
  return p;
}
}  // namespace

C3dPlates read_c3d_plates(const C3dFile& file) { return Reader(file).read(); }

}  // namespace grfd
