// ankle_jcs/<side>: the ankle in its joint coordinate system, with one heading for shank and foot. Only where asked
// for.
#include <cmath>

#include "dsp/dorsiflexion.hpp"
#include "dsp/filters.hpp"
#include "dsp/metric.hpp"
#include "dsp/parameter_text.hpp"
#include "dsp/quaternion.hpp"

namespace grfd {
namespace {

constexpr double kPitchFlat_deg = 2, kSteady_deg_s = 2, kFootOn_n = 20;

/// Segment -> earth, from what gravity shows and the heading of the medio-lateral axis: Rz(heading) Ry(-roll)
/// Rx(-lean).
Mat3 orientation(double heading, double roll, double lean) {
  const double ch = std::cos(heading), sh = std::sin(heading), cr = std::cos(roll), sr = std::sin(roll),
               cl = std::cos(lean), sl = std::sin(lean);
  return {{{ch * cr, ch * sr * sl - sh * cl, -ch * sr * cl - sh * sl},
           {sh * cr, sh * sr * sl + ch * cl, -sh * sr * cl + ch * sl},
           {sr, -cr * sl, cr * cl}}};
}

class JointAngleMetric final : public Metric {
 public:
  explicit JointAngleMetric(const MetricSetup& setup)
      : filters_{Filter(butterworth(setup.settings.filter.order, setup.settings.filter.cutoff_hz, 1000)),
                 Filter(butterworth(setup.settings.filter.order, setup.settings.filter.cutoff_hz, 1000))} {
    if (!setup.settings.ankle.joint_angles) return;
    for (const Side side : {Side::left, Side::right}) {
      const int shank = imu_on(setup.settings, Segment::shank, side),
                foot = imu_on(setup.settings, Segment::foot, side);
      if (shank < 0 || foot < 0) continue;
      StreamInfo info;
      info.name = std::string("ankle_jcs/") + to_string(side);
      info.type = ValueType::f32;
      info.columns = {{"dorsiflexion", "deg"},
                      {"eversion", "deg"},
                      {"tibial_rotation", "deg"},
                      {"heading", "deg"},
                      {"dorsiflexion_rate", "deg/s", setup.filter_delay_s}};
      info.device = source_devices({setup.settings.imus[static_cast<std::size_t>(shank)].stream,
                                    setup.settings.imus[static_cast<std::size_t>(foot)].stream});
      info.rate_hz = 1000;
      info.frame = "joint coordinate system: e1 = shank x, floating, e3 = foot z; segment axes of the standing pose";
      info.sign =
          "+ = dorsiflexion, eversion, internal rotation of the tibia; heading: shank turned to the left of the foot";
      info.formula = "ankle-jcs, heading-standing-rest, rate-exact-jcs";
      info.parameters =
          "heading between the medio-lateral axes: 0 in standing rest (both sensors still for 1.5 s, foot pitch below "
          "2 "
          "deg, outside a repetition), held elsewhere by the gyroscopes; the heading of a foot that is flat, loaded "
          "(20 "
          "N) and steady (2 deg/s) does not change; dorsiflexion_rate: exact derivative, " +
          filter_text(setup.settings.filter);
      info.exploratory = true;
      info.description = std::string("ankle of the ") + to_string(side) + " side in its joint coordinate system";
      ankles_.push_back({side, shank, foot, RowWriter(setup.streams.add(info), info)});
    }
  }
  void states(StatePieces& pieces) override {
    if (ankles_.empty()) return;
    add_state(pieces, state_);
    for (Filter& f : filters_) add_state(pieces, f.state());
  }

  void update(Frame& frame, SampleBatch& out) noexcept override {
    for (const Ankle& a : ankles_) {
      const auto k = static_cast<std::size_t>(a.side);
      Track& s = state_.side[k];
      const ImuFrame &shank = frame.imus[static_cast<std::size_t>(a.shank)],
                     &foot = frame.imus[static_cast<std::size_t>(a.foot)];
      const bool flat = std::fabs(foot.inclination_rad) < kPitchFlat_deg * kRadPerDeg;
      const double roll_rate = (foot.frontal_rad - s.foot_roll_rad) * 1e3;
      const bool planted = flat && frame.derived.fz_n[k] >= kFootOn_n &&
                           std::fabs(foot.inclination_rate_rad_s) < kSteady_deg_s * kRadPerDeg &&
                           std::fabs(roll_rate) < kSteady_deg_s * kRadPerDeg;
      const double rate = shank.heading_rate_rad_s - (planted ? 0 : foot.heading_rate_rad_s);
      if (shank.rest && foot.rest && flat && frame.squat->standing_quiet)
        s.heading_rad = std::isnan(rate) ? kNaN : 0;
      else
        s.heading_rad += 0.5 * (s.rate_rad_s + rate) * 1e-3;  // NaN stays until the next standing rest
      s.rate_rad_s = rate;
      s.foot_roll_rad = foot.frontal_rad;
      const Mat3 shank_axes = orientation(s.heading_rad, shank.frontal_rad, shank.inclination_rad),
                 foot_axes = orientation(0, foot.frontal_rad, foot.inclination_rad);
      const JcsAngles j = jcs_angles(shank_axes, foot_axes, a.side);
      // Only the difference of the headings counts: `rate` is the shank's, and the foot's is 0.
      std::array<double, 1> turning{
          jcs_dorsiflexion_rate(shank_axes, foot_axes, angular_rate_of(shank, rate), angular_rate_of(foot, 0)) /
          kRadPerDeg};
      filters_[k].step(turning);
      a.writer.write(out, row_time(frame, static_cast<std::uint16_t>(shank.flags | foot.flags)),
                     {j.dorsiflexion / kRadPerDeg, j.eversion / kRadPerDeg, j.tibial_internal_rotation / kRadPerDeg,
                      s.heading_rad / kRadPerDeg, turning[0]},
                     s.seq);
    }
  }

 private:
  struct Ankle {
    Side side;
    int shank, foot;
    RowWriter writer;
  };
  struct Track {
    double heading_rad = kNaN, rate_rad_s = kNaN, foot_roll_rad = kNaN;
    std::uint64_t seq = 0;
  };
  struct State {
    std::array<Track, 2> side{};
  } state_;
  static Vec3 angular_rate_of(const ImuFrame& f, double heading_rad_s) {
    return angular_rate(f.inclination_rad, f.frontal_rad, f.inclination_rate_rad_s, f.frontal_rate_rad_s,
                        heading_rad_s);
  }
  using Filter = ChannelFilter<1>;
  std::array<Filter, 2> filters_;
  std::vector<Ankle> ankles_;
};

}  // namespace

std::unique_ptr<Metric> make_joint_angle_metric(const MetricSetup& setup) {
  return std::make_unique<JointAngleMetric>(setup);
}

}  // namespace grfd
