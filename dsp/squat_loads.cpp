#include "dsp/squat_loads.hpp"

#include <algorithm>
#include <cmath>

#include "dsp/asymmetry.hpp"

namespace grfd {
namespace {

using squat::dt;
using squat::ticks;
using Channel = SquatHistory::Channel;

double velocity(const SquatMetrics::State& m, std::int64_t k) {
  return m.moved && k >= m.from && k <= m.to ? m.v[k - m.from] : unknown;
}
double height(const SquatMetrics::State& m, std::int64_t k) {
  return m.moved && k >= m.from && k <= m.to ? m.height[k - m.from] : unknown;
}

double time_s(const SquatMetrics::State& m, std::int64_t k) {
  return m.t_start_s + static_cast<double>(k - m.span.start) * dt;
}

template <class Add>
void in_phases(const SquatMetrics::State& m, const SquatParams& p, std::int64_t k, Add add) {
  const std::int64_t half = ticks(p.bottom_half_s);
  if (k >= m.span.start - ticks(p.baseline_s) && k <= m.span.start && m.span.start_kind == RepetitionEdge::quiet)
    add(&SquatLoads::Phases::standing);
  if (k >= m.span.start && k <= m.bottom_first) add(&SquatLoads::Phases::descent);
  if (k >= m.bottom_mid - half && k <= m.bottom_mid + half) add(&SquatLoads::Phases::bottom);
  if (k >= m.bottom_last && k <= m.span.end) add(&SquatLoads::Phases::ascent);
}

}  // namespace

void SquatLoads::start(const SquatHistory& h, const SquatMetrics::State& m) noexcept {
  State& s = *s_;
  s = State{};
  s.out = m.out;
  const std::int64_t baseline = ticks(p_->baseline_s);
  for (int i = 0; i < 2; ++i) {
    Foot& f = s.foot[i];
    f.pitch_standing = h.median_before(Channel::pitch + i, m.span.start, baseline);
    f.eversion_standing = h.median_before(Channel::eversion + i, m.span.start, baseline);
    f.cop_front = f.knee_peak = f.inversion_peak = -INFINITY;
    f.power_low = INFINITY;
    f.power_high = -INFINITY;
  }
  s.plateau_percent = body_->cop_percent(m.out.cop_ap_plateau_m);
  if (!std::isnan(m.out.cop_ap_plateau_m)) s.com_plateau = s.com_rear = center_of_mass(h, m, m.plateau_first);
  s.cop_front = -INFINITY;
  s.first = m.span.start - ticks(p_->shift_before_s) - ticks(p_->quiet_before_s);
  // A repetition soon before this one, or none that is remembered: nobody stood still there.
  if (m.span.start_kind != RepetitionEdge::quiet || s.first < std::max(h.oldest(), m.span.previous_end))
    s.cop_front = unknown;
  s.first = std::max(s.first, h.oldest());
  s.k = s.first;
  s.step = Step::course;
}

bool SquatLoads::advance(const SquatHistory& h, const SquatMetrics::State& m, std::int64_t budget) noexcept {
  State& s = *s_;
  while (budget > 0 && s.step != Step::idle) {
    if (s.step == Step::course) {
      const std::int64_t last = std::min(m.last, std::max(m.span.end, m.bottom_mid + ticks(p_->bottom_half_s)));
      for (; s.k <= last && budget > 0; --budget) visit(h, m, s.k++);
      if (s.k <= last) return false;
      end_course(h, m);
    } else {
      for (; s.k <= s.v_top_at && budget > 0; --budget) drive(h, m, s.k++);
      if (s.k <= s.v_top_at) return false;
      end_drive(h, m);
      s.step = Step::idle;
    }
  }
  return idle();
}

void SquatLoads::visit(const SquatHistory& h, const SquatMetrics::State& m, std::int64_t k) noexcept {
  State& s = *s_;
  const double v = velocity(m, k);
  before(h, m, k, v);
  if (k < m.span.start - ticks(p_->baseline_s)) return;
  for (int i = 0; i < 2; ++i) visit_foot(h, m, i, k, v);
  const double cop = body_->cop_percent(h.at(Channel::cop_ap, k));
  const double spread = 0.5 * (h.at(Channel::fx, k) - h.at(Channel::fx + 1, k));
  in_phases(m, *p_, k, [&](Mean Phases::*phase) {
    (s.cop.*phase).add(cop);
    (s.spread.*phase).add(spread);
  });
  if (k <= m.span.start) {
    const double over = h.both(Channel::fz_unfiltered, k) - m.span.bodyweight_n;
    s.noise.add(over);
    s.noise_sq.add(over * over);
  }
  if (k >= m.plateau_first && k <= m.bottom_last && !std::isnan(m.out.cop_ap_plateau_m)) {
    const bool fallen = s.plateau_percent - cop >= p_->fall_back_percent;
    if (!std::isnan(cop)) s.falling = fallen ? s.falling + 1 : 0;
    s.fallen_run = std::max(s.fallen_run, s.falling);
    if (fallen) ++s.fallen;
    lower(s.com_rear, center_of_mass(h, m, k));
  }
  if (k < m.span.start || k > m.span.end) return;
  s.in_band.add(in_band(cop));
  visit_movement(h, m, k, v, height(m, k));
}

/// The way of the CoP from standing forward, until the body really goes down.
void SquatLoads::before(const SquatHistory& h, const SquatMetrics::State& m, std::int64_t k, double v) noexcept {
  State& s = *s_;
  if (std::isnan(s.cop_front) || s.moving_at >= 0 || k > m.bottom_first) return;
  const double cop = h.at(Channel::cop_ap, k);
  if (k <= m.span.start - ticks(p_->shift_before_s))
    s.cop_quiet.add(cop);
  else
    raise(s.cop_front, cop);
  if (k >= m.span.start && v < p_->start_v_m_s) s.moving_at = k;
}

void SquatLoads::visit_foot(const SquatHistory& h, const SquatMetrics::State& m, int side, std::int64_t k,
                            double v) noexcept {
  Foot& f = s_->foot[side];
  const auto at = [&](int channel) { return h.at(channel + side, k); };
  const auto i = static_cast<std::size_t>(side);
  const double fz = at(Channel::fz), tz = at(Channel::tz), ap = at(Channel::foot_cop_ap);
  const double cop = body_->cop_percent(i, at(Channel::foot_cop_ml), ap);
  const double knee =
      body_->knee_moment(i, fz, at(Channel::fy), ap, at(Channel::shank), m.span.bodyweight_n / kStandardGravity_m_s2);
  in_phases(m, *p_, k, [&](Mean Phases::*phase) {
    (f.fz.*phase).add(fz);
    (f.tz.*phase).add(tz);
    (f.cop.*phase).add(cop);
    (f.knee.*phase).add(knee);
  });
  if (k < m.span.start || k > m.span.end) return;
  raise(f.cop_front, cop);
  raise(f.knee_peak, knee);
  if (cop < p_->behind_percent) ++f.behind;
  f.in_band.add(in_band(cop));
  const double pitch = at(Channel::pitch) - f.pitch_standing;
  excursion(f.heel, pitch, k);
  if (std::isnan(cop + pitch)) ++f.heel_unknown;
  if (f.heel_light < 0 && heel_share(cop) <= p_->heel_contact_share) f.heel_light = k;
  const double inversion = f.eversion_standing - at(Channel::eversion);
  excursion(f.inversion, inversion, k);
  raise(f.inversion_peak, inversion);
  if (k <= m.bottom_first) {
    f.power_descent.add(fz * v);
    lower(f.power_low, fz * v);
  }
  if (k >= m.bottom_last) {
    f.power_ascent.add(fz * v);
    raise(f.power_high, fz * v);
  }
}

void SquatLoads::visit_movement(const SquatHistory& h, const SquatMetrics::State& m, std::int64_t k, double v,
                                double z) noexcept {
  State& s = *s_;
  const double force = h.both(Channel::fz, k);
  if (k <= m.bottom_mid) {
    if (v < s.v_low) {
      s.v_low = v;
      s.force_at_v_low = s.force_top = force;
      s.z_at_v_low = z;
    } else {
      raise(s.force_top, force);
    }
  }
  if (k >= m.bottom_mid && v > s.v_top) {
    s.v_top = v;
    s.v_top_at = k;
  }
  const double jerk = h.both(Channel::force_rate, k + p_->force_rate_lag) * kStandardGravity_m_s2 / m.span.bodyweight_n;
  if (k <= m.bottom_first) s.jerk_descent += jerk * jerk * dt;
  if (k >= m.bottom_last) s.jerk_ascent += jerk * jerk * dt;
  if (k >= m.bottom_last) raise(s.v_high, v);
}

/// 100 or 0, NaN where the CoP is unknown: the mean is the share of the time.
double SquatLoads::in_band(double cop) const noexcept {
  return std::isnan(cop) ? cop : cop >= p_->band_low_percent && cop <= p_->band_high_percent ? 100 : 0;
}

double SquatLoads::heel_share(double cop) const noexcept {
  return (p_->toe_percent - cop) / (p_->toe_percent - p_->heel_percent);
}

void SquatLoads::excursion(Excursion& e, double x, std::int64_t k) const noexcept {
  if (e.since < 0 && x > p_->event_on_deg) e.since = k;
  if (e.since >= 0 && x < p_->event_off_deg) end_excursion(e, k);
}

void SquatLoads::end_excursion(Excursion& e, std::int64_t k) const noexcept {
  if (e.since >= 0 && k - e.since >= ticks(p_->event_s)) {
    if (e.first < 0) e.first = e.since;
    e.total += k - e.since;
  }
  e.since = -1;
}

/// y_cop + z_com Fy / Fz: exact while the body does not spin about its centre of mass.
double SquatLoads::center_of_mass(const SquatHistory& h, const SquatMetrics::State& m, std::int64_t k) const noexcept {
  const double z = p_->com_height_share * body_->height_m + height(m, k);
  return h.at(Channel::cop_ap, k) + z * h.both(Channel::fy, k) / h.both(Channel::fz, k);
}

void SquatLoads::end_course(const SquatHistory& h, const SquatMetrics::State& m) noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  const double descent_s = static_cast<double>(m.bottom_first - m.span.start) * dt,
               ascent_s = static_cast<double>(m.span.end - m.bottom_last) * dt;
  for (std::size_t i = 0; i < 2; ++i) {
    Foot& f = s.foot[i];
    FootLoads& o = s.out.foot[i];
    o.fz_n = f.fz.means();
    o.tz_nm = f.tz.means();
    o.cop_percent = f.cop.means();
    o.knee_standing_nm = f.knee.standing.value();
    o.knee_bottom_nm = f.knee.bottom.value();
    o.knee_peak_nm = f.knee_peak;
    const auto event = [&](Excursion& e, double standing, double& onset_s, double& total_s) {
      end_excursion(e, m.span.end + 1);
      if (std::isnan(standing)) return;
      if (e.first >= 0) onset_s = time_s(m, e.first);
      total_s = static_cast<double>(e.total) * dt;
    };
    event(f.heel, f.pitch_standing, o.heel_lift_onset_s, o.heel_lift_time_s);
    event(f.inversion, f.eversion_standing, o.inversion_onset_s, o.inversion_time_s);
    o.inversion_peak_deg = f.inversion_peak;
    o.heel_share_standing = heel_share(o.cop_percent.standing);
    o.heel_share_bottom = heel_share(o.cop_percent.bottom);
    o.heel_share_min = heel_share(f.cop_front);
    // A loss that was seen is one, whatever a hole hides; that there was none is known only without holes.
    const std::int64_t lost = f.heel_light < 0   ? f.heel.first
                              : f.heel.first < 0 ? f.heel_light
                                                 : std::min(f.heel_light, f.heel.first);
    if (lost >= 0) o.heel_contact_lost_s = time_s(m, lost);
    if (lost >= 0 || f.heel_unknown == 0) o.heel_contact = lost >= 0 ? 0 : 1;
    if (!std::isnan(f.cop_front)) o.behind_40_s = static_cast<double>(f.behind) * dt;
    o.in_band_percent = f.in_band.value();
    o.impulse_eccentric_n_s = f.fz.descent.sum * dt;
    o.impulse_concentric_n_s = f.fz.ascent.sum * dt;
    o.power_eccentric_w = f.power_descent.value();
    o.power_concentric_w = f.power_ascent.value();
    o.power_eccentric_peak_w = f.power_low;
    o.power_concentric_peak_w = f.power_high;
  }
  BothLoads& o = s.out.both;
  o.cop_percent = s.cop.means();
  o.spread_n = s.spread.means();
  o.in_band_percent = s.in_band.value();
  o.fall_back_percent = 100 * m.out.fall_back_m / body_->foot_length_m;
  if (!std::isnan(o.fall_back_percent)) {
    o.fall_back_time_s = static_cast<double>(s.fallen) * dt;
    o.fell_back = s.fallen_run > ticks(p.fall_back_s) ? 1 : 0;
  }
  o.com_fall_back_m = s.com_plateau - s.com_rear;
  o.depth_percent = 100 * m.out.drop_m / body_->height_m;
  o.descent_s = descent_s;
  o.ascent_s = ascent_s;
  if (s.moving_at >= 0) o.forward_shift_m = s.cop_front - s.cop_quiet.value();
  if (m.moved && s.v_low < 0) {
    o.stiffness_n_m = (s.force_top - s.force_at_v_low) / (s.z_at_v_low + m.out.drop_m);
    const auto smoothness = [](double seconds, double v, double jerk) {
      const double x = seconds * seconds * seconds / (v * v) * jerk;
      return x > 0 && std::isfinite(x) ? -std::log(x) : unknown;
    };
    o.smoothness_descent = smoothness(descent_s, s.v_low, s.jerk_descent);
    o.smoothness_ascent = smoothness(ascent_s, s.v_high, s.jerk_ascent);
  }
  const auto course = [&](std::size_t j, std::int64_t from, std::int64_t to) {
    const auto n = static_cast<std::int64_t>(BothLoads::points) - 1;
    const std::int64_t k = from + (2 * static_cast<std::int64_t>(j) * (to - from) + n) / (2 * n);
    const double l = h.at(Channel::fz, k), r = h.at(Channel::fz + 1, k);
    return l + r >= p.bai_min_n ? asymmetry::bai1(r, l) : unknown;
  };
  for (std::size_t j = 0; j < BothLoads::points; ++j) {
    o.bai_descent[j] = course(j, m.span.start, m.bottom_first);
    o.bai_ascent[j] = course(j, m.bottom_last, m.span.end);
  }
  const double mean = s.noise.value();
  if (m.span.start_kind == RepetitionEdge::quiet)
    s.drive_limit = m.span.bodyweight_n + p.drive_sd * std::sqrt(std::max(0.0, s.noise_sq.value() - mean * mean));
  std::fill(s.rate_top, s.rate_top + 3, -INFINITY);
  std::fill(s.gain_top, s.gain_top + 3, -INFINITY);
  s.k = m.bottom_mid;
  s.step = Step::drive;
}

}  // namespace grfd
