// The keys of a plate's calibration file.
#include <algorithm>
#include <cmath>
#include <string_view>

#include "daemon/config_parts.hpp"
#include "daemon/geometry.hpp"
#include "dsp/recalibration.hpp"

namespace grfd {
namespace {

constexpr double kAny = kNoLimit;
constexpr int kMost = static_cast<int>(kMaxPlateChannels);
constexpr const char* kSignals[8] = {"fx12", "fx34", "fy14", "fy23", "fz1", "fz2", "fz3", "fz4"};

/// One way to write down what the channels are, and the keys that belong to it.
struct Way {
  const char* key;
  PlateKind kind;
  std::vector<const char*> needs, may_have;
};
const std::vector<Way>& ways() {
  static const std::vector<Way> all{{"sensitivity", PlateKind::strain, {"gain", "excitation_v", "origin_m"}, {}},
                                    {"matrix_n_per_uv_v", PlateKind::matrix, {"gain", "excitation_v", "origin_m"}, {}},
                                    {"matrix_n_per_v", PlateKind::matrix, {"origin_m"}, {}},
                                    {"sensitivity_mv_n",
                                     PlateKind::piezo,
                                     {"sensor_a_m", "sensor_b_m", "az0_m"},
                                     {"channel_order", "full_scale_v", "cop_polynomial_x", "cop_polynomial_y"}},
                                    {"sensitivity_pc_n",
                                     PlateKind::piezo,
                                     {"range_pc", "sensor_a_m", "sensor_b_m", "az0_m"},
                                     {"channel_order", "full_scale_v", "cop_polynomial_x", "cop_polynomial_y"}}};
  return all;
}

/// What the file says about its channels, before it is known which of it belongs together.
struct Channels {
  std::vector<std::vector<double>> sensitivity, per_uv_v, per_v;
  std::vector<double> mv_n, pc_n, gain, range_pc;
  std::vector<std::string> order{std::begin(kSignals), std::end(kSignals)};
  double full_scale_v = 10, az0_m = 0;
};

void read_channels(Reader& r, PlateCalibration& s, Channels& c) {
  r.matrix("sensitivity", c.sensitivity, {6, kMost}, {6, 6},
           {"uV/V per N or N.m", "strain gauges: row i is what bridge i gives for Fx Fy Fz Mx My Mz", -kAny, kAny,
            false, true});
  r.matrix("matrix_n_per_uv_v", c.per_uv_v, {6, 6}, {6, kMost},
           {"N or N.m per uV/V", "or the maker's matrix: row Fx Fy Fz Mx My Mz, a column for each channel", -kAny, kAny,
            false, true});
  r.matrix("matrix_n_per_v", c.per_v, {6, 6}, {6, kMost},
           {"N or N.m per V", "or the same for volts at the converter", -kAny, kAny, false, true});
  r.numbers("sensitivity_mv_n", c.mv_n, {8, 8},
            {"mV/N", "or eight piezoelectric signals: what channel i gives at the converter", -1e6, 1e6, false, true});
  r.numbers("sensitivity_pc_n", c.pc_n, {8, 8},
            {"pC/N", "or the charge of channel i, with range_pc", -1e6, 1e6, false, true});
  r.numbers("gain", c.gain, {6, kMost},
            {"", "strain gauges: calibrated gain of each amplifier channel", 0.01, 1e6, false, true});
  r.number("excitation_v", s.excitation_v,
           {"V", "strain gauges: excitation of the bridges, as measured", 0.1, 50, false, true});
  r.texts("channel_order", c.order, {"", "piezo: what channel i carries"});
  r.numbers("range_pc", c.range_pc, {8, 8},
            {"pC", "piezo: charge of channel i that gives full_scale_v, in the range that is in use", 1e-3, 1e9, false,
             true});
  r.number("full_scale_v", c.full_scale_v,
           {"V", "piezo: output of the charge amplifier at the end of its range; from there on the wrench is unknown",
            0.1, 100});
  r.number("sensor_a_m", s.sensor_a_m,
           {"m", "piezo: sensors 1(+a,+b) 2(-a,+b) 3(-a,-b) 4(+a,-b): half their distance along the plate's x", 0.01, 5,
            false, true});
  r.number("sensor_b_m", s.sensor_b_m, {"m", "piezo: half their distance along the plate's y", 0.01, 5, false, true});
  r.number("az0_m", c.az0_m,
           {"m", "piezo: z of the top surface, from the plane of the sensors; below 0 where z points down", -1, 1,
            false, true});
}

/// The one way that the file goes, or null after a report.
const Way* way_of(Reader& r) {
  const Way* way = nullptr;
  for (const Way& w : ways()) {
    if (!r.given(w.key)) continue;
    if (way) {
      r.report(w.key, std::string("is given beside ") + way->key + ": give only one of them");
      return nullptr;
    }
    way = &w;
  }
  if (!way) {
    r.report("sensitivity",
             "is missing: give sensitivity (strain gauges), matrix_n_per_v or matrix_n_per_uv_v (a maker's matrix), or "
             "sensitivity_mv_n or sensitivity_pc_n (piezoelectric)");
    return nullptr;
  }
  const auto belongs = [&](const Way& w, std::string_view key) {
    const auto is = [&](const char* k) { return key == k; };
    return std::any_of(w.needs.begin(), w.needs.end(), is) || std::any_of(w.may_have.begin(), w.may_have.end(), is);
  };
  for (const char* key : way->needs)
    if (!r.given(key)) r.report(key, std::string("is missing: a plate with ") + way->key + " needs it");
  for (const char* key : {"gain", "excitation_v", "channel_order", "range_pc", "full_scale_v", "sensor_a_m",
                          "sensor_b_m", "az0_m", "origin_m", "cop_polynomial_x", "cop_polynomial_y"})
    if (r.given(key) && !belongs(*way, key)) r.report(key, std::string("does not belong to a plate with ") + way->key);
  return way;
}

bool same_count(Reader& r, const char* key, std::size_t have, std::size_t channels) {
  if (have == channels) return true;
  if (r.given(key) && !r.findings().has_error(r.path(key)))
    r.report(key, "has " + std::to_string(have) + " numbers, must be " + std::to_string(channels) +
                      ", one for each channel");
  return false;
}

/// Entry i: column i of the 6 x n matrix, each times the channel's own factor.
std::vector<Components> columns(const std::vector<std::vector<double>>& matrix, const std::vector<double>& factor) {
  std::vector<Components> out(matrix[0].size());
  for (std::size_t c = 0; c < out.size(); ++c)
    for (std::size_t i = 0; i < 6; ++i) out[c][i] = matrix[i][c] * factor[c];
  return out;
}

void take_order(Reader& r, PlateCalibration& s, const std::vector<std::string>& order) {
  if (r.findings().has_error(r.path("channel_order"))) return;
  std::array<bool, 8> seen{};
  if (order.size() != 8) return r.report("channel_order", "has " + std::to_string(order.size()) + " names, must be 8");
  for (std::size_t i = 0; i < 8; ++i) {
    const auto at =
        static_cast<std::size_t>(std::find(std::begin(kSignals), std::end(kSignals), order[i]) - std::begin(kSignals));
    if (at == 8)
      return r.report("channel_order", "has \"" + order[i] + "\", must be " +
                                           quoted_list({std::begin(kSignals), std::end(kSignals)}) +
                                           " in the order of the plate's channels");
    if (seen[at]) return r.report("channel_order", "has \"" + order[i] + "\" twice");
    seen[at] = true;
    s.signals[i] = static_cast<std::uint8_t>(at);
  }
}

void read_corrections(Reader& r, PlateCalibration& s) {
  constexpr About kMatrix{"",
                          "from known loads in place (mass PLATE fit): true = this times measured, about the centre of "
                          "the plate's own top surface, plate axes, Fx Fy Fz Mx My Mz; absent: as it is measured",
                          -1e3,
                          kAny,
                          false,
                          true};
  About uniform = kMatrix, x = kMatrix, y = kMatrix;
  uniform.max = x.max = y.max = 1e3;
  x.unit = y.unit = "per m";
  x.doc = "added to it per metre that the centre of pressure lies along the plate's x";
  y.doc = "and per metre along its y";
  r.matrix("recalibration", s.recalibration.uniform[0].data(), 6, 6, uniform);
  r.matrix("recalibration_x_per_m", s.recalibration.x_per_m[0].data(), 6, 6, x);
  r.matrix("recalibration_y_per_m", s.recalibration.y_per_m[0].data(), 6, 6, y);
  About polynomial{"",
                   "piezo: the maker's six coefficients that correct the x of a single point's centre of pressure, "
                   "for mm; over-corrects feet; absent: off",
                   -10,
                   10,
                   false,
                   true};
  r.numbers("cop_polynomial_x", s.cop_polynomial.x.data(), 6, polynomial);
  polynomial.doc = "piezo: and of its y";
  r.numbers("cop_polynomial_y", s.cop_polynomial.y.data(), 6, polynomial);
}

void check_corrections(Reader& r, const PlateCalibration& s) {
  const bool read = !r.findings().has_error(r.path("recalibration")) &&
                    !r.findings().has_error(r.path("recalibration_x_per_m")) &&
                    !r.findings().has_error(r.path("recalibration_y_per_m"));
  const auto error = [&](const char* key, const Recalibration& part) {
    if (const std::string what = read ? recalibration_error(part) : ""; !what.empty()) r.report(key, what);
  };
  Recalibration x, y;
  x.x_per_m = s.recalibration.x_per_m;
  y.y_per_m = s.recalibration.y_per_m;
  error("recalibration", {s.recalibration.uniform, {}, {}});
  error("recalibration_x_per_m", x);
  error("recalibration_y_per_m", y);
  const char *const px = "cop_polynomial_x", *const py = "cop_polynomial_y";
  if (s.kind == PlateKind::piezo && r.given(px) != r.given(py))
    r.report(r.given(px) ? py : px, std::string("is missing: ") + (r.given(px) ? px : py) + " needs it");
}

bool take_piezo(Reader& r, PlateCalibration& s, const Channels& c, bool charge) {
  const char* key = charge ? "sensitivity_pc_n" : "sensitivity_mv_n";
  const std::vector<double>& sensitivity = charge ? c.pc_n : c.mv_n;
  s.origin_m = {0, 0, c.az0_m};
  s.full_scale_v = c.full_scale_v;
  if (sensitivity.size() != 8 || (charge && c.range_pc.size() != 8)) return false;
  for (std::size_t i = 0; i < 8; ++i) {
    if (!(std::abs(sensitivity[i]) > 1e-9)) {
      r.report(key, "is 0 for channel " + std::to_string(i) + ", must not be");
      return false;
    }
    s.newton_per_v[i] = charge ? c.range_pc[i] / (c.full_scale_v * sensitivity[i]) : 1000 / sensitivity[i];
  }
  return true;
}

}  // namespace

bool read_calibration(Reader& r, PlateCalibration& s) {
  Channels c;
  r.text("model", s.model, {"", "what the plate is"});
  r.text("serial", s.serial, {"", "serial number of the plate"});
  read_channels(r, s, c);
  r.numbers("full_scale", s.full_scale.data(), 6, {"N or N.m", "largest load of each component", 1, 1e6, true});
  r.numbers("origin_m", s.origin_m.data(), 3,
            {"m", "from the sensor's origin to the centre of the top surface, plate axes; piezo: az0_m instead", -1, 1,
             false, true});
  r.word<Sense>(
      "sense", s.sense, {{"reaction", Sense::reaction}, {"action", Sense::action}},
      {"", "does the plate report the force on the subject (reaction) or on itself (action)", -kAny, kAny, true});
  r.number("noise_force_n", s.noise_force_n, {"N", "factory noise of the forces, standard deviation", 0.001, 1000});
  r.number("noise_moment_nm", s.noise_moment_nm,
           {"N.m", "factory noise of the moments, standard deviation", 0.001, 1000});
  r.flag("drift_rezero", s.drift_rezero,
         {"", "follow the drift of the zero while nobody is on the plate; absent: piezo plates alone do", -kAny, kAny,
          false, true});
  read_corrections(r, s);
  if (r.findings().catalogue) return true;
  const Way* way = way_of(r);
  if (!way) return false;
  s.kind = way->kind;
  check_corrections(r, s);
  if (s.kind == PlateKind::piezo) take_order(r, s, c.order);
  if (r.findings().has_error(r.path(way->key))) return false;
  if (!r.given("drift_rezero")) s.drift_rezero = s.kind == PlateKind::piezo;
  if (s.kind == PlateKind::piezo) return take_piezo(r, s, c, !c.pc_n.empty());

  const std::size_t n = !c.sensitivity.empty() ? c.sensitivity.size()
                        : !c.per_v.empty()     ? c.per_v[0].size()
                                               : c.per_uv_v[0].size();
  const bool bridges = c.per_v.empty(), counts = !bridges || same_count(r, "gain", c.gain.size(), n);
  std::vector<double> factor(n, 1.0);  // uV/V in one volt of the converter
  if (bridges && counts)
    for (std::size_t i = 0; i < n; ++i) factor[i] = 1 / (c.gain[i] * s.excitation_v * 1e-6);
  if (s.kind == PlateKind::strain) {
    s.sensitivity.assign(n, {});
    for (std::size_t i = 0; i < n; ++i)
      std::copy(c.sensitivity[i].begin(), c.sensitivity[i].end(), s.sensitivity[i].begin());
    s.gain = c.gain;
  } else {
    s.load_per_v = columns(c.per_v.empty() ? c.per_uv_v : c.per_v, factor);
  }
  if (counts && r.given("full_scale") && !r.findings().has_error(r.path("full_scale")) && smallest_pivot(s) < 1e-6)
    r.report(way->key, "cannot be inverted: one row is a combination of the others; is a row missing or twice there?");
  return true;
}

}  // namespace grfd
