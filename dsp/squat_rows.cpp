#include "dsp/squat_rows.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "dsp/asymmetry.hpp"
#include "dsp/squat_row_columns.hpp"

namespace grfd {
namespace {

constexpr std::size_t kMostColumns = 64;

/// A row that is filled from the left.
template <std::size_t N>
struct Values {
  std::array<double, N> value{};
  std::size_t n = 0;
  void add(double x) noexcept { value[n++] = x; }
  void add(const PhaseMeans& m) noexcept {
    for (const double x : {m.standing, m.descent, m.bottom, m.ascent}) add(x);
  }
  template <std::size_t M>
  void add(const std::array<double, M>& xs) noexcept {
    for (const double x : xs) add(x);
  }
};

}  // namespace

void SquatRows::Columns::write(SampleBatch& out, const RowTime& now, std::span<const double> row,
                               std::uint64_t& seq) const noexcept {
  if (writer.id() == kNoStream) return;
  std::array<double, kMostColumns> some;
  for (std::size_t i = 0; i < kept.size(); ++i) some[i] = row[kept[i]];
  writer.write(out, now, std::span<const double>(some.data(), kept.size()), seq);
}

SquatRows::SquatRows(const MetricSetup& setup, const SquatParams& params)
    : plates_(params.plates), index_(setup.settings.squat.asymmetry_index) {
  const ParticipantSettings& who = setup.settings.participant;
  const auto writer = [&](SquatRowStream row) {
    StreamInfo& info = row.info;
    Columns c;
    std::vector<Column> kept;
    for (std::size_t i = 0; i < info.columns.size(); ++i) {
      const std::string& name = info.columns[i].name;
      const bool by_ankles =
          name == "rep" || std::find(row.by_ankles.begin(), row.by_ankles.end(), name) != row.by_ankles.end();
      if (!params.plates && !by_ankles) continue;
      c.kept.push_back(i);
      kept.push_back(info.columns[i]);
    }
    if (kept.size() > kMostColumns) throw std::logic_error("the stream '" + info.name + "' has too many columns");
    info.columns = std::move(kept);
    if (!params.plates)
      info.parameters =
          "without plates: only the columns that need no force, bottom as in reps/pair; " + info.parameters;
    info.device = rig_devices(setup.settings);
    if (c.kept.size() > 1) c.writer = RowWriter(setup.streams.add(info), info);
    return c;
  };
  for (const Side side : {Side::left, Side::right})
    load_[static_cast<std::size_t>(side)] = writer(load_row(side, who, params));
  load_pair_ = writer(load_pair_row(who, params));
  for (const Side side : {Side::left, Side::right})
    exploratory_[static_cast<std::size_t>(side)] = writer(exploratory_row(side, who, params));
  exploratory_pair_ = writer(exploratory_pair_row(who, params));
  asymmetry_ = writer(asymmetry_row(index_, who, params));
}

void SquatRows::write(const Repetition& r, Dominant dominant, RowTime now, RowTime pair, SampleBatch& out,
                      State& state) const noexcept {
  const double rep = r.index;
  // NaN is the answer after a turn, not where a hole hides what was standing.
  const bool stood = r.start_kind != RepetitionEdge::turn;
  if (plates_ && stood && (std::isnan(r.foot[0].fz_n.standing) || std::isnan(r.foot[1].fz_n.standing)))
    now.flags |= kInvalid, pair.flags |= kInvalid;
  for (std::size_t i = 0; i < 2; ++i) {
    const FootLoads& f = r.foot[i];
    Values<25> v;
    v.add(rep);
    v.add(f.fz_n);
    v.add(f.tz_nm);
    v.add(f.cop_percent);
    v.add(f.force_rate_peak_n_s);
    v.add(f.development_n_s);
    for (const double x : {f.knee_standing_nm, f.knee_bottom_nm, f.knee_peak_nm, f.heel_lift_onset_s,
                           f.heel_lift_time_s, f.development_peak_n_s})
      v.add(x);
    load_[i].write(out, now, v.value, state.seq[i]);
    const RepetitionSide& s = r.side[i];
    exploratory_[i].write(out, now,
                          {rep,
                           s.eversion_lead_s,
                           s.eversion_lead_10_s,
                           s.eversion_slope,
                           f.inversion_onset_s,
                           f.inversion_time_s,
                           f.inversion_peak_deg,
                           f.heel_share_standing,
                           f.heel_share_bottom,
                           f.heel_share_min,
                           f.behind_40_s,
                           f.impulse_eccentric_n_s,
                           f.impulse_concentric_n_s,
                           f.power_eccentric_w,
                           f.power_concentric_w,
                           f.power_eccentric_peak_w,
                           f.power_concentric_peak_w,
                           f.in_band_percent,
                           f.heel_contact,
                           f.heel_contact_lost_s},
                          state.seq[2 + i]);
  }
  const BothLoads& b = r.both;
  Values<42> v;
  v.add(rep);
  v.add(b.cop_percent);
  v.add(b.fall_back_percent);
  v.add(b.fall_back_time_s);
  v.add(b.spread_n);
  v.add(b.drive_onset_s);
  v.add(b.force_rate_peak_n_s);
  v.add(b.development_n_s);
  v.add(b.bai_descent);
  v.add(b.bai_ascent);
  v.add(b.development_peak_n_s);
  v.add(b.fell_back);
  load_pair_.write(out, pair, v.value, state.seq[4]);
  exploratory_pair_.write(out, pair,
                          {rep, r.reason == RejectReason::none ? r.drop_m : kNaN, b.depth_percent, b.descent_s,
                           r.pause_raw_s, b.ascent_s, b.forward_shift_m, b.com_fall_back_m, b.stiffness_n_m,
                           b.smoothness_descent, b.smoothness_ascent, b.in_band_percent},
                          state.seq[5]);
  write_asymmetry(r, dominant, now, out, state.seq[6]);
}

void SquatRows::write_asymmetry(const Repetition& r, Dominant dominant, const RowTime& now, SampleBatch& out,
                                std::uint64_t& seq) const noexcept {
  constexpr asymmetry::Floors floors;
  Values<23> v;
  v.add(r.index);
  v.add(static_cast<double>(dominant));
  const auto compare = [&](double left, double right, double floor, double sigma) {
    v.add(asymmetry::index(index_, right, left, floor));
    v.add(dominant == Dominant::unknown ? kNaN
          : dominant == Dominant::right ? asymmetry::index(index_, right, left, floor)
                                        : asymmetry::index(index_, left, right, floor));
    v.add(asymmetry::index_sigma(index_, right, left, sigma, sigma, floor));
  };
  const FootLoads &l = r.foot[0], &n = r.foot[1];
  for (double PhaseMeans::*phase :
       {&PhaseMeans::standing, &PhaseMeans::descent, &PhaseMeans::bottom, &PhaseMeans::ascent})
    compare(l.fz_n.*phase, n.fz_n.*phase, floors.force_n, kForceSigma_n);
  compare(l.impulse_concentric_n_s, n.impulse_concentric_n_s, floors.impulse_n_s, kForceSigma_n * r.both.ascent_s);
  compare(r.side[0].rate_fit_deg_s, r.side[1].rate_fit_deg_s, floors.rate_deg_s, kRateSigma_deg_s);
  const auto range = [&](std::size_t i) { return r.side[i].valid ? r.side[i].range_deg : kNaN; };
  compare(range(0), range(1), floors.angle_deg, kRangeSigma_deg);
  asymmetry_.write(out, now, v.value, seq);
}

}  // namespace grfd
