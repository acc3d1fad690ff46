#include "drivers/emulation/subject_repetition.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "schemas/gravity.hpp"
#include "schemas/repetition.hpp"

namespace grfd {
namespace {
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// What reps/* calls a bottom, a tie, a plateau out of room and an eversion (dsp/README.md).
constexpr double kBottom_m = 0.002, kBottomShare = 0.01, kBottomHalf_s = 0.05, kStanding_s = 0.3, kTogether_s = 0.050,
                 kRoomShare = 0.9, kEversionMin_deg = 0.5, kEversionBefore_s = 0.4;
constexpr double kStep_s = 0.005;

/// Mean over a span of time by the midpoints of 200 pieces.
template <class F>
double mean_over(double from_s, double to_s, F f) {
  constexpr int n = 200;
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += f(from_s + (to_s - from_s) * (i + 0.5) / n);
  return sum / n;
}

double answer_of(const RepetitionTruth::Answers& answers, std::string_view name) {
  for (const auto& [column, x] : answers)
    if (column == name) return x;
  throw std::logic_error("no answer of that name");
}

StreamInfo repetition_stream(std::string name, std::vector<Column> columns) {
  StreamInfo s;
  s.name = std::move(name);
  s.kind = StreamKind::truth;
  s.type = ValueType::f64;
  s.device = "stimulus";
  s.columns = std::move(columns);
  s.point = "times are seconds since the session's start; the first repetition is 0";
  return s;
}
}  // namespace

/// Of the centre of mass; its courses have no closed form, so they are looked at every kStep_s.
struct RepetitionTruth::Movement {
  double drop_m = 0, v_low_m_s = 0, v_high_m_s = 0;
  double bottom_first_s = 0, bottom_last_s = 0;
  std::array<double, 2> dorsiflexion_max_deg{}, rate_max_deg_s{};
};

RepetitionTruth::RepetitionTruth(const Subject& subject, const ParticipantSettings& who)
    : subject_(subject),
      who_(who),
      streams_{repetition_stream("truth/reps/left", repetition_side_columns()),
               repetition_stream("truth/reps/right", repetition_side_columns()),
               repetition_stream("truth/reps/pair", repetition_pair_columns())} {
  for (std::size_t i = 0; i < 2; ++i) {
    streams_[i].sign = "+ = dorsiflexion, shank forward, heel up, eversion";
    streams_[i].description =
        "the columns of reps/<side> by the subject's equations, one row at the end of a repetition: onset, finish and "
        "plateau are where a line through the constant rate meets zero and the range; available: what a knee-to-wall "
        "test of this subject "
        "gives when it makes one, else as set. NaN, because only a detector has them: valid, reason, creep";
  }
  streams_[2].sign = std::string("rl: right minus left; dn: dominant (") + to_string(subject.settings().dominant) +
                     ") minus non-dominant";
  streams_[2].description =
      "the columns of reps/pair by the subject's equations, one row at the end of a repetition: t_start and t_end are "
      "where its course begins and ends, not the last and first quiet instant. NaN, because only a detector has them: "
      "reason, incomplete, pause";
  const auto known = answers(0);
  for (std::size_t i = 0; i < 3; ++i) {
    for (const auto& [name, x] : known[i])
      if (std::none_of(streams_[i].columns.begin(), streams_[i].columns.end(),
                       [n = name](const Column& c) { return c.name == n; }))
        throw std::logic_error(streams_[i].name + " has no column " + std::string(name));
    for (Column& c : streams_[i].columns)
      c.optional |= std::none_of(known[i].begin(), known[i].end(), [&](const auto& a) { return a.first == c.name; });
  }
}

std::array<std::vector<double>, 3> RepetitionTruth::rows(long k) const {
  const auto known = answers(k);
  std::array<std::vector<double>, 3> out;
  for (std::size_t i = 0; i < 3; ++i)
    for (const Column& c : streams_[i].columns) {
      const auto answer =
          std::find_if(known[i].begin(), known[i].end(), [&](const auto& a) { return a.first == c.name; });
      out[i].push_back(answer == known[i].end() ? kNaN : answer->second);
    }
  return out;
}

double RepetitionTruth::load_index(double t_s) const {
  const SubjectPose o = subject_.pose(t_s);
  return 100 * (o.share[1] - o.share[0]);
}

RepetitionTruth::Movement RepetitionTruth::movement(const Repetition& r) const {
  const auto n = static_cast<std::size_t>(std::ceil((r.end - r.start) / kStep_s));
  const double step = (r.end - r.start) / static_cast<double>(n);
  const auto time = [&](std::size_t i) { return r.start + step * static_cast<double>(i); };
  Movement m;
  std::vector<double> z;
  std::array<std::vector<double>, 2> df;
  for (std::size_t i = 0; i <= n; ++i) {
    const SubjectPose o = subject_.pose(time(i));
    z.push_back(o.com_z);
    for (std::size_t side = 0; side < 2; ++side) df[side].push_back(o.leg[side].dorsiflexion_deg);
  }
  for (std::size_t side = 0; side < 2; ++side)
    m.dorsiflexion_max_deg[side] = *std::max_element(df[side].begin(), df[side].end());
  for (std::size_t i = 1; i < n; ++i) {
    const double v = (z[i + 1] - z[i - 1]) / (2 * step);
    m.v_low_m_s = std::min(m.v_low_m_s, v);
    m.v_high_m_s = std::max(m.v_high_m_s, v);
    for (std::size_t side = 0; side < 2; ++side)
      m.rate_max_deg_s[side] = std::max(m.rate_max_deg_s[side], (df[side][i + 1] - df[side][i - 1]) / (2 * step));
  }
  const auto lowest = static_cast<std::size_t>(std::min_element(z.begin(), z.end()) - z.begin());
  const double low = z[lowest],
               limit = low + std::max(kBottom_m, kBottomShare * (*std::max_element(z.begin(), z.end()) - low));
  m.drop_m = z.front() - low;
  std::size_t a = lowest, b = lowest;
  while (a > 0 && z[a] <= limit) --a;
  while (b < n && z[b] <= limit) ++b;
  m.bottom_first_s = z[a] > limit ? time(a) + step * (z[a] - limit) / (z[a] - z[a + 1]) : r.start;
  m.bottom_last_s = z[b] > limit ? time(b) - step * (z[b] - limit) / (z[b] - z[b - 1]) : r.end;
  return m;
}

/// Where the line through 20 to 60 % of the largest eversion meets 0. The foot begins to turn before the body goes
/// down.
double RepetitionTruth::eversion_onset_s(const Repetition& r, const Movement& m, std::size_t i, double most) const {
  double n = 0, t1 = 0, e1 = 0, te = 0, tt = 0;
  for (double t = r.start - kEversionBefore_s; t <= m.bottom_first_s; t += 1e-3) {
    const double e = subject_.ankle(t, static_cast<Side>(i)).eversion, since = t - r.start;
    if (n == 0 && e < 0.2 * most) continue;
    n += 1, t1 += since, e1 += e, te += since * e, tt += since * since;
    if (e >= 0.6 * most) break;
  }
  const double slope = (n * te - t1 * e1) / (n * tt - t1 * t1);
  return r.start + (t1 - e1 / slope) / n;
}

/// Dorsiflexion as the joint is set: an inclinometer shows it while the knee stays over the foot. Shank, heel and
/// eversion as a perfect inclinometer shows them.
RepetitionTruth::Answers RepetitionTruth::side(const Repetition& r, const Movement& m, std::size_t i) const {
  const SubjectSettings& p = subject_.settings();
  const Repetition::Foot& f = r.foot[i];
  const bool dominant = i == static_cast<std::size_t>(p.dominant);
  const auto role = [&](const SubjectSettings::Pair& x) { return dominant ? x.dominant : x.nondominant; };
  const double rate = role(p.rate_deg_s), set = role(p.range_deg);
  const bool reached = m.dorsiflexion_max_deg[i] > set - 1e-6;  // before the ankle goes back
  const double range = reached ? set : m.dorsiflexion_max_deg[i], finish = reached ? f.plateau_fit : kNaN;
  const bool plateau = reached && r.has_plateau(i, subject_.slow_s(r));
  const auto crossing = [&](double level) {
    double a = f.on, b = reached ? f.plateau + p.blend_s : r.end;
    if (!reached) return kNaN;
    for (int k = 0; k < 40; ++k) {
      const double t = 0.5 * (a + b);
      (subject_.pose(t).leg[i].dorsiflexion_deg < level ? a : b) = t;
    }
    return 0.5 * (a + b);
  };
  const double t10 = crossing(0.1 * range), t90 = crossing(0.9 * range);

  double shank = -INFINITY, heel = -INFINITY, eversion = -INFINITY;
  for (double t = r.start; t <= r.end; t += 2 * kStep_s) {
    const AnkleTruth a = subject_.ankle(t, static_cast<Side>(i));
    shank = std::max(shank, a.shank_inclination);
    heel = std::max(heel, a.foot_pitch);
    if (t <= m.bottom_first_s) eversion = std::max(eversion, a.eversion);
  }
  const auto& room = i == static_cast<std::size_t>(p.dominant) ? p.lunge_deg.dominant : p.lunge_deg.nondominant;
  const double zero = who_.standing_shank_deg.value_or(0), test = p.lunge_count > 0 ? room : who_.available_deg[i],
               available = test > 0 ? test : kNaN;
  return {{"rep", 0},
          {"baseline", 0},  // every course begins in the standing pose
          {"range", range},
          {"peak", range},
          {"onset", f.on_fit},
          {"rate_fit", rate},
          {"rate_mean", 0.8 * range / (t90 - t10)},
          {"rate_peak", m.rate_max_deg_s[i]},
          {"time_to_90", t90 - f.on_fit},
          {"plateau", plateau ? finish : kNaN},
          {"plateau_level", plateau ? range : kNaN},
          {"finish", finish},
          {"shank_max", p.standing_shank_deg + shank},
          {"heel_lift", heel},
          {"eversion_amplitude", eversion},
          {"used", 100 * (range + zero) / (available + zero)},
          {"plateau_kind", !plateau                          ? 0
                           : std::isnan(available)           ? 3
                           : range >= kRoomShare * available ? 2
                                                             : 1},
          {"eversion_onset", eversion >= kEversionMin_deg ? eversion_onset_s(r, m, i, eversion) : kNaN},
          {"available", available}};
}

std::array<RepetitionTruth::Answers, 3> RepetitionTruth::answers(long k) const {
  const SubjectSettings& p = subject_.settings();
  const Repetition r = subject_.repetition(k);
  const Movement m = movement(r);
  std::array<Answers, 3> out{side(r, m, 0), side(r, m, 1), {}};
  for (std::size_t i = 0; i < 2; ++i) out[i][0].second = static_cast<double>(k);

  const auto difference = [&](std::string_view column) {
    return answer_of(out[1], column) - answer_of(out[0], column);
  };
  const double first_s = std::fmin(answer_of(out[0], "plateau"), answer_of(out[1], "plateau"));  // NaN only if both are
  const bool none = std::isnan(first_s);
  const double lag = none ? kNaN : difference("finish"), dn = p.dominant == Side::right ? 1 : -1;
  const double first_out = none ? 0 : std::abs(lag) < kTogether_s ? 1 : lag > 0 ? 2 : std::isnan(lag) ? 4 : 3;
  double fall_back = kNaN;
  if (!none) {
    const double at = subject_.loads(first_s).total_cop_y;
    double rear = at;
    for (double t = first_s; t <= m.bottom_last_s; t += 2 * kStep_s)
      rear = std::min(rear, subject_.loads(t).total_cop_y);
    fall_back = at - rear;
  }
  const auto index = [&](double t) { return load_index(t); };
  const double middle_s = 0.5 * (m.bottom_first_s + m.bottom_last_s);
  std::array<double, 2> impulse;
  for (std::size_t i = 0; i < 2; ++i)
    impulse[i] = mean_over(m.bottom_last_s, r.end, [&](double t) { return subject_.loads(t).foot[i][2]; });
  out[2] = {{"rep", static_cast<double>(k)},
            {"t_start", r.start},
            {"t_bottom", middle_s},
            {"t_end", r.end},
            {"drop", m.drop_m},
            {"v_descent_peak", m.v_low_m_s},
            {"v_ascent_peak", m.v_high_m_s},
            {"bodyweight", subject_.mass_kg(r.start) * kStandardGravity_m_s2},
            {"first_out", first_out},
            {"bai_standing_rl", mean_over(r.start - kStanding_s, r.start, index)},
            {"bai_descent_rl", mean_over(r.start, m.bottom_first_s, index)},
            {"bai_bottom_rl", mean_over(middle_s - kBottomHalf_s, middle_s + kBottomHalf_s, index)},
            {"bai_ascent_rl", mean_over(m.bottom_last_s, r.end, index)},
            {"impulse_bai_ascent_rl", 100 * (impulse[1] - impulse[0]) / (impulse[1] + impulse[0])},
            {"fall_back", fall_back}};
  const std::pair<std::string_view, double> lags[] = {{"finish_lag_rl", lag},
                                                      {"onset_lag_rl", difference("onset")},
                                                      {"rate_diff_rl", difference("rate_fit")},
                                                      {"range_diff_rl", difference("range")},
                                                      {"time_to_90_diff_rl", difference("time_to_90")}};
  constexpr std::string_view dominant[] = {"finish_lag_dn", "onset_lag_dn", "rate_diff_dn", "range_diff_dn",
                                           "time_to_90_diff_dn"};
  for (std::size_t i = 0; i < std::size(lags); ++i) {
    out[2].push_back(lags[i]);
    out[2].emplace_back(dominant[i], dn * lags[i].second);
  }
  return out;
}

}  // namespace grfd
