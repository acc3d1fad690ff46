#include "dsp/squat_posture.hpp"

#include <algorithm>
#include <cmath>

#include "dsp/parameter_text.hpp"
#include "dsp/squat_line.hpp"

namespace grfd {
namespace {

constexpr std::int64_t kStanding_ms = 300;

StreamInfo hypotheses_info(std::string name, std::vector<Column> columns) {
  StreamInfo info;
  info.name = std::move(name);
  info.type = ValueType::f64;
  info.columns = std::move(columns);
  info.frame = kSegmentFrame;
  info.exploratory = true;
  return info;
}

StreamInfo pelvis_info() {
  std::vector<Column> c{{"rep", "1"},
                        {"tilt_bottom", "deg"},
                        {"tilt_change", "deg"},
                        {"tilt_before", "deg"},
                        {"tuck", "deg"},
                        {"tuck_onset", "s"},
                        {"tuck_onset_lag", "s"},
                        {"obliquity_bottom", "deg"},
                        {"obliquity_change", "deg"},
                        {"obliquity_before", "deg"},
                        {"obliquity_onset", "s"},
                        {"obliquity_onset_lag", "s"},
                        {"axial_bottom", "deg"},
                        {"axial_change", "deg"},
                        {"axial_before", "deg"},
                        {"axial_onset", "s"},
                        {"axial_onset_lag", "s"},
                        {"obliquity_bottom_dn", "deg"},
                        {"obliquity_change_dn", "deg"},
                        {"obliquity_before_dn", "deg"},
                        {"axial_bottom_dn", "deg"},
                        {"axial_change_dn", "deg"},
                        {"axial_before_dn", "deg"}};
  // No plateau, no turn worth an onset, nobody is dominant.
  mark_optional(c, {"tilt_change", "tilt_before", "tuck_onset", "tuck_onset_lag"});
  for (const std::string name : {"obliquity", "axial"})
    mark_optional(c, {name + "_change", name + "_before", name + "_onset", name + "_onset_lag", name + "_bottom_dn",
                      name + "_change_dn", name + "_before_dn"});
  StreamInfo info = hypotheses_info("reps_pelvis", std::move(c));
  info.sign =
      "tilt + forward; tuck + backward; obliquity + right side higher, dn: dominant side higher; axial + to the left, "
      "dn: dominant side forward; lag + after the first plateau";
  info.formula = "squat-pelvis-5.5";
  info.parameters =
      "bottom: at t_bottom of reps/pair, minus the median of the 0.3 s before the start (after a turn: of the last "
      "start out of standing; axial: the value at the turn); change: from the first plateau of both ankles to the "
      "bottom; before: over an equal time before that plateau; NaN without a plateau; tuck: largest tilt from start to "
      "bottom minus that at the bottom, its onset the time of the largest; onset of obliquity and axial: where the "
      "line "
      "through 20-60 % of the largest excursion until the bottom meets the level at the start; NaN below 1 deg";
  info.description = "one row per closed repetition, hypotheses about the pelvis";
  return info;
}

StreamInfo thigh_info(Side side, double standing_deg) {
  StreamInfo info = hypotheses_info(
      std::string("reps_thigh/") + to_string(side),
      {{"rep", "1"}, {"inclination_standing", "deg"}, {"inclination_bottom", "deg"}, {"above_parallel", "deg"}});
  info.sign = "+ = hip behind the knee; + = above the parallel";
  info.formula = "squat-thigh";
  info.parameters =
      "to the vertical, with standing_thigh (" + quantity(standing_deg, "deg") +
      "); standing: median of the 0.3 s before the start (after a turn: of the last start out of standing); bottom: at "
      "t_bottom of reps/pair; above_parallel: 90 - inclination_bottom";
  info.description = std::string("one row per closed repetition, thigh of the ") + to_string(side) + " side";
  return info;
}

}  // namespace

std::unique_ptr<SquatPosture> SquatPosture::make(const MetricSetup& setup) {
  const auto sits = [](const ImuSettings& i) { return i.segment == Segment::pelvis || i.segment == Segment::thigh; };
  const auto& imus = setup.settings.imus;
  if (std::none_of(imus.begin(), imus.end(), sits)) return nullptr;
  return std::unique_ptr<SquatPosture>(new SquatPosture(setup));
}

SquatPosture::SquatPosture(const MetricSetup& setup) {
  state_.standing.fill(kNaN);
  const auto writer = [&](StreamInfo info) {
    info.device = rig_devices(setup.settings);
    return RowWriter(setup.streams.add(info), info);
  };
  if (imu_on(setup.settings, Segment::pelvis, Side::left) >= 0) {
    active_[tilt] = active_[obliquity] = active_[turned] = true;
    pelvis_ = writer(pelvis_info());
  }
  for (const Side side : {Side::left, Side::right}) {
    const auto k = static_cast<std::size_t>(side);
    if (imu_on(setup.settings, Segment::thigh, side) < 0) continue;
    active_[thigh_left + k] = true;
    thigh_[k] = writer(thigh_info(side, setup.settings.participant.standing_thigh_deg));
  }
}

void SquatPosture::push(const Frame& frame) noexcept {
  State& s = state_;
  const auto ms = static_cast<std::int64_t>(frame.index);
  if (ms != s.last + 1) s.first = ms, s.known.fill(0);
  if (has_new_zero(frame)) s.first = ms + 1;  // nothing before can be compared with what follows
  s.last = ms;
  const Derived& d = frame.derived;
  const std::array<double, channels> now{d.pelvis_tilt_deg, d.pelvis_obliquity_deg, d.pelvis_turned_deg, d.thigh_deg[0],
                                         d.thigh_deg[1]};
  for (std::size_t c = 0; c < channels; ++c) {
    s.ring[c][static_cast<std::size_t>(ms) % kSize] = now[c];
    if (!std::isnan(now[c])) s.known[c] = 1;
  }
}

bool SquatPosture::remembers(std::int64_t from_ms, std::int64_t to_ms) const noexcept {
  return from_ms >= std::max(state_.first, state_.last - kSize + 1) && to_ms <= state_.last;
}

double SquatPosture::at(Channel c, std::int64_t ms) const noexcept {
  return remembers(ms, ms) ? state_.ring[c][static_cast<std::size_t>(ms) % kSize] : kNaN;
}

/// Looks back from as far ahead as a hole may reach: few ticks are visited where all are known.
bool SquatPosture::hole(Channel c, std::int64_t from_ms, std::int64_t to_ms, std::int64_t most_ms) const noexcept {
  std::int64_t known = std::max({from_ms, state_.first, state_.last - kSize + 1}) - 1;
  while (known + most_ms < to_ms) {
    std::int64_t k = known + most_ms + 1;
    while (k > known && std::isnan(at(c, k))) --k;
    if (k == known) return true;
    known = k;
  }
  return false;
}

bool SquatPosture::incomplete(const Repetition& r, double most_s) const noexcept {
  if (!(r.t_start_s <= r.t_end_s)) return false;
  const std::int64_t from = std::llround(r.t_start_s * 1e3), to = std::llround(r.t_end_s * 1e3),
                     most = std::llround(most_s * 1e3);
  for (const Channel c : {tilt, thigh_left, thigh_right})  // the other angles of the pelvis are of the same sensor
    if (active_[c] && state_.known[c] != 0 && hole(c, from, to, most)) return true;
  return false;
}

double SquatPosture::at(Channel c, double t_s) const noexcept {
  if (!(t_s >= 0)) return kNaN;
  const double ms = t_s * 1e3, whole = std::floor(ms), u = ms - whole;
  const auto k = static_cast<std::int64_t>(whole);
  const double a = at(c, k);
  return u < 1e-6 ? a : a + u * (at(c, k + 1) - a);
}

double SquatPosture::standing(Channel c, const Repetition& r) noexcept {
  double& level = state_.standing[c];
  if (r.start_kind == RepetitionEdge::quiet) {
    std::array<double, kStanding_ms + 1> x;
    const std::int64_t to = std::llround(r.t_start_s * 1e3);
    for (std::int64_t k = 0; k <= kStanding_ms; ++k) x[static_cast<std::size_t>(k)] = at(c, to - k);
    level = median(x.data(), kStanding_ms + 1);
  }
  return c == turned && r.start_kind != RepetitionEdge::quiet ? at(c, r.t_start_s) : level;
}

double SquatPosture::onset(Channel c, const Repetition& r, double level) const noexcept {
  const auto from = static_cast<std::int64_t>(std::ceil(r.t_start_s * 1e3)),
             to = static_cast<std::int64_t>(std::floor(r.t_bottom_s * 1e3));
  if (!remembers(from, to)) return kNaN;
  const auto& ring = state_.ring[c];
  const auto value = [&](std::int64_t k) { return ring[static_cast<std::size_t>(k) % kSize] - level; };
  double low = 0, high = 0, known = 0;
  for (std::int64_t k = from; k <= to; ++k) {
    const double x = value(k);
    known += 0 * x;
    high = std::max(high, x);
    low = std::min(low, x);
  }
  if (std::isnan(known)) return kNaN;
  const double sign = high >= -low ? 1 : -1, most = std::max(high, -low);
  if (most < kOnsetMin_deg) return kNaN;
  LineSums line;
  bool on = false;
  for (std::int64_t k = from; k <= to; ++k) {
    const double x = sign * value(k);
    if (!on && !(x >= 0.2 * most)) continue;
    if (!on) line.start(k);
    on = true;
    line.add(x);
    if (x >= 0.6 * most) return line.crossing(0) * 1e-3;
  }
  return kNaN;
}

SquatPosture::Excursion SquatPosture::excursion(Channel c, const Repetition& r, double plateau_s) noexcept {
  const double level = standing(c, r), bottom = at(c, r.t_bottom_s), plateau = at(c, plateau_s);
  Excursion e{bottom - level, bottom - plateau, plateau - at(c, 2 * plateau_s - r.t_bottom_s), kNaN, kNaN};
  if (c == tilt) return e;
  e.onset = onset(c, r, level);
  e.onset_lag = e.onset - plateau_s;
  return e;
}

SquatPosture::Tuck SquatPosture::tuck(const Repetition& r, double plateau_s) const noexcept {
  const auto from = static_cast<std::int64_t>(std::ceil(r.t_start_s * 1e3)),
             to = static_cast<std::int64_t>(std::floor(r.t_bottom_s * 1e3));
  if (!remembers(from, to)) return {};
  double most = -INFINITY;
  std::int64_t when = 0;
  for (std::int64_t k = from; k <= to; ++k) {
    const double x = state_.ring[tilt][static_cast<std::size_t>(k) % kSize];
    if (std::isnan(x)) return {};
    if (x > most) most = x, when = k;
  }
  Tuck t;
  t.deg = std::max(0.0, most - at(tilt, r.t_bottom_s));
  if (!(t.deg >= kOnsetMin_deg)) return t;
  t.onset = static_cast<double>(when) * 1e-3;
  t.onset_lag = t.onset - plateau_s;
  return t;
}

void SquatPosture::write_pelvis(const Repetition& r, Dominant dominant, const RowTime& now, SampleBatch& out) noexcept {
  const double s = dominant == Dominant::right ? 1 : dominant == Dominant::left ? -1 : kNaN;
  Excursion a, b, c;
  Tuck t;
  if (r.reason == RejectReason::none) {
    const double plateau_s = std::fmin(r.side[0].plateau_s, r.side[1].plateau_s);  // NaN only if both are
    a = excursion(tilt, r, plateau_s);
    b = excursion(obliquity, r, plateau_s);
    c = excursion(turned, r, plateau_s);
    t = tuck(r, plateau_s);
  }
  pelvis_.write(out, now,
                {static_cast<double>(r.index),
                 a.bottom,
                 a.change,
                 a.before,
                 t.deg,
                 t.onset,
                 t.onset_lag,
                 b.bottom,
                 b.change,
                 b.before,
                 b.onset,
                 b.onset_lag,
                 c.bottom,
                 c.change,
                 c.before,
                 c.onset,
                 c.onset_lag,
                 s * b.bottom,
                 s * b.change,
                 s * b.before,
                 s * c.bottom,
                 s * c.change,
                 s * c.before},
                state_.seq[0]);
}

void SquatPosture::write(const Repetition& r, Dominant dominant, const RowTime& now, SampleBatch& out) noexcept {
  if (active_[tilt]) write_pelvis(r, dominant, now, out);
  for (std::size_t k = 0; k < 2; ++k) {
    const auto c = static_cast<Channel>(thigh_left + k);
    if (!active_[c]) continue;
    const bool good = r.reason == RejectReason::none;
    const double bottom = good ? at(c, r.t_bottom_s) : kNaN;
    thigh_[k].write(out, now, {static_cast<double>(r.index), good ? standing(c, r) : kNaN, bottom, 90 - bottom},
                    state_.seq[1 + k]);
  }
}

}  // namespace grfd
