// ankle/<side>: dorsiflexion and its rate from a shank and a foot sensor, and what belongs to them.
#include "dsp/dorsiflexion.hpp"
#include "dsp/filters.hpp"
#include "dsp/metric.hpp"
#include "dsp/parameter_text.hpp"
#include "dsp/quaternion.hpp"
#include "dsp/turn_in_repetition.hpp"

namespace grfd {
namespace {

class AnkleMetric final : public Metric {
 public:
  explicit AnkleMetric(const MetricSetup& setup)
      : standing_shank_deg_(setup.settings.participant.standing_shank_deg.value_or(0)),
        filters_{Filter(butterworth(setup.settings.filter.order, setup.settings.filter.cutoff_hz, 1000)),
                 Filter(butterworth(setup.settings.filter.order, setup.settings.filter.cutoff_hz, 1000))} {
    for (const Side side : {Side::left, Side::right}) {
      Ankle a{side, imu_on(setup.settings, Segment::shank, side), imu_on(setup.settings, Segment::foot, side), {}};
      if (a.shank < 0 || a.foot < 0) continue;
      StreamInfo info;
      info.name = std::string("ankle/") + to_string(side);
      info.type = ValueType::f32;
      info.columns = {{"dorsiflexion", "deg"},      {"dorsiflexion_rate", "deg/s", setup.filter_delay_s},
                      {"shank_inclination", "deg"}, {"foot_pitch", "deg"},
                      {"eversion", "deg"},          {"tibial_rotation", "deg"},
                      {"shank_tilt", "deg"},        {"shank_frontal", "deg"}};
      mark_exploratory(info.columns, {"eversion", "tibial_rotation"});
      info.device = source_devices({setup.settings.imus[static_cast<std::size_t>(a.shank)].stream,
                                    setup.settings.imus[static_cast<std::size_t>(a.foot)].stream});
      info.rate_hz = 1000;
      info.frame = kSegmentFrame;
      info.sign =
          "+ = dorsiflexion, shank leaning forward, heel up, eversion, internal rotation of the tibia; shank_tilt "
          "never negative; shank_frontal + = top of the shank leans to the subject's left, on both sides";
      info.formula = "dorsiflexion-inclination-difference, rate-exact-gyro, tilt-from-gravity, turn-scalar-gyro";
      info.parameters =
          "dorsiflexion: inclination of the shank minus that of the foot, dorsiflexion_rate by "
          "rate-exact-gyro; tilt-from-gravity: shank_inclination, foot_pitch, eversion, shank_tilt, "
          "shank_frontal; turn-scalar-gyro: tibial_rotation; zero = standing pose; shank_inclination to the vertical "
          "with standing_shank (" +
          standing_shank_text(setup.settings.participant) + "); rate " + filter_text(setup.settings.filter) +
          "; tibial_rotation: integral of the turns of the two long axes, within a repetition only, from 0 in "
          "quiet standing or at the turn where it begins; shank_tilt: of the "
          "long axis from where it stood, in any direction, shank_frontal: its sideways part, both "
          "without standing_shank";
      info.description =
          std::string("ankle of the ") + to_string(side) + " side from the inertial sensors of shank and foot";
      a.writer = RowWriter(setup.streams.add(info), info);
      ankles_.push_back(a);
    }
  }
  void states(StatePieces& pieces) override {
    add_state(pieces, state_);
    for (Filter& f : filters_) add_state(pieces, f.state());
    for (TurnInRepetition& t : tibial_) add_state(pieces, t.state());
  }

  void update(Frame& frame, SampleBatch& out) noexcept override {
    for (std::size_t i = 0; i < ankles_.size(); ++i) {
      const Ankle& a = ankles_[i];
      const ImuFrame &shank = frame.imus[static_cast<std::size_t>(a.shank)],
                     &foot = frame.imus[static_cast<std::size_t>(a.foot)];
      const double df = (shank.inclination_rad - foot.inclination_rad) / kRadPerDeg;
      std::array<double, 1> rate{(shank.inclination_rate_rad_s - foot.inclination_rate_rad_s) / kRadPerDeg};
      filters_[i].step(rate);
      const double turn_deg = tibial_[i].step(
          tibial_rotation_rate(shank.axial_rate_rad_s, foot.axial_rate_rad_s, a.side) / kRadPerDeg, *frame.squat);
      const double eversion = side_sign(a.side) * foot.frontal_rad / kRadPerDeg,
                   pitch = foot.inclination_rad / kRadPerDeg;
      const double inclination = shank.inclination_rad / kRadPerDeg + standing_shank_deg_;
      const double tilt = total_tilt(up_direction(shank.inclination_rad, shank.frontal_rad)) / kRadPerDeg;
      a.writer.write(out, row_time(frame, static_cast<std::uint16_t>(shank.flags | foot.flags)),
                     {df, rate[0], inclination, pitch, eversion, turn_deg, tilt, shank.frontal_rad / kRadPerDeg},
                     state_.seq[i]);
      const auto k = static_cast<std::size_t>(a.side);
      Derived& d = frame.derived;
      d.dorsiflexion_deg[k] = df;
      d.dorsiflexion_rate_deg_s[k] = rate[0];
      d.shank_deg[k] = inclination;
      d.foot_pitch_deg[k] = pitch;
      d.eversion_deg[k] = eversion;
    }
  }

 private:
  struct Ankle {
    Side side;
    int shank, foot;
    RowWriter writer;
  };
  using Filter = ChannelFilter<1>;
  struct State {
    std::array<std::uint64_t, 2> seq{};
  } state_;
  std::array<TurnInRepetition, 2> tibial_;  ///< as ankles_
  double standing_shank_deg_;
  std::array<Filter, 2> filters_;
  std::vector<Ankle> ankles_;
};

}  // namespace

std::unique_ptr<Metric> make_ankle_metric(const MetricSetup& setup) { return std::make_unique<AnkleMetric>(setup); }

}  // namespace grfd
