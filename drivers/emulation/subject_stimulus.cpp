#include "drivers/emulation/subject_stimulus.hpp"

#include <cmath>
#include <limits>

#include "drivers/emulation/mounting.hpp"
#include "drivers/emulation/plate_geometry.hpp"
#include "drivers/emulation/truth.hpp"

namespace grfd {
namespace {
constexpr Side kSides[] = {Side::left, Side::right};
}  // namespace

SubjectStimulus::SubjectStimulus(const Settings& settings)
    : subject_(settings.stimulus.subject),
      repetitions_(subject_, settings.participant),
      loads_t_s_(std::numeric_limits<double>::quiet_NaN()) {
  for (const PlateSettings& p : settings.plates)
    plates_.push_back({p.name, static_cast<std::size_t>(p.side), plate_geometry(p)});
  for (const ImuSettings& i : settings.imus) imus_.push_back({i.segment, i.side, mounting_of(settings, i)});
  joints_ = settings.ankle.joint_angles;
  for (const Imu& i : imus_) {
    pelvis_ |= i.segment == Segment::pelvis;
    if (i.segment == Segment::thigh) thigh_[static_cast<std::size_t>(i.side)] = true;
  }
}

const SubjectLoads& SubjectStimulus::loads(double t_s) {
  if (t_s != loads_t_s_) {  // both plates and the truth ask for the same instant
    loads_ = subject_.loads(t_s);
    loads_t_s_ = t_s;
  }
  return loads_;
}

double SubjectTaps::shape(const SubjectSettings& p, double t_s) {
  if (p.tap_count <= 0 || t_s < p.tap_first_s) return 0;
  const double k = std::floor((t_s - p.tap_first_s) / p.tap_period_s), in = t_s - p.tap_first_s - k * p.tap_period_s;
  if (k >= p.tap_count || in >= kPulseS) return 0;
  const double s = std::sin(M_PI * in / kPulseS);
  return s * s;
}

/// On the middle of its plate.
double SubjectStimulus::tap_n(const Plate& plate, double t_s) const {
  const SubjectSettings& p = subject_.settings();
  return plate.side == static_cast<std::size_t>(p.tap_side) ? p.tap_n * SubjectTaps::shape(p, t_s) : 0;
}

Wrench SubjectStimulus::plate(std::size_t index, double t_s) {
  const double loaded = subject_.loaded(t_s);
  const Plate& p = plates_.at(index);
  const double tap = tap_n(p, t_s);
  if (loaded == 0 && tap == 0) return {};
  if (loaded == 0) return to_sensor(p.geometry, {0, 0, tap, 0, 0, 0});
  const Vec3& c = p.geometry.center_m;
  Wrench w = moved(loads(t_s).foot[p.side], {-c[0], -c[1], -c[2]});
  for (double& v : w) v *= loaded;
  w[2] += tap;
  return to_sensor(p.geometry, w);
}

void SubjectStimulus::imu(std::size_t index, double t_s, Vec3& gyro, Vec3& force) {
  const Imu& i = imus_.at(index);
  subject_.imu(t_s, i.segment, i.side, gyro, force);
  if (const double shape = SubjectTaps::shape(subject_.settings(), t_s);
      shape > 0) {  // along the vertical of a sensor at rest
    const double g = std::sqrt(force[0] * force[0] + force[1] * force[1] + force[2] * force[2]);
    const double more = subject_.settings().tap_n * SubjectTaps::kAccelerationPerN * shape;
    for (double& v : force) v *= 1 + more / g;
  }
  gyro = in_sensor(i.mounting, gyro);
  force = in_sensor(i.mounting, force);
}

std::vector<StreamInfo> SubjectStimulus::truth_streams() const {
  std::vector<StreamInfo> out;
  for (const Plate& p : plates_) out.push_back(truth_plate_info(p.name));
  for (const Plate& p : plates_) out.push_back(truth_cop_info(p.name));
  out.push_back(truth_cop_info("total"));
  out.push_back(truth_asymmetry_info(subject_.settings().dominant));
  for (Side s : kSides) out.push_back(truth_ankle_info(s));
  if (joints_)
    for (Side s : kSides) out.push_back(truth_joint_info(s));
  if (pelvis_) out.push_back(truth_pelvis_info());
  for (Side s : kSides)
    if (thigh_[static_cast<std::size_t>(s)]) out.push_back(truth_thigh_info(s));
  for (const StreamInfo& s : repetitions_.streams()) out.push_back(s);
  return out;
}

void SubjectStimulus::truth(TimeNs session_start, TimeNs t, StreamId first, SampleBatch& out) {
  TruthRow row(session_start, t, out);
  const double t_s = row.t_s(), loaded = subject_.loaded(t_s);
  const SubjectLoads& w = loads(t_s);
  StreamId id = first;
  for (const Plate& p : plates_) {
    const Vec3& c = p.geometry.center_m;
    Wrench about_centre = moved(w.foot[p.side], {-c[0], -c[1], -c[2]});
    for (double& v : about_centre) v *= loaded;
    about_centre[2] += tap_n(p, t_s);
    row.plate(id++, about_centre);
  }
  for (const Plate& p : plates_) {
    const Wrench& f = w.foot[p.side];
    const double rise =
        p.geometry.center_m[2] / f[2];  // along the line of the force, which leaves the free moment as it is
    row.cop(id++, w.cop_x[p.side] + rise * f[0], w.cop_y[p.side] + rise * f[1], loaded * f[2],
            loaded * w.free_moment[p.side]);
  }
  Wrench total;
  for (std::size_t k = 0; k < 6; ++k) total[k] = loaded * (w.foot[0][k] + w.foot[1][k]);
  row.cop(id++, w.total_cop_x, w.total_cop_y, total[2], total[5] - w.total_cop_x * total[1] + w.total_cop_y * total[0]);

  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (total[2] >= kTruthMinimumN) {
    const double left = w.foot[0][2] / (w.foot[0][2] + w.foot[1][2]), right = 1 - left, index = 100 * (right - left);
    row.put<float>(id++,
                   {index, subject_.settings().dominant == Side::right ? index : -index, 100 * left, 100 * right});
  } else {
    row.put<float>(id++, {nan, nan, nan, nan}, kInvalid);
  }
  for (Side s : kSides) {
    const AnkleTruth a = subject_.ankle(t_s, s);
    row.put<float>(id++, {a.dorsiflexion, a.dorsiflexion_rate, a.shank_inclination, a.foot_pitch, a.eversion,
                          a.tibial_rotation, a.shank_tilt, a.shank_frontal});
  }
  for (Side s : kSides) {
    if (!joints_) continue;
    const JointTruth j = subject_.joint(t_s, s);
    row.put<float>(id++, {j.dorsiflexion, j.eversion, j.tibial_rotation, j.heading, j.dorsiflexion_rate});
  }
  if (pelvis_) {
    const PelvisTruth a = subject_.pelvis(t_s);
    row.put<float>(id++, {a.tilt, a.obliquity, a.axial});
  }
  for (Side s : kSides) {
    if (!thigh_[static_cast<std::size_t>(s)]) continue;
    const double thigh = subject_.thigh(t_s, s);
    row.put<float>(id++, {thigh, 90 - thigh});
  }

  // Does a repetition end at this instant?
  const SubjectSettings& p = subject_.settings();
  const double passed = t_s - (p.first_descent_s + p.descent_s + p.bottom_s + p.ascent_s);
  const long k = static_cast<long>(std::floor(passed / subject_.cycle_s() + 0.5));
  if (k < 0 || (p.repetitions >= 0 && k >= p.repetitions)) return;
  const Repetition r = subject_.repetition(k);
  if (!row.reaches(r.end)) return;
  const auto rows = repetitions_.rows(k);
  for (std::size_t i = 0; i < rows.size(); ++i) row.repetition(id++, k, repetitions_.streams()[i], rows[i]);
}

}  // namespace grfd
